#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "modes/control/quota.h"

/*
 * The bound that mesh-control(8) states, held against a simulated mesh: time
 * is a number, messages take up to LATENCY_MS, proxies come, go, die and lose
 * control, control dies and comes back, and what they are asked for changes.
 *
 * In every span of time, all proxies together let pass at most the limit's
 * rate, its burst, and one more for each proxy; and besides
 *
 *	the limit's rate for SYNC_QUOTA_LIFE_MS for each end of control in it, or
 *	that long before it,
 *	the burst for each proxy that starts in it.
 */
#define PROXIES		12
#define STEP_MS		10
#define LATENCY_MS	80
#define RATE		200.0	/* in a second */
#define BURST		100.0

struct line {			/* one way; the last message that is on it */
	struct quota_ask   ask;
	struct quota_share answer;
	uint64_t           at_ms;	/* arrives then; 0: none is on it */
};

struct proxy {
	char               name[16];
	bool               is_up, is_cut, has_heard;
	double             wanted;	/* requests a second */
	double             tokens, parts;
	struct quota_share has;
	uint64_t           id, seen, asked_ms, answered, until_ms;
	uint64_t           sent_ms[8];	/* by id */
	struct line        up, down;
};

struct mesh {
	struct quota quota;
	struct proxy v[PROXIES];
	bool         is_control_up;
	uint64_t     now_ms, seed, names;
	double       excess, worst, passed;
	double       credit;		/* for an end of control */
	uint64_t     credit_ms;		/* until then */
};

static uint64_t
draw(struct mesh *m, uint64_t n)
{
	m->seed ^= m->seed << 13;
	m->seed ^= m->seed >> 7;
	m->seed ^= m->seed << 17;
	return m->seed % n;
}

/* --- a proxy ------------------------------------------------------------------ */

static void
obey(struct proxy *p, double parts)
{
	double burst = BURST * parts > 1 ? BURST * parts : 1;

	p->parts = parts;
	if (p->tokens > burst)
		p->tokens = burst;
}

static void
start(struct mesh *m, struct proxy *p)
{
	*p = (struct proxy){ .is_up = true, .tokens = BURST, .parts = 1 };
	snprintf(p->name, sizeof(p->name), "p%llu",
	    (unsigned long long)++m->names);
	p->wanted = (double)draw(m, 3) * (double)draw(m, 400);
	m->excess -= BURST;
	if (m->excess < 0)
		m->excess = 0;
}

static void
send_ask(struct mesh *m, struct proxy *p)
{
	bool is_due = m->now_ms >= p->asked_ms + SYNC_QUOTA_ASK_MS;

	if (!is_due || (p->answered < p->id &&
	    m->now_ms < p->asked_ms + 2 * SYNC_QUOTA_ASK_MS))
		return;
	p->asked_ms = m->now_ms;
	p->sent_ms[++p->id % 8] = m->now_ms;
	if (p->is_cut || !m->is_control_up)
		return;
	p->up.ask = (struct quota_ask){
		.who = slice_str(p->name), .id = p->id, .seen = p->seen,
		.wanted = (uint64_t)(p->wanted / RATE * SYNC_QUOTA_WHOLE),
		.holds = (uint64_t)(p->parts * SYNC_QUOTA_WHOLE),
		.proxies = p->has.proxies,
	};
	p->up.at_ms = m->now_ms + 1 + draw(m, LATENCY_MS);
}

static void
deliver(struct mesh *m, struct proxy *p)
{
	if (p->up.at_ms != 0 && m->now_ms >= p->up.at_ms) {
		p->up.at_ms = 0;
		if (p->is_cut || !m->is_control_up)
			return;
		p->down = p->up;
		p->down.answer = quota_ask(&m->quota, &p->up.ask, m->now_ms);
		p->down.at_ms = m->now_ms + 1 + draw(m, LATENCY_MS);
	}
	if (p->down.at_ms != 0 && m->now_ms >= p->down.at_ms) {
		p->down.at_ms = 0;
		p->has = p->down.answer;
		p->has_heard = true;
		p->seen = p->answered = p->down.ask.id;
		p->until_ms = p->sent_ms[p->seen % 8] + SYNC_QUOTA_LIFE_MS;
		obey(p, (double)p->has.share / SYNC_QUOTA_WHOLE);
	}
}

/* Nobody calls one that was never in step with control. */
static double
serve(struct mesh *m, struct proxy *p)
{
	double burst, asked = p->wanted * STEP_MS / 1000, passed;

	if (p->seen > 0 && m->now_ms >= p->until_ms) {
		p->seen = 0;
		obey(p, 1.0 / (double)p->has.proxies);
	}
	burst = BURST * p->parts > 1 ? BURST * p->parts : 1;
	p->tokens += RATE * p->parts * STEP_MS / 1000;
	if (p->tokens > burst)
		p->tokens = burst;
	passed = !p->has_heard ? 0 : asked < p->tokens ? asked : p->tokens;
	p->tokens -= passed;
	return passed;
}

/* --- all of it ---------------------------------------------------------------- */

static void
add_excess(struct mesh *m, double more)
{
	double paid = m->now_ms >= m->credit_ms || more <= 0 ? 0 :
	    more < m->credit ? more : m->credit;

	m->credit -= paid;
	m->excess += more - paid;
	if (m->excess < 0)
		m->excess = 0;
}

