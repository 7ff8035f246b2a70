#include "base/log.h"
#include "base/mem.h"
#include "modes/control/session.h"

struct withdrawal {
	struct list      link;		/* in sessions.leaving */
	struct sessions *all;
	uint64_t         session;	/* whose workload leaves */
	uint64_t         revision;	/* that has it no more */
	uint64_t         deadline_ms;
	uint64_t        *waits;		/* sessions that knew the workload */
	size_t           waits_len;
	bool             is_over;	/* free with the registry's answer */
	bool             is_deleting;
};

static struct session *
find(struct sessions *ss, uint64_t number)
{
	LIST_FOREACH(at, &ss->sessions) {
		struct session *s = list_entry(at, struct session, link);

		if (s->number == number)
			return s;
	}
	return NULL;
}

static void
withdrawal_free(struct withdrawal *w)
{
	list_remove(&w->link);
	if (w->is_deleting) {
		w->is_over = true;	/* on_deleted frees it */
		return;
	}
	mem_free(w->waits);
	mem_free(w);
}

static bool
all_know(const struct withdrawal *w)
{
	for (size_t i = 0; i < w->waits_len; i++) {
		const struct session *s = find(w->all, w->waits[i]);

		if (s != NULL && !s->is_ended && s->acked < w->revision)
			return false;
	}
	return true;
}

static void
check_one(struct withdrawal *w)
{
	bool is_late = loop_now_ms(w->all->server->loop) >= w->deadline_ms;
	struct session *s = find(w->all, w->session);

	if (s != NULL && !is_late && (w->is_deleting || !all_know(w)))
		return;
	if (s != NULL)
		session_say(s, &(struct sync_message){
			.type = SYNC_WITHDRAWN,
			.revision = w->revision != 0 ? w->revision :
			    registry_revision(w->all->server->registry),
		});
	withdrawal_free(w);
}

void
session_withdrawals_check(struct sessions *ss)
{
	LIST_FOREACH_SAFE(at, &ss->leaving)
		check_one(list_entry(at, struct withdrawal, link));
}

void
session_withdrawals_fini(struct sessions *ss)
{
	LIST_FOREACH_SAFE(at, &ss->leaving)
		withdrawal_free(list_entry(at, struct withdrawal, link));
}

static void
on_deleted(void *ctx, const struct registry_answer *a)
{
	struct withdrawal *w = ctx;

	w->is_deleting = false;
	if (w->is_over) {
		withdrawal_free(w);
		return;
	}
	/* What never was registered nobody has to hear about. */
	if (a->err.kind == ERR_NOT_FOUND || a->err.kind == ERR_NONE)
		w->revision = a->revision;
	else
		log_warn("sessions", "withdrawing: %s", a->err.text);
	if (w->revision == 0)
		w->revision = registry_revision(w->all->server->registry);
	if (a->err.kind != ERR_NONE)
		w->waits_len = 0;
	check_one(w);
}

void
session_withdraw(struct session *s)
{
	struct sessions *ss = s->all;
	struct withdrawal *w = mem_zalloc(sizeof(*w));
	struct audit_entry who = { .actor = s->peer.id, .from = s->peer.from };

	log_info("sessions", "%s: withdraws", s->name);
	s->is_withdrawn = true;
	w->all = ss;
	w->session = s->number;
	w->deadline_ms = loop_now_ms(ss->server->loop) + SESSION_WITHDRAW_MS;
	w->waits = mem_zalloc_array(ss->len, sizeof(*w->waits));
	LIST_FOREACH(at, &ss->sessions) {
		struct session *other = list_entry(at, struct session, link);

		if (other != s && map_has(&other->delivery.has, s->key))
			w->waits[w->waits_len++] = other->number;
	}
	list_append(&ss->leaving, &w->link);
	w->is_deleting = true;
	registry_workload_withdraw(ss->server->workloads, s->key, &who,
	    on_deleted, w);
}
