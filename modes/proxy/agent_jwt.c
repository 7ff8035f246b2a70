#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "conf/json.h"
#include "modes/proxy/agent_ask.h"
#include "modes/proxy/agent_revoke.h"
#include "modes/proxy/agent_run.h"

struct kept {
	char    *id, *token;
	int64_t  until;		/* it is given out up to then; wall seconds */
};

struct question {
	struct agent      *agent;
	struct agent_call *call;
	struct list        link;	/* while control is asked */
	struct str         body;
	char              *id, *token;	/* the answer */
	struct err         err;
	void             (*done)(void *, const struct agent_jwt *);
	void              *arg;
};

/* --- back to main -------------------------------------------------------- */

static void
on_main(void *arg)
{
	struct question *q = arg;
	const struct agent_jwt answer = {
		.id = slice_str(q->id), .token = slice_str(q->token),
		.err = q->err,
	};

	q->done(q->arg, &answer);
	str_fini(&q->body);
	mem_free(q->id);
	mem_free(q->token);
	mem_free(q);
}

static void
finish(struct question *q)
{
	loop_post(q->agent->options.main, on_main, q);
}

/* --- what is kept -------------------------------------------------------- */

static void
free_kept(void *p)
{
	struct kept *k = p;

	mem_free(k->id);
	mem_free(k->token);
	mem_free(k);
}

/* A full house is emptied: an application has few audiences. */
static void
keep(struct question *q, int64_t until)
{
	struct agent_jwts *j = &q->agent->jwts;
	struct kept *k = mem_zalloc(sizeof(*k)), *old;

	if (j->kept.len >= AGENT_JWT_KEPT_MAX)
		map_fini(&j->kept, free_kept);
	k->id = mem_strdup(q->id);
	k->token = mem_strdup(q->token);
	k->until = until;
	old = map_put(&j->kept, str_slice(&q->body), k);
	if (old != NULL)
		free_kept(old);
}

static bool
answer_from_kept(struct question *q)
{
	const struct kept *k = map_get(&q->agent->jwts.kept,
	    str_slice(&q->body));

	if (k == NULL || clock_wall_s() >= k->until ||
	    strcmp(k->id, q->agent->identity->id) != 0)
		return false;
	q->id = mem_strdup(k->id);
	q->token = mem_strdup(k->token);
	finish(q);
	return true;
}

/* --- from control -------------------------------------------------------- */

static int
read_answer(struct question *q, struct slice body, struct err *err)
{
	struct arena a;
	int result = 0;

	arena_init(&a);
	const struct conf_node *root = conf_json_read(&a, body, "reply", err);
	const char *id = conf_get_string(root, "identity");
	const char *token = conf_get_string(root, "token");
	int64_t life_s = conf_get_int(root, "lifetimeSeconds", 0);

	if (root == NULL)
		result = -1;
	else if (id == NULL || token == NULL || life_s <= 0)
		result = err_set(err, ERR_DATA, "control's answer is no token");
	if (result == 0) {
		q->id = mem_strdup(id);
		q->token = mem_strdup(token);
		keep(q, clock_wall_s() + life_s / 2);
	}
	arena_fini(&a);
	return result;
}

static void
on_reply(void *arg, const struct agent_reply *reply)
{
	struct question *q = arg;

	list_remove(&q->link);
	q->agent->jwts.waiting--;
	q->err = reply->err;
	if (reply->status == 200)
		read_answer(q, reply->body, &q->err);
	finish(q);
}

static void
on_fetch(void *arg)
{
	struct question *q = arg;
	struct agent *g = q->agent;
	const struct agent_call_request r = agent_ask(g, "/v1/svid/jwt",
	    str_slice(&q->body));

	if (g->has_stopped || !agent_has_identity(g) ||
	    agent_is_revoked(g, g->identity)) {
		err_set(&q->err, ERR_DENIED, "this workload has no identity now");
		finish(q);
		return;
	}
	if (answer_from_kept(q))
		return;
	if (g->jwts.waiting >= AGENT_JWT_WAITING_MAX) {
		err_set(&q->err, ERR_UNAVAILABLE, "control is asked for too "
		    "many tokens at once");
		finish(q);
		return;
	}
	g->jwts.waiting++;
	list_append(&g->jwts.asked, &q->link);
	q->call = agent_call_start(&r, on_reply, q);
}

void
agent_jwt_fetch(struct agent *g, const struct slice *audiences, size_t n,
    void (*done)(void *, const struct agent_jwt *), void *arg)
{
	struct question *q = mem_zalloc(sizeof(*q));

	q->agent = g;
	q->done = done;
	q->arg = arg;
	str_add(&q->body, "{\"audience\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			str_add_char(&q->body, ',');
		str_add_json(&q->body, audiences[i]);
	}
	str_add(&q->body, "]}");
	loop_post(g->loop, on_fetch, q);
}

/* --- life ---------------------------------------------------------------- */

void
agent_jwt_init(struct agent *g)
{
	list_init(&g->jwts.asked);
}

void
agent_jwt_stop(struct agent *g)
{
	LIST_FOREACH_SAFE(at, &g->jwts.asked) {
		struct question *q = list_entry(at, struct question, link);

		list_remove(&q->link);
		agent_call_cancel(q->call);
		err_set(&q->err, ERR_UNAVAILABLE, "this proxy ends");
		finish(q);
	}
}

void
agent_jwt_forget(struct agent *g)
{
	map_fini(&g->jwts.kept, free_kept);
}

void
agent_jwt_fini(struct agent *g)
{
	agent_jwt_forget(g);
}
