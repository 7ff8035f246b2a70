#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "modes/control/rollout.h"

/*
 * A story is what happens to one Rollout, one line for each thing:
 *     LOOK requests/success/p99 [away] [rival]    a look, 10 s later
 *     SEE other|gone|none|twice|narrow|rival      a change, at once
 *     DO promote|all|abort|pause|resume
 *     DOC GENERATION [other]
 *     RESTART
 * and after "=>" the phase, the reason, the step and the percent.
 */
struct line {
	const char *what, *want;
};

static struct model_rollout_step steps[] = {
	{ 10, 30000, false }, { 50, 10000, true }, { 100, 10000, false },
};

static struct model_rollout_spec
spec_of(int on_failure)
{
	return (struct model_rollout_spec){
		.steps = steps, .steps_len = 3,
		.check = { .success_percent = 990000, .p99_ms = 200,
		    .min_requests = 50, .interval_ms = 10000, .failures = 2 },
		.on_failure = on_failure,
	};
}

struct story {
	struct model_rollout_spec spec;
	struct rollout_state      state;
	struct rollout_sight      sight;
	struct traffic_counts     seen;
};

static bool
has(const char *text, const char *word)
{
	return strstr(text, word) != NULL;
}

static void
look(struct story *t, const char *what)
{
	unsigned long requests, success, p99;
	struct rollout_sight s = t->sight;

	assert_int_equal(sscanf(what, "LOOK %lu/%lu/%lu", &requests, &success,
	    &p99), 3);
	t->seen = (struct traffic_counts){ requests, success,
		p99 == 0 ? NAN : (double)p99 };
	t->sight.now_ms += 10000;
	s = t->sight;
	s.is_programmed = !has(what, "away");
	s.has_rival = has(what, "rival");
	s.seen = &t->seen;
	rollout_next(&t->spec, &t->state, &s);
}

static void
see(struct story *t, const char *what)
{
	static const struct {
		const char *word;
		enum rollout_split split;
	} splits[] = {
		{ "other", ROLLOUT_SPLIT_OTHER }, { "gone", ROLLOUT_SPLIT_NO_ROUTE },
		{ "none", ROLLOUT_SPLIT_NO_BACKENDS },
		{ "twice", ROLLOUT_SPLIT_AMBIGUOUS },
		{ "narrow", ROLLOUT_SPLIT_NARROW },
	};
	struct rollout_sight s = t->sight;

	for (size_t i = 0; i < sizeof(splits) / sizeof(splits[0]); i++)
		if (has(what, splits[i].word))
			s.split = splits[i].split;
	s.has_rival = has(what, "rival");
	rollout_next(&t->spec, &t->state, &s);
}

static void
order(struct story *t, const char *what)
{
	static const char *const words[] = { "promote", "all", "abort", "pause",
		"resume" };
	struct err err = ERR_INIT;

	for (int i = 0; i < 5; i++) {
		struct rollout_state before = t->state;

		if (!has(what, words[i]))
			continue;
		if (rollout_order(&t->spec, &t->state, (enum rollout_order)i,
		    t->sight.now_ms, &err) < 0) {
			assert_int_equal(err.kind, ERR_CONFLICT);
			assert_memory_equal(&before, &t->state, sizeof(before));
		}
		assert_int_equal(err.kind == ERR_CONFLICT, has(what, "refused"));
	}
}

static void
restart(struct story *t)
{
	struct rollout_state s = t->state;

	t->state = ROLLOUT_NONE;
	t->state.phase = s.phase;
	t->state.reason = s.reason;
	t->state.hold = s.hold;
	t->state.generation = s.generation;
	t->state.step = s.step;
	t->state.percent = s.percent;
	t->state.since_ms = s.since_ms;
}

static void
take(struct story *t, const char *what)
{
	if (has(what, "LOOK")) {
		look(t, what);
	} else if (has(what, "SEE")) {
		see(t, what);
	} else if (has(what, "DO ")) {
		order(t, what);
	} else if (has(what, "DOC")) {
		t->sight.generation = what[4] - '0';
		t->sight.is_other = has(what, "other");
		t->spec.paused = has(what, "paused");
		rollout_next(&t->spec, &t->state, &t->sight);
		t->sight.is_other = false;
	} else {
		restart(t);
	}
}

static void
tell(const struct line *lines, int on_failure)
{
	struct story t = { .spec = spec_of(on_failure), .state = ROLLOUT_NONE,
		.sight = { .now_ms = 1000000, .generation = 1,
		    .is_programmed = true } };

	t.state.generation = 1;
	for (; lines->what != NULL; lines++) {
		struct str got = { 0 };

		take(&t, lines->what);
		str_addf(&got, "%s %s %lld %lld",
		    rollout_phase_name(t.state.phase),
		    rollout_reason_name(t.state.reason),
		    (long long)t.state.step, (long long)t.state.percent);
		if (strcmp(str_ptr(&got), lines->want) != 0)
			fail_msg("%s: expected %s, found %s", lines->what,
			    lines->want, str_ptr(&got));
		str_fini(&got);
	}
}

