#include "base/clock.h"
#include "base/mem.h"
#include "modes/control/revocations.h"
#include "modes/control/session.h"

struct recall {
	struct list           link;	/* in sessions.recalls */
	uint64_t              generation, deadline_ms;
	sessions_recall_done *done;
	void                 *ctx;
};

static void
say(struct session *s, struct slice list)
{
	session_say(s, &(struct sync_message){ .type = SYNC_REVOKE,
	    .generation = s->all->recall, .list = list });
}

static void
write_list(const struct sessions *ss, struct str *out)
{
	struct revoked *list = revocations_list(ss->server->revocations,
	    clock_wall_s());

	str_add(out, "");	/* an empty list is one, too */
	revoked_text(out, list);
	revoked_unref(list);
}

void
session_say_revoked(struct session *s)
{
	struct str list = { 0 };

	write_list(s->all, &list);
	say(s, str_slice(&list));
	str_fini(&list);
}

/* Not whom the recall ends: it is over with the connection. */
static bool
is_waited_for(const struct session *s, uint64_t generation)
{
	return !s->is_ended && s->recalled < generation;
}

static void
finish(struct sessions *ss, struct recall *r)
{
	const char **waiting = mem_zalloc_array(ss->len + 1, sizeof(*waiting));
	struct sessions_recalled result = { .waiting = waiting };

	LIST_FOREACH(at, &ss->sessions) {
		const struct session *s = list_entry(at, struct session, link);

		if (is_waited_for(s, r->generation))
			waiting[result.waiting_len++] = s->name;
		else if (!s->is_ended)
			result.obeyed++;
	}
	list_remove(&r->link);
	r->done(r->ctx, &result);
	mem_free(waiting);
	mem_free(r);
}

static bool
is_over(const struct sessions *ss, const struct recall *r)
{
	if (loop_now_ms(ss->server->loop) >= r->deadline_ms)
		return true;
	LIST_FOREACH(at, &ss->sessions)
		if (is_waited_for(list_entry(at, struct session, link),
		    r->generation))
			return false;
	return true;
}

void
session_recalls_check(struct sessions *ss)
{
	LIST_FOREACH_SAFE(at, &ss->recalls) {
		struct recall *r = list_entry(at, struct recall, link);

		if (is_over(ss, r))
			finish(ss, r);
	}
}

void
session_recalls_fini(struct sessions *ss)
{
	LIST_FOREACH_SAFE(at, &ss->recalls)
		finish(ss, list_entry(at, struct recall, link));
}

void
sessions_shut_out(struct sessions *ss, struct slice name)
{
	struct session *s = map_get(&ss->by_name, name);

	if (s != NULL && !bundle_has_key(ss->server->ca->bundle, s->peer.root))
		session_end(s, "the root of its certificate was revoked");
}

void
sessions_recall(struct sessions *ss, struct slice id, uint64_t wait_ms,
    sessions_recall_done *done, void *ctx)
{
	struct recall *r = mem_zalloc(sizeof(*r));
	struct str list = { 0 };

	*r = (struct recall){ .generation = ++ss->recall,
	    .deadline_ms = loop_now_ms(ss->server->loop) + wait_ms,
	    .done = done, .ctx = ctx };
	list_append(&ss->recalls, &r->link);
	write_list(ss, &list);
	LIST_FOREACH_SAFE(at, &ss->sessions) {
		struct session *s = list_entry(at, struct session, link);

		say(s, str_slice(&list));
		if (slice_eq(s->peer.id, id))
			session_end(s, "its identity was revoked");
	}
	str_fini(&list);
	session_recalls_check(ss);
}
