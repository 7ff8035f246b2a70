#include "base/clock.h"
#include "base/log.h"
#include "modes/proxy/agent_run.h"
#include "modes/proxy/extensions.h"

/* agent_shares: when a proxy asks for its shares of global limits. */

static void
ask(struct agent *g)
{
	struct sync_message m;
	struct arena a;

	arena_init(&a);
	if (g->is_synced && shares_ask(&g->shares, &a, clock_mono_ms(), &m))
		agent_send(g, &m);
	arena_fini(&a);
}

static void
note_numbers(struct agent *g)
{
	size_t leased = shares_leased(&g->shares);

	atomic_store(&g->numbers.leased, (unsigned)leased);
	atomic_store(&g->numbers.equal,
	    (unsigned)(g->shares.limits.len - leased));
}

static void
turn(struct agent *g)
{
	uint64_t next = shares_tick(&g->shares, clock_mono_ms());

	ask(g);
	note_numbers(g);
	if (g->shares.limits.len > 0)
		loop_timer_start(&g->shares_timer, next);
	else
		loop_timer_stop(&g->shares_timer);
}

static void
on_timer(void *arg)
{
	turn(arg);
}

/* --- between lives -------------------------------------------------------- */

static void
load(struct agent *g)
{
	struct str text = { 0 };
	struct err err = ERR_INIT;
	int found = state_read(&g->state, STATE_SHARES, &text, &err);

	if (found < 0 || (found == 1 && shares_load(&g->shares,
	    str_slice(&text), &err) != 0))
		log_warn("sync", "%s: %s; until control says more, global limits "
		    "are ours alone", STATE_SHARES, err.text);
	str_fini(&text);
}

static void
save(struct agent *g)
{
	struct str text = { 0 };
	struct err err = ERR_INIT;

	shares_save(&g->shares, &text);
	if (state_write(&g->state, STATE_SHARES, str_slice(&text), &err) != 0)
		log_warn("sync", "%s", err.text);
	str_fini(&text);
}

void
agent_shares_init(struct agent *g)
{
	shares_init(&g->shares);
	loop_timer_init(&g->shares_timer, g->loop, on_timer, g);
	load(g);
}

void
agent_shares_fini(struct agent *g)
{
	shares_fini(&g->shares);
}

void
agent_shares_open(struct agent *g)
{
	shares_restart(&g->shares);
	turn(g);
}

void
agent_shares_answer(struct agent *g, const struct sync_message *m)
{
	shares_answer(&g->shares, m, clock_mono_ms());
	if (g->shares.is_unsaved)
		save(g);
	turn(g);	/* there may be more to ask about */
}

static void
add_limit(void *arg, struct slice name, struct l7_part *part)
{
	struct agent *g = arg;

	shares_add(&g->shares, name, part, clock_mono_ms());
}

void
agent_use_limits(struct agent *g, const struct snapshot *s)
{
	shares_begin(&g->shares);
	extensions_of_all(s, add_limit, g);
	shares_end(&g->shares);
	turn(g);
}