#define BEGUN	{ "SEE", "Progressing Begins 0 10" },			\
		{ "LOOK 0/0/0", "Progressing TooFewRequests 0 10" }

TEST(rollout_goes_forward_while_the_candidate_does_well)
{
	static const struct line lines[] = {
		BEGUN,
		{ "LOOK 100/100/20", "Progressing DoesWell 0 10" },
		{ "LOOK 100/99/200", "Progressing Begins 1 50" },
		{ "LOOK 100/100/20", "Progressing TooFewRequests 1 50" },
		{ "LOOK 100/100/20", "Paused AwaitsPromotion 1 50" },
		{ "LOOK 3/3/20", "Paused AwaitsPromotion 1 50" },
		{ "DO promote", "Progressing Begins 2 100" },
		{ "LOOK 0/0/0", "Progressing TooFewRequests 2 100" },
		{ "LOOK 100/100/20", "Succeeded Complete 2 100" },
		{ "LOOK 100/0/20", "Succeeded Complete 2 100" },
		{ "DO abort refused", "Succeeded Complete 2 100" },
		{ "DOC 2", "Succeeded Complete 2 100" },
		{ "SEE other", "Succeeded Complete 2 -1" },
		{ "LOOK 100/100/20", "Succeeded Complete 2 -1" },
		{ "DOC 3 other", "Progressing Begins 0 10" },
		{ NULL, NULL },
	};

	tell(lines, MODEL_ROLLOUT_RETURN);
}

TEST(rollout_goes_back_after_bad_looks_in_a_row)
{
	static const struct line lines[] = {
		BEGUN,
		{ "LOOK 100/98/20", "Progressing DoesBadly 0 10" },
		{ "LOOK 100/100/20", "Progressing Begins 1 50" },
		{ "LOOK 0/0/0", "Progressing TooFewRequests 1 50" },
		{ "LOOK 100/100/201", "Progressing DoesBadly 1 50" },
		/* Too few are no judgement, and end no row of bad ones. */
		{ "LOOK 49/49/20", "Progressing TooFewRequests 1 50" },
		{ "LOOK 100/100/0", "RolledBack Failed 1 0" },
		{ "LOOK 100/100/20", "RolledBack Failed 1 0" },
		{ "DO pause refused", "RolledBack Failed 1 0" },
		{ "DO promote refused", "RolledBack Failed 1 0" },
		{ "DO resume", "Pending Begins -1 -1" },
		{ "SEE", "Progressing Begins 0 10" },
		{ NULL, NULL },
	};

	tell(lines, MODEL_ROLLOUT_RETURN);
}

TEST(rollout_stays_without_traffic_reports_or_proxies)
{
	static const struct line lines[] = {
		BEGUN,
		{ "LOOK 0/0/0", "Progressing TooFewRequests 0 10" },
		{ "LOOK 49/49/20", "Progressing TooFewRequests 0 10" },
		{ "LOOK 0/0/0 away", "Progressing WaitsForProxies 0 10" },
		{ "LOOK 100/100/20 away", "Progressing WaitsForProxies 0 10" },
		/* What was seen before a restart counts for nothing. */
		{ "RESTART", "Progressing WaitsForProxies 0 10" },
		{ "LOOK 100/100/20", "Progressing TooFewRequests 0 10" },
		{ "LOOK 0/0/0", "Progressing TooFewRequests 0 10" },
		{ "LOOK 50/50/20", "Progressing Begins 1 50" },
		{ NULL, NULL },
	};

	tell(lines, MODEL_ROLLOUT_RETURN);
}

TEST(rollout_that_is_paused_goes_back_but_not_forward)
{
	static const struct line lines[] = {
		BEGUN,
		{ "DO pause", "Paused PausedByPerson 0 10" },
		{ "DO pause", "Paused PausedByPerson 0 10" },
		{ "LOOK 100/100/20", "Paused PausedByPerson 0 10" },
		{ "LOOK 100/100/20", "Paused PausedByPerson 0 10" },
		{ "RESTART", "Paused PausedByPerson 0 10" },
		{ "LOOK 100/100/20", "Paused PausedByPerson 0 10" },
		{ "LOOK 100/100/20", "Paused PausedByPerson 0 10" },
		{ "DO resume", "Progressing Begins 0 10" },
		{ "DO resume refused", "Progressing Begins 0 10" },
		{ "LOOK 0/0/0", "Progressing TooFewRequests 0 10" },
		{ "DOC 2 paused", "Paused PausedByDocument 0 10" },
		{ "DO resume refused", "Paused PausedByDocument 0 10" },
		{ "LOOK 100/0/20", "Paused PausedByDocument 0 10" },
		{ "LOOK 100/0/20", "Paused PausedByDocument 0 10" },
		{ "LOOK 100/0/20", "RolledBack Failed 0 0" },
		{ NULL, NULL },
	};

	tell(lines, MODEL_ROLLOUT_RETURN);
}

