#include "base/log.h"
#include "base/mem.h"
#include "model/workload.h"
#include "modes/control/session.h"

/* session_contest: two proxies that run as one workload. */
#define TELL_MS	60000

struct contest {
	unsigned times;		/* without a pause of SESSION_CONTEST_MS */
	uint64_t last_ms;
	uint64_t told_ms;	/* 0: nobody was told */
	char    *from;		/* the one that lost it last */
	char    *inbound;	/* its ADDRESS:PORT, which it keeps */
};

static void
contest_free(void *arg)
{
	struct contest *c = arg;

	mem_free(c->from);
	mem_free(c->inbound);
	mem_free(c);
}

static uint64_t
now_of(const struct sessions *ss)
{
	return loop_now_ms(ss->server->loop);
}

static bool
is_on(const struct contest *c, uint64_t now_ms)
{
	return c != NULL && c->times > 1 &&
	    now_ms - c->last_ms < SESSION_CONTEST_MS;
}

void
session_displace(struct session *s, struct session *old)
{
	if (old->delivery.said != NULL)
		s->rival = model_object_ref(old->delivery.said);
	s->rival_from = arena_dup(&s->arena, old->peer.from).ptr;
	session_say(old, &(struct sync_message){ .type = SYNC_DISPLACED,
	    .from = s->peer.from });
	session_end(old, "the same workload began a new session");
}

/* Sessions come from another port each time; this one listens. */
static char *
inbound_of(const struct model_object *said)
{
	const struct model_workload *w = model_workload(said);

	return mem_printf("%s:%u", w->spec.address, w->spec.inbound_port);
}

/* One that lost its way and came back says the same; two do not. */
static void
note(struct session *s)
{
	struct map *contests = &s->all->contests;
	struct slice name = slice_str(s->name);
	struct contest *c = map_get(contests, name);
	uint64_t now = now_of(s->all);

	if (c == NULL) {
		c = mem_zalloc(sizeof(*c));
		map_put(contests, name, c);
	}
	c->times++;
	c->last_ms = now;
	mem_free(c->from);
	c->from = mem_strdup(s->rival_from);
	mem_free(c->inbound);
	c->inbound = inbound_of(s->rival);
	if (c->times < 2 || (c->told_ms != 0 && now - c->told_ms < TELL_MS))
		return;
	c->told_ms = now;
	log_warn("sessions", "%s: two proxies run as this workload, from %s and "
	    "from %.*s, and take the session from each other; its document "
	    "stays as it is", s->name, s->rival_from, SLICE_ARG(s->peer.from));
}

bool
session_may_register(struct session *s, const struct model_object *said)
{
	if (s->rival != NULL && !model_same_spec(s->rival->node, said->node))
		note(s);
	if (!is_on(map_get(&s->all->contests, slice_str(s->name)),
	    now_of(s->all)))
		return true;
	s->is_waiting = true;
	return false;
}

const char *
session_contested(const struct session *s)
{
	const struct contest *c = map_get(&s->all->contests,
	    slice_str(s->name));

	return is_on(c, now_of(s->all)) ? c->from : NULL;
}

void
session_contest_write(const struct session *s, struct conf_node *row)
{
	const struct contest *c = map_get(&s->all->contests,
	    slice_str(s->name));
	char *own;

	if (!is_on(c, now_of(s->all)))
		return;
	conf_set_slice(row, "otherAddress", slice_str(c->from));
	conf_set_slice(row, "otherInbound", slice_str(c->inbound));
	if (s->delivery.said == NULL)
		return;
	own = inbound_of(s->delivery.said);
	conf_set_slice(row, "inbound", slice_str(own));
	mem_free(own);
}

/* The last one that came is the one that stayed. */
static void
register_now(struct session *s)
{
	const struct audit_entry who = { .actor = s->peer.id,
		.from = s->peer.from };
	struct err err = ERR_INIT;

	s->is_waiting = false;
	log_info("sessions", "%s: one proxy runs as it again", s->name);
	if (registry_workload_join(s->all->server->workloads,
	    s->delivery.said->node, &who, &err) < 0)
		log_error("sessions", "%s: %s", s->name, err.text);
}

void
session_contests_tick(struct sessions *ss)
{
	uint64_t now = now_of(ss);
	struct slice name;
	size_t it = 0;
	void *value;

	while (map_next(&ss->contests, &it, &name, &value)) {
		const struct contest *c = value;
		struct session *s = map_get(&ss->by_name, name);

		if (now - c->last_ms < SESSION_CONTEST_MS)
			continue;
		contest_free(map_del(&ss->contests, name));
		if (s != NULL && s->is_waiting && !s->is_withdrawn)
			register_now(s);
	}
}

void
session_contest_fini(struct session *s)
{
	model_object_unref(s->rival);
}

void
session_contests_fini(struct sessions *ss)
{
	map_fini(&ss->contests, contest_free);
}
