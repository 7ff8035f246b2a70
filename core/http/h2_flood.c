#include <string.h>

#include "base/check.h"
#include "http/h2_flood.h"

#define HASTY_MS	1000
#define SHARE_FROM	500	/* streams, before a share says anything */

struct measure {
	size_t      limit;	/* of struct h2_limits */
	uint32_t    usual;	/* that limit, with which these hold: */
	uint32_t    burst;
	uint32_t    per_minute;
	uint32_t    per_stream;
	uint32_t    per_data_sent, per_data_got;
	const char *why;
};

#define LIMIT(member, usual)	offsetof(struct h2_limits, member), usual

/* Who measures the path sends a PING for each DATA frame that it gets. */
static const struct measure measures[H2_FLOOD_KINDS] = {
	[H2_FLOOD_EMPTY_DATA] = { LIMIT(empty_data, 1), .burst = 1,
	    .why = "flood of empty DATA" },
	[H2_FLOOD_PING] = { LIMIT(pings, 1000), .burst = 1000,
	    .per_minute = 2000, .per_stream = 1, .per_data_sent = 1, .per_data_got = 1,
	    .why = "flood of PING" },
	[H2_FLOOD_SETTINGS] = { LIMIT(settings, 100), .burst = 100,
	    .per_minute = 60, .why = "flood of SETTINGS" },
	[H2_FLOOD_PRIORITY] = { LIMIT(priorities, 100), .burst = 100,
	    .per_stream = 100, .why = "flood of PRIORITY" },
	[H2_FLOOD_WINDOW] = { LIMIT(window_updates, 20), .burst = 5,
	    .per_stream = 2, .per_data_sent = 20, .per_minute = 60,
	    .why = "flood of WINDOW_UPDATE" },
	[H2_FLOOD_STRAY] = { LIMIT(resets, 100), .burst = 1000,
	    .per_minute = 2000, .per_stream = 1,
	    .why = "flood of resets of streams that are gone" },
	[H2_FLOOD_RESET] = { LIMIT(resets, 100), .burst = 100,
	    .per_minute = 100, .why = "flood of streams that are reset" },
	[H2_FLOOD_FAULT] = { LIMIT(resets, 100), .burst = 100,
	    .per_minute = 100, .why = "flood of faulty streams" },
};

void
h2_flood_init(struct h2_flood *f, const struct h2_limits *limits, bool is_member,
    uint64_t now_ms)
{
	*f = (struct h2_flood){ .limits = limits, .is_member = is_member };
	for (size_t i = 0; i < H2_FLOOD_KINDS; i++)
		f->forgiven_ms[i] = now_ms;
}

/* Of what holds usually, as much more or less as the limit is. */
static uint64_t
scale(const struct h2_flood *f, const struct measure *m, uint64_t n)
{
	uint32_t limit;

	memcpy(&limit, (const char *)f->limits + m->limit, sizeof(limit));
	return limit == m->usual ? n : n * limit / m->usual;
}

static void
forgive(struct h2_flood *f, enum h2_flood_kind kind, uint64_t now_ms)
{
	uint64_t passed = now_ms - f->forgiven_ms[kind];
	uint64_t back = passed * scale(f, &measures[kind],
	    measures[kind].per_minute) / 60;

	f->forgiven_ms[kind] = now_ms;
	f->spent[kind] -= back < f->spent[kind] ? back : f->spent[kind];
}

bool
h2_flood_take(struct h2_flood *f, enum h2_flood_kind kind, uint64_t now_ms)
{
	const struct measure *m = &measures[kind];
	uint64_t allowed = m->burst + m->per_stream * f->streams +
	    m->per_data_sent * f->data_sent + m->per_data_got * f->data_got;

	forgive(f, kind, now_ms);
	f->spent[kind] += 1000;
	return f->spent[kind] <= scale(f, m, allowed) * 1000;
}

bool
h2_flood_reset(struct h2_flood *f, uint64_t age_ms, uint64_t now_ms)
{
	f->hasty_resets += age_ms < HASTY_MS;
	if (!f->is_member)
		return h2_flood_take(f, H2_FLOOD_RESET, now_ms);
	return f->streams < SHARE_FROM || f->hasty_resets * 2 <= f->streams;
}

void
h2_flood_data(struct h2_flood *f)
{
	f->data_got++;
	f->spent[H2_FLOOD_EMPTY_DATA] = 0;
}

const char *
h2_flood_why(enum h2_flood_kind kind)
{
	check(kind < H2_FLOOD_KINDS);
	return measures[kind].why;
}