static void
end_control(struct mesh *m)
{
	m->is_control_up = false;
	m->credit = RATE * SYNC_QUOTA_LIFE_MS / 1000;
	m->credit_ms = m->now_ms + SYNC_QUOTA_LIFE_MS;
}

static void
step(struct mesh *m)
{
	double passed = 0;

	m->now_ms += STEP_MS;
	for (size_t i = 0; i < PROXIES; i++) {
		struct proxy *p = &m->v[i];

		if (!p->is_up)
			continue;
		send_ask(m, p);
		deliver(m, p);
		passed += serve(m, p);
	}
	m->passed += passed;
	/* The most of any span that ends now. */
	add_excess(m, passed - RATE * STEP_MS / 1000);
	if (m->excess > m->worst)
		m->worst = m->excess;
}

static void
check_bound(const struct mesh *m, const char *what)
{
	if (m->worst > BURST + PROXIES)
		fail_msg("%s, seed %llu: %.1f above the rate at %llu ms", what,
		    (unsigned long long)m->seed, m->worst,
		    (unsigned long long)m->now_ms);
}

static void
begin(struct mesh *m, uint64_t seed, size_t proxies)
{
	*m = (struct mesh){ .is_control_up = true, .now_ms = 1000,
		.seed = seed * UINT64_C(0x9e3779b97f4a7c15) + 1 };
	quota_init(&m->quota, m->now_ms);
	for (size_t i = 0; i < proxies; i++)
		start(m, &m->v[i]);
}

static void
change_demand(struct mesh *m)
{
	struct proxy *p = &m->v[draw(m, PROXIES)];

	if (draw(m, 100) < 3)
		p->wanted = (double)draw(m, 3) * (double)draw(m, 400);
}

TEST(quota_bound_holds_whatever_is_wanted)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct mesh m;

		begin(&m, seed, 2 + seed % 10);
		for (int i = 0; i < 6000; i++) {
			change_demand(&m);
			step(&m);
		}
		check_bound(&m, "demand");
		quota_fini(&m.quota);
	}
}

TEST(quota_bound_holds_as_proxies_come_and_go)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct mesh m;

		begin(&m, seed, 3);
		for (int i = 0; i < 20000; i++) {
			struct proxy *p = &m.v[draw(&m, PROXIES)];
			uint64_t event = draw(&m, 1000);

			change_demand(&m);
			if (event < 3 && !p->is_up) {
				start(&m, p);
			} else if (event == 3 && p->is_up) {
				quota_leave(&m.quota, slice_str(p->name));
				p->is_up = false;
			} else if (event == 4) {
				p->is_up = false;	/* dies */
			}
			step(&m);
		}
		check_bound(&m, "coming and going");
		quota_fini(&m.quota);
	}
}

/* Shorter than QUOTA_ABSENT_MS. */
TEST(quota_bound_holds_when_proxies_lose_control)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct mesh m;
		uint64_t cut_ms[PROXIES] = { 0 };

		begin(&m, seed, PROXIES);
		for (int i = 0; i < 20000; i++) {
			size_t n = draw(&m, PROXIES);

			change_demand(&m);
			if (m.v[n].is_cut ? m.now_ms - cut_ms[n] > 60000 ||
			    draw(&m, 300) == 0 : draw(&m, 300) == 0) {
				m.v[n].is_cut = !m.v[n].is_cut;
				cut_ms[n] = m.now_ms;
			}
			step(&m);
		}
		check_bound(&m, "cut off");
		quota_fini(&m.quota);
	}
}

TEST(quota_bound_holds_when_control_ends_and_returns)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct mesh m;

		begin(&m, seed, PROXIES);
		for (int i = 0; i < 20000; i++) {
			change_demand(&m);
			if (i % 2000 == 1000) {
				end_control(&m);
			} else if (i % 2000 == 1010 + (int)seed * 45) {
				m.is_control_up = true;
				quota_fini(&m.quota);
				quota_init(&m.quota, m.now_ms);
			}
			step(&m);
		}
		check_bound(&m, "control ended");
		quota_fini(&m.quota);
	}
}

/* A bound is easily kept by who lets nothing pass. */
TEST(quota_serves_where_it_is_wanted)
{
	struct mesh m;
	double before;

	begin(&m, 7, 3);
	m.v[0].wanted = 3 * RATE;
	m.v[1].wanted = m.v[2].wanted = RATE / 100;
	for (int i = 0; i < 500; i++)
		step(&m);
	before = m.passed;
	for (int i = 0; i < 500; i++)
		step(&m);
	assert_true(m.passed - before > 5 * RATE * 0.93);
	/* It moves, and is there after some questions. */
	m.v[0].wanted = 0;
	m.v[2].wanted = 3 * RATE;
	for (int i = 0; i < 300; i++)
		step(&m);
	before = m.passed;
	for (int i = 0; i < 500; i++)
		step(&m);
	assert_true(m.passed - before > 5 * RATE * 0.93);
	/* Without control each has its part. */
	m.is_control_up = false;
	for (int i = 0; i < 800; i++)
		step(&m);
	for (size_t i = 0; i < 3; i++)
		assert_true(m.v[i].parts > 0.33 && m.v[i].parts < 0.34);
	quota_fini(&m.quota);
}