TEST(rollout_pauses_on_failure_where_its_document_says_so)
{
	static const struct line lines[] = {
		BEGUN,
		{ "LOOK 100/0/20", "Progressing DoesBadly 0 10" },
		{ "LOOK 100/0/20", "Paused PausedByFailure 0 10" },
		{ "LOOK 100/0/20", "Paused PausedByFailure 0 10" },
		{ "LOOK 100/100/20", "Paused PausedByFailure 0 10" },
		{ "DO resume", "Progressing Begins 0 10" },
		{ "LOOK 0/0/0", "Progressing TooFewRequests 0 10" },
		{ "LOOK 100/100/20", "Progressing Begins 1 50" },
		{ "DO abort", "RolledBack Aborted 1 0" },
		{ NULL, NULL },
	};

	tell(lines, MODEL_ROLLOUT_PAUSE);
}

TEST(rollout_obeys_people)
{
	static const struct line lines[] = {
		{ "DO promote refused", "Pending Begins -1 -1" },
		{ "DO pause", "Pending PausedByPerson -1 -1" },
		{ "SEE", "Pending PausedByPerson -1 -1" },
		{ "DO resume", "Pending Begins -1 -1" },
		BEGUN,
		{ "DO promote", "Progressing Begins 1 50" },
		{ "DO all", "Succeeded Promoted 1 100" },
		{ "DO resume refused", "Succeeded Promoted 1 100" },
		{ "DOC 2 other", "Progressing Begins 0 10" },
		{ "DO promote", "Progressing Begins 1 50" },
		{ "DO promote", "Progressing Begins 2 100" },
		{ "DO promote", "Succeeded Promoted 2 100" },
		{ NULL, NULL },
	};
	static const struct line before[] = {
		{ "DO abort", "RolledBack Aborted -1 -1" },
		{ "SEE", "RolledBack Aborted -1 -1" },
		{ NULL, NULL },
	};

	tell(lines, MODEL_ROLLOUT_RETURN);
	tell(before, MODEL_ROLLOUT_RETURN);
}

TEST(rollout_leaves_weights_alone_that_others_changed)
{
	static const struct line lines[] = {
		BEGUN,
		{ "SEE other", "Stopped RouteEdited 0 -1" },
		{ "LOOK 100/100/20", "Stopped RouteEdited 0 -1" },
		{ "RESTART", "Stopped RouteEdited 0 -1" },
		{ "DO promote refused", "Stopped RouteEdited 0 -1" },
		{ "DO resume", "Progressing Begins 0 10" },
		{ "SEE gone", "Stopped RouteGone 0 -1" },
		{ "DO abort", "RolledBack Aborted 0 0" },
		{ "DO resume", "Pending Begins -1 -1" },
		{ "SEE none", "Pending BackendsNotFound -1 -1" },
		{ "SEE twice", "Pending BackendsAmbiguous -1 -1" },
		{ "SEE narrow", "Pending WeightsTooSmall -1 -1" },
		{ "SEE gone", "Pending RouteNotFound -1 -1" },
		/* What it finds at first is nobody's edit. */
		{ "SEE other", "Progressing Begins 0 10" },
		{ "SEE other", "Stopped RouteEdited 0 -1" },
		{ "DOC 2", "Progressing Begins 0 10" },
		{ NULL, NULL },
	};

	tell(lines, MODEL_ROLLOUT_RETURN);
}

TEST(rollout_waits_for_another_on_the_same_route)
{
	static const struct line lines[] = {
		{ "SEE rival", "Pending Conflicted -1 -1" },
		BEGUN,
		{ "LOOK 100/100/20", "Progressing DoesWell 0 10" },
		{ "LOOK 100/100/20 rival", "Paused Conflicted 0 10" },
		{ "LOOK 100/100/20", "Progressing Begins 1 50" },
		{ NULL, NULL },
	};

	tell(lines, MODEL_ROLLOUT_RETURN);
}

TEST(rollout_follows_a_document_that_changes_under_way)
{
	static const struct line lines[] = {
		BEGUN,
		{ "DO promote", "Progressing Begins 1 50" },
		/* It stays at its share; what was seen is not what is asked. */
		{ "DOC 2", "Progressing Begins 1 50" },
		{ "LOOK 100/0/20", "Progressing TooFewRequests 1 50" },
		{ "DOC 3 other", "Progressing Begins 0 10" },
		{ NULL, NULL },
	};

	tell(lines, MODEL_ROLLOUT_RETURN);
}

TEST(rollout_names_are_read_back)
{
	enum rollout_phase p;
	enum rollout_reason r;

	for (int i = 0; i <= ROLLOUT_STOPPED; i++) {
		assert_true(rollout_phase_read(rollout_phase_name(
		    (enum rollout_phase)i), &p));
		assert_int_equal(p, i);
	}
	for (int i = 0; i < ROLLOUT_REASONS; i++) {
		assert_true(rollout_reason_read(rollout_reason_name(
		    (enum rollout_reason)i), &r));
		assert_int_equal(r, i);
	}
	assert_false(rollout_phase_read("progressing", &p));
	assert_false(rollout_reason_read(NULL, &r));
}
