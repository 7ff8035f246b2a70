#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "modes/control/registry_live.h"

/* What the machine decided, as text: "+a a=Online a=Offline -a ". */
static void
on_register(void *ctx, struct slice key)
{
	str_addf(ctx, "+%.*s ", SLICE_ARG(key));
}

static void
on_status(void *ctx, struct slice key, enum live_status s)
{
	str_addf(ctx, "%.*s=%s ", SLICE_ARG(key), live_status_name(s));
}

static void
on_remove(void *ctx, struct slice key)
{
	str_addf(ctx, "-%.*s ", SLICE_ARG(key));
}

static const struct registry_live_ops ops = {
	on_register, on_status, on_remove,
};

/* Ticks as control does, from one time to another. */
static void
pass(struct registry_live *l, int64_t *now, int64_t ms)
{
	for (int64_t end = *now + ms; *now < end; ) {
		int64_t step = end - *now < LIVE_TICK_MS ? end - *now :
		    LIVE_TICK_MS;

		*now += step;
		registry_live_tick(l, *now);
	}
}

/*
 * Scripts over one workload: j joined but silent application, a answers,
 * w withdraw, f forget, L found at start, then numbers: seconds that pass.
 */
static void
play(const char *script, struct registry_live *l)
{
	int64_t now = 1000000;

	registry_live_init(l, now, &ops, l->ctx);
	for (const char *c = script; *c != '\0'; c++) {
		int64_t s = 0;

		while (*c >= '0' && *c <= '9')
			s = s * 10 + (*c++ - '0');
		pass(l, &now, s * 1000);
		if (*c == 'j' || *c == 'a')
			registry_live_report(l, SLICE("x"), *c == 'a', now);
		else if (*c == 'w')
			registry_live_withdraw(l, SLICE("x"));
		else if (*c == 'f')
			registry_live_forget(l, SLICE("x"));
		else if (*c == 'L')
			registry_live_load(l, SLICE("x"), now);
		else if (*c == '\0')
			break;
	}
}

static const struct {
	const char      *script, *want;
	enum live_status status;
} lives[] = {
	{ "", "", LIVE_UNKNOWN },
	{ "j", "", LIVE_JOINED },
	{ "j 29", "", LIVE_JOINED },
	{ "j 30", "", LIVE_UNKNOWN },
	{ "a", "+x x=Online ", LIVE_ONLINE },
	{ "j5a", "+x x=Online ", LIVE_ONLINE },
	{ "aaa", "+x x=Online ", LIVE_ONLINE },
	{ "a 29", "+x x=Online ", LIVE_ONLINE },
	{ "a 30", "+x x=Online x=Offline ", LIVE_OFFLINE },
	{ "a 20a 20a 20", "+x x=Online ", LIVE_ONLINE },
	{ "aj", "+x x=Online x=NotReady ", LIVE_NOT_READY },
	{ "aja", "+x x=Online x=NotReady x=Online ", LIVE_ONLINE },
	{ "aj 30", "+x x=Online x=NotReady x=Offline ", LIVE_OFFLINE },
	{ "a 40a", "+x x=Online x=Offline x=Online ", LIVE_ONLINE },
	{ "a 40j", "+x x=Online x=Offline x=NotReady ",
	    LIVE_NOT_READY },
	{ "a 259199", "+x x=Online x=Offline ", LIVE_OFFLINE },
	{ "a 259200", "+x x=Online x=Offline -x ", LIVE_UNKNOWN },
	{ "a 259200a", "+x x=Online x=Offline -x +x x=Online ",
	    LIVE_ONLINE },
	{ "aw", "+x x=Online -x ", LIVE_UNKNOWN },
	{ "a 40w", "+x x=Online x=Offline -x ", LIVE_UNKNOWN },
	{ "jw", "", LIVE_UNKNOWN },
	{ "w", "", LIVE_UNKNOWN },
	{ "af", "+x x=Online ", LIVE_UNKNOWN },
	{ "afa", "+x x=Online +x x=Online ", LIVE_ONLINE },
	/* A restart: silent for the grace, then as ever. */
	{ "L", "", LIVE_ONLINE },
	{ "L 119", "", LIVE_ONLINE },
	{ "L 120", "x=Offline ", LIVE_OFFLINE },
	{ "L 10a 29", "", LIVE_ONLINE },
	{ "L 10a 30", "x=Offline ", LIVE_OFFLINE },
	{ "L 10j", "x=NotReady ", LIVE_NOT_READY },
	{ "aL", "+x x=Online ", LIVE_ONLINE },
	{ "L 259289", "x=Offline ", LIVE_OFFLINE },
	{ "L 259290", "x=Offline -x ", LIVE_UNKNOWN },
};

TEST(registry_live_goes_through_its_states)
{
	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		struct str said = { 0 };
		struct registry_live l = { .ctx = &said };

		play(lives[i].script, &l);
		if (strcmp(str_ptr(&said), lives[i].want) != 0)
			fail_msg("%s: %s", lives[i].script, str_ptr(&said));
		assert_int_equal(registry_live_status(&l, SLICE("x")),
		    lives[i].status);
		registry_live_fini(&l);
		str_fini(&said);
	}
}

TEST(registry_live_a_stall_of_control_is_nobodys_silence)
{
	struct str said = { 0 };
	struct registry_live l;
	int64_t now = 5000;

	registry_live_init(&l, now, &ops, &said);
	registry_live_report(&l, SLICE("x"), true, now);
	pass(&l, &now, 10000);
	/* The machine sleeps for a week, then for a second one. */
	for (int i = 0; i < 2; i++) {
		now += 7 * 24 * 3600 * 1000ll;
		assert_int_equal(registry_live_silence_ms(&l, SLICE("x"), now),
		    10000 + i * 5000);
		registry_live_tick(&l, now);
		pass(&l, &now, 5000);
	}
	assert_string_equal(str_ptr(&said), "+x x=Online ");
	pass(&l, &now, 9000);
	assert_string_equal(str_ptr(&said), "+x x=Online ");
	pass(&l, &now, 1000);
	assert_string_equal(str_ptr(&said), "+x x=Online x=Offline ");
	registry_live_fini(&l);
	str_fini(&said);
}

TEST(registry_live_a_report_that_waited_out_a_stall_counts)
{
	struct str said = { 0 };
	struct registry_live l;
	int64_t now = 0;

	registry_live_init(&l, now, &ops, &said);
	registry_live_report(&l, SLICE("x"), true, now);
	/* After the stall the report is read before the first tick. */
	now += 3600 * 1000;
	registry_live_report(&l, SLICE("x"), true, now);
	registry_live_tick(&l, now);
	pass(&l, &now, 29000);
	assert_string_equal(str_ptr(&said), "+x x=Online ");
	pass(&l, &now, 1000);
	assert_string_equal(str_ptr(&said), "+x x=Online x=Offline ");
	registry_live_fini(&l);
	str_fini(&said);
}

TEST(registry_live_says_how_long_it_was_silent)
{
	struct str said = { 0 };
	struct registry_live l;
	int64_t now = 0;

	registry_live_init(&l, now, &ops, &said);
	registry_live_load(&l, SLICE("x"), now);
	assert_int_equal(registry_live_silence_ms(&l, SLICE("x"), now), -1);
	assert_int_equal(registry_live_silence_ms(&l, SLICE("y"), now), -1);
	registry_live_report(&l, SLICE("x"), true, now);
	pass(&l, &now, 4000);
	assert_int_equal(registry_live_silence_ms(&l, SLICE("x"), now), 4000);
	registry_live_fini(&l);
	str_fini(&said);
}
