#include <string.h>

#include "base/log.h"
#include "model/workload.h"
#include "modes/control/session.h"

/*
 * session_place: a workload that comes back under another name, as it does when
 * what it kept is lost and a new token let it in, would be there twice.
 */

#define PREFIX	"/mesh/workloads/"

static bool
has_session(const struct sessions *ss, struct slice key)
{
	return sessions_has(ss, slice_from(key, strlen(PREFIX)));
}

static void
replace(const struct session *s, struct slice old, const char *by)
{
	const struct audit_entry who = { .actor = s->peer.id,
	    .from = s->peer.from };
	const struct model_workload *w = model_workload(s->delivery.said);

	log_info("sessions", "%.*s: %s took its place at %s, port %u: it is "
	    "withdrawn", SLICE_ARG(slice_from(old, strlen(PREFIX))), by,
	    w->spec.address, w->spec.inbound_port);
	registry_workload_replace(s->all->server->workloads, old, slice_str(by),
	    &who);
}

static void
replace_silent(void *ctx, struct slice key)
{
	const struct session *s = ctx;

	if (!has_session(s->all, key))
		replace(s, key, s->name);
}

void
session_take_place(struct session *s)
{
	const struct server *server = s->all->server;

	/* One that is there already is no newcomer: it was only away. */
	if (registry_find(server->registry, s->key) == NULL)
		registry_workload_others(server->workloads, s->delivery.said,
		    replace_silent, s);
}

struct leaving {
	const struct session *s;
	const char           *by;	/* key of one that stays, or NULL */
};

static void
note_present(void *ctx, struct slice key)
{
	struct leaving *l = ctx;

	if (has_session(l->s->all, key))
		l->by = key.ptr;
}

void
session_leave_place(struct session *s)
{
	const struct server *server = s->all->server;
	struct leaving l = { .s = s };

	if (s->is_withdrawn || server->is_ending || s->delivery.said == NULL ||
	    sessions_has(s->all, slice_str(s->name)) ||
	    registry_find(server->registry, s->key) == NULL)
		return;
	registry_workload_others(server->workloads, s->delivery.said,
	    note_present, &l);
	if (l.by != NULL)
		replace(s, s->key, l.by + strlen(PREFIX));
}
