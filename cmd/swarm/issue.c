#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "cmd/swarm/issue.h"
#include "modes/proxy/agent_join.h"

struct asker {
	struct issue        *all;
	struct tls_identity *identity;	/* NULL: it joins */
	struct key           key;
	struct str           body;
	struct agent_call   *call;
	struct loop_timer    again;
	unsigned             failures;
};

void
issue_init(struct issue *all, const struct agent_dial_request *request)
{
	*all = (struct issue){ .request = *request };
	all->request.identity = NULL;
}

static void
add(struct issue *all, const struct token *token, struct tls_identity *identity)
{
	const struct agent_join_request nothing = { .loop = all->request.loop };

	if (all->len == all->cap) {
		all->cap = all->cap == 0 ? 64 : 2 * all->cap;
		all->askers = mem_realloc(all->askers,
		    all->cap * sizeof(*all->askers));
	}
	struct asker *a = &all->askers[all->len++];

	*a = (struct asker){ .identity = identity };
	key_generate(&a->key);
	agent_join_body(&a->body, token, &a->key, &nothing);
}

void
issue_join(struct issue *all, const struct token *token)
{
	add(all, token, NULL);
}

void
issue_renew(struct issue *all, struct tls_identity *identity)
{
	add(all, NULL, tls_identity_ref(identity));
}

/* --- one of them ----------------------------------------------------------------- */

static void ask(struct asker *);

static void
end(struct asker *a)
{
	struct issue *all = a->all;

	if (a->identity != NULL &&
	    tls_identity_not_after(a->identity) < clock_wall_s())
		all->late++;
	if (all->started < all->len)
		ask(&all->askers[all->started++]);
	if (++all->ended < all->len)
		return;
	all->ended_ns = clock_mono_ns();
	all->over(all->arg);
}

static void
on_again(void *arg)
{
	ask(arg);
}

static bool
is_issued(struct asker *a, const struct agent_reply *reply, struct err *err)
{
	struct agent_identity *got;
	struct str bundle = { 0 };

	*err = reply->err;
	got = reply->status != 200 ? NULL : agent_join_read_answer(reply->body,
	    &a->key, &bundle, err);
	agent_identity_free(got);
	str_fini(&bundle);
	return got != NULL;
}

static void
on_answer(void *arg, const struct agent_reply *reply)
{
	struct asker *a = arg;
	struct err err;

	a->call = NULL;
	if (is_issued(a, reply, &err)) {
		end(a);
	} else if (reply->is_final) {
		printf("refused %s\n", err.text);
		a->all->failed++;
		end(a);
	} else {
		loop_timer_start(&a->again, agent_backoff_ms(++a->failures,
		    random_unit()));
	}
}

static void
ask_for_certificate(struct asker *a)
{
	struct agent_call_request r = {
		.dial = a->all->request, .method = "POST",
		.target = a->identity == NULL ? "/v1/join" : "/v1/renew",
		.body = str_slice(&a->body),
	};

	r.dial.identity = a->identity == NULL ? a->all->trust : a->identity;
	a->all->calls++;
	a->call = agent_call_start(&r, on_answer, a);
}

static void
on_bundle(void *arg, const struct agent_reply *reply)
{
	struct asker *a = arg;

	a->call = NULL;
	if (reply->status == 200)
		ask_for_certificate(a);
	else
		loop_timer_start(&a->again, agent_backoff_ms(++a->failures,
		    random_unit()));
}

static void
ask(struct asker *a)
{
	struct agent_call_request r = {
		.dial = a->all->request, .method = "GET",
		.target = "/v1/trust-bundle?format=pem",
	};

	if (a->identity != NULL) {
		ask_for_certificate(a);
		return;
	}
	r.dial.expected_id = NULL;
	a->call = agent_call_start(&r, on_bundle, a);
}

/* --- all of them ----------------------------------------------------------------- */

void
issue_start(struct issue *all, size_t at_once, void (*over)(void *), void *arg)
{
	all->over = over;
	all->arg = arg;
	for (size_t i = 0; i < all->len; i++) {
		struct asker *a = &all->askers[i];

		a->all = all;
		loop_timer_init(&a->again, all->request.loop, on_again, a);
	}
	all->began_ns = clock_mono_ns();
	while (all->started < all->len && all->started < at_once)
		ask(&all->askers[all->started++]);
}

void
issue_fini(struct issue *all)
{
	for (size_t i = 0; i < all->len; i++) {
		struct asker *a = &all->askers[i];

		if (a->all != NULL)
			loop_timer_stop(&a->again);
		agent_call_cancel(a->call);
		tls_identity_unref(a->identity);
		key_fini(&a->key);
		key_wipe_str(&a->body);
	}
	mem_free(all->askers);
}
