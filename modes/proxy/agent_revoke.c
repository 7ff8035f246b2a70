#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "modes/proxy/agent_host.h"
#include "modes/proxy/agent_revoke.h"

bool
agent_is_revoked(const struct agent *g, const struct agent_identity *i)
{
	return revoked_has(g->revoked, slice_str(i->id), i->not_before);
}

int
agent_revoked_load(struct agent *g, struct err *err)
{
	struct str text = { 0 };
	struct err why = ERR_INIT;
	int result = state_read(&g->state, STATE_REVOKED, &text, err);

	if (result == 1) {
		g->revoked = revoked_read(str_slice(&text), &why);
		if (g->revoked == NULL)
			log_error("identity", "%s/%s: %s; control tells it anew",
			    g->state.path, STATE_REVOKED, why.text);
	}
	str_fini(&text);
	return result < 0 ? -1 : 0;
}

static void
save(struct agent *g)
{
	struct str text = { 0 };
	struct err err = ERR_INIT;

	revoked_text(&text, g->revoked);
	if (state_write(&g->state, STATE_REVOKED, str_slice(&text), &err) != 0)
		log_error("identity", "%s; a restart without control would not "
		    "know who is revoked", err.text);
	str_fini(&text);
}

/* --- obeying ------------------------------------------------------------------ */

struct obeyed {
	struct list   link;		/* in agent.obeying */
	struct agent *agent;
	uint64_t      generation;
	uint64_t      session_ms;	/* in which control told it */
};

static void
on_obeyed(void *arg)
{
	struct obeyed *o = arg;
	struct agent *g = o->agent;
	const struct sync_message m = { .type = SYNC_REVOKED,
		.generation = o->generation };

	if (g->is_open && g->opened_ms == o->session_ms)
		agent_send(g, &m);
	list_remove(&o->link);
	mem_free(o);
}

/* On a worker; all of them are through. */
static void
on_settled(void *arg)
{
	struct obeyed *o = arg;

	loop_post(o->agent->loop, on_obeyed, o);
}

static void
obey(struct agent *g, uint64_t generation)
{
	struct obeyed *o = mem_alloc(sizeof(*o));

	*o = (struct obeyed){ .agent = g, .generation = generation,
	    .session_ms = g->opened_ms };
	list_append(&g->obeying, &o->link);
	g->options.refuse(g->options.arg, revoked_ref(g->revoked), on_settled,
	    o);
}

void
agent_revoked_fini(struct agent *g)
{
	struct list *at;

	/* The workers ended before they were through. */
	while ((at = list_pop(&g->obeying)) != NULL)
		mem_free(list_entry(at, struct obeyed, link));
	revoked_unref(g->revoked);
}

void
agent_revoked_start(struct agent *g)
{
	if (g->revoked != NULL)
		g->options.refuse(g->options.arg, revoked_ref(g->revoked),
		    NULL, NULL);
}

/* --- from control ---------------------------------------------------------------- */

/* What control says and, as far as there is room, what we knew. */
static struct revoked *
merge(const struct agent *g, const struct revoked *said)
{
	struct revoked *all = revoked_new();
	struct err why = ERR_INIT;

	if (revoked_add_all(all, said, 0, &why) < 0 ||
	    revoked_add_all(all, g->revoked, clock_wall_s(), &why) < 0)
		log_error("identity", "%s; some that control forgot are let in "
		    "again", why.text);
	return all;
}

static void
take(struct agent *g, struct revoked *all)
{
	struct err err = ERR_INIT;

	revoked_unref(g->revoked);
	g->revoked = all;
	save(g);
	if (agent_is_revoked(g, g->identity))
		log_error("identity", "our identity %s was revoked: nobody "
		    "talks to us any more; %s", g->identity->id,
		    agent_host_way_back(g->options.settings));
	/* Sessions are not resumed with who is on the new list. */
	if (agent_identity_use(g, &err) != 0)
		log_error("identity", "%s", err.text);
}

int
agent_take_revoked(struct agent *g, uint64_t generation, struct slice text,
    struct err *err)
{
	struct revoked *said = revoked_read(text, err), *all;

	if (said == NULL)
		return -1;
	all = merge(g, said);
	revoked_unref(said);
	if (g->revoked != NULL ? revoked_equal(all, g->revoked) : all->len == 0) {
		revoked_unref(g->revoked);
		g->revoked = all;
	} else {
		log_info("identity", "%zu revoked identit%s refused", all->len,
		    all->len == 1 ? "y is" : "ies are");
		take(g, all);
	}
	obey(g, generation);
	return 0;
}
