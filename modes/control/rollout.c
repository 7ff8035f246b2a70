#include <math.h>
#include <string.h>

#include "base/check.h"
#include "modes/control/rollout.h"

static const char *const phases[] = {
	[ROLLOUT_PENDING] = "Pending",
	[ROLLOUT_PROGRESSING] = "Progressing",
	[ROLLOUT_PAUSED] = "Paused",
	[ROLLOUT_SUCCEEDED] = "Succeeded",
	[ROLLOUT_ROLLED_BACK] = "RolledBack",
	[ROLLOUT_STOPPED] = "Stopped",
};

static const struct {
	const char *name, *text;
} reasons[ROLLOUT_REASONS] = {
	[ROLLOUT_BEGINS] = { "Begins", "nothing was looked at yet" },
	[ROLLOUT_NO_ROUTE] = { "RouteNotFound", "there is no such route" },
	[ROLLOUT_NO_BACKENDS] = { "BackendsNotFound",
	    "no rule of the route has both backends" },
	[ROLLOUT_AMBIGUOUS] = { "BackendsAmbiguous",
	    "a rule of the route has one of the backends twice" },
	[ROLLOUT_NARROW] = { "WeightsTooSmall", "a rule has more backends than "
	    "these two, whose weights must then add to 100 at least" },
	[ROLLOUT_CONFLICTED] = { "Conflicted",
	    "another Rollout moves these weights" },
	[ROLLOUT_WAITS_FOR_PROXIES] = { "WaitsForProxies",
	    "not every proxy runs these weights yet" },
	[ROLLOUT_TOO_FEW] = { "TooFewRequests",
	    "too few requests were seen for a judgement" },
	[ROLLOUT_DOES_WELL] = { "DoesWell", "the candidate does well" },
	[ROLLOUT_DOES_BADLY] = { "DoesBadly", "the candidate does not do well" },
	[ROLLOUT_AWAITS_PROMOTION] = { "AwaitsPromotion",
	    "this step waits for mesh ctl rollout promote" },
	[ROLLOUT_PAUSED_BY_PERSON] = { "PausedByPerson",
	    "until mesh ctl rollout resume" },
	[ROLLOUT_PAUSED_BY_DOCUMENT] = { "PausedByDocument",
	    "its document says paused: true" },
	[ROLLOUT_PAUSED_BY_FAILURE] = { "PausedByFailure",
	    "the candidate did not do well; resume or abort it" },
	[ROLLOUT_COMPLETE] = { "Complete", "every step went well" },
	[ROLLOUT_PROMOTED] = { "Promoted", "somebody promoted it to the end" },
	[ROLLOUT_FAILED] = { "Failed", "the candidate did not do well" },
	[ROLLOUT_ABORTED] = { "Aborted", "somebody aborted it" },
	[ROLLOUT_EDITED] = { "RouteEdited",
	    "somebody else changed the weights; resume or abort it" },
	[ROLLOUT_ROUTE_GONE] = { "RouteGone",
	    "the route is gone, or no rule of it has both backends" },
};

const char *
rollout_phase_name(enum rollout_phase p)
{
	check(p <= ROLLOUT_STOPPED);
	return phases[p];
}

const char *
rollout_reason_name(enum rollout_reason r)
{
	check(r < ROLLOUT_REASONS);
	return reasons[r].name;
}

const char *
rollout_reason_text(enum rollout_reason r)
{
	check(r < ROLLOUT_REASONS);
	return reasons[r].text;
}

bool
rollout_phase_read(const char *name, enum rollout_phase *out)
{
	for (int i = 0; i <= ROLLOUT_STOPPED; i++)
		if (name != NULL && strcmp(name, phases[i]) == 0) {
			*out = (enum rollout_phase)i;
			return true;
		}
	return false;
}

bool
rollout_reason_read(const char *name, enum rollout_reason *out)
{
	for (int i = 0; i < ROLLOUT_REASONS; i++)
		if (name != NULL && strcmp(name, reasons[i].name) == 0) {
			*out = (enum rollout_reason)i;
			return true;
		}
	return false;
}

bool
rollout_is_open(const struct rollout_state *s)
{
	return s->phase != ROLLOUT_SUCCEEDED && s->phase != ROLLOUT_ROLLED_BACK;
}

bool
rollout_is_running(const struct rollout_state *s)
{
	return s->phase == ROLLOUT_PROGRESSING || s->phase == ROLLOUT_PAUSED;
}

/* --- moves ---------------------------------------------------------------- */

static void
begin_step(const struct model_rollout_spec *spec, struct rollout_state *s,
    int64_t step, int64_t now_ms)
{
	s->phase = ROLLOUT_PROGRESSING;
	s->reason = ROLLOUT_BEGINS;
	s->step = step;
	s->percent = spec->steps[step].percent;
	s->since_ms = now_ms;
	s->failures = 0;
	s->is_counting = false;
}

static void
end(struct rollout_state *s, enum rollout_phase phase,
    enum rollout_reason reason, int64_t now_ms)
{
	s->phase = phase;
	s->reason = reason;
	s->hold = ROLLOUT_FREE;
	s->since_ms = now_ms;
	s->is_counting = false;
	s->percent = phase == ROLLOUT_SUCCEEDED ? 100 :
	    phase == ROLLOUT_ROLLED_BACK ? 0 : -1;
}

static void
advance(const struct model_rollout_spec *spec, struct rollout_state *s,
    enum rollout_reason at_end, int64_t now_ms)
{
	if (s->step + 1 < (int64_t)spec->steps_len)
		begin_step(spec, s, s->step + 1, now_ms);
	else
		end(s, ROLLOUT_SUCCEEDED, at_end, now_ms);
}

static void
begin_anew(struct rollout_state *s)
{
	int64_t generation = s->generation;

	*s = ROLLOUT_NONE;
	s->generation = generation;
}

/* The document is another one than before. */
static void
follow_document(const struct model_rollout_spec *spec, struct rollout_state *s,
    const struct rollout_sight *sight)
{
	s->generation = sight->generation;
	if (sight->is_other || s->phase == ROLLOUT_ROLLED_BACK ||
	    s->phase == ROLLOUT_STOPPED) {
		begin_anew(s);
		return;
	}
	if (!rollout_is_running(s))
		return;
	/* The same route: it goes on from the share that it has. */
	s->step = -1;
	for (size_t i = 0; i < spec->steps_len; i++)
		if (spec->steps[i].percent <= s->percent)
			s->step = (int64_t)i;
	if (s->hold == ROLLOUT_HELD_BY_FAILURE)
		s->hold = ROLLOUT_FREE;
	s->failures = 0;
	s->is_counting = false;
}

/* --- looks ---------------------------------------------------------------- */

static bool
does_well(const struct model_rollout_check *c, const struct traffic_counts *seen)
{
	double parts = 1e6 * (double)seen->success / (double)seen->requests;

	if (parts < (double)c->success_percent)
		return false;
	return c->p99_ms < 0 || (!isnan(seen->p99_ms) &&
	    seen->p99_ms <= (double)c->p99_ms);
}

static void
fail(const struct model_rollout_spec *spec, struct rollout_state *s,
    int64_t now_ms)
{
	if (spec->on_failure == MODEL_ROLLOUT_RETURN)
		end(s, ROLLOUT_ROLLED_BACK, ROLLOUT_FAILED, now_ms);
	else
		s->hold = ROLLOUT_HELD_BY_FAILURE;
}

/* What keeps it from the next step, now that the look was good. */
static enum rollout_reason
hindrance(const struct model_rollout_spec *spec, const struct rollout_state *s,
    const struct rollout_sight *sight)
{
	const struct model_rollout_step *step = &spec->steps[s->step];
	bool is_over = sight->now_ms - s->since_ms >= step->hold_ms;

	if (!sight->is_programmed)
		return ROLLOUT_WAITS_FOR_PROXIES;
	if (is_over && step->pause)
		return ROLLOUT_AWAITS_PROMOTION;
	return is_over ? ROLLOUT_COMPLETE : ROLLOUT_DOES_WELL;
}

/* What holds it whatever is seen; ROLLOUT_BEGINS: nothing. */
static enum rollout_reason
pause_of(const struct model_rollout_spec *spec, const struct rollout_state *s,
    const struct rollout_sight *sight)
{
	if (s->hold == ROLLOUT_HELD_BY_FAILURE)
		return ROLLOUT_PAUSED_BY_FAILURE;
	if (s->hold == ROLLOUT_HELD)
		return ROLLOUT_PAUSED_BY_PERSON;
	if (spec->paused)
		return ROLLOUT_PAUSED_BY_DOCUMENT;
	return sight->has_rival ? ROLLOUT_CONFLICTED : ROLLOUT_BEGINS;
}

/* Sets phase and reason by what was found; a gate that was reached stays. */
static void
stand(struct rollout_state *s, enum rollout_reason pause,
    enum rollout_reason found)
{
	s->reason = pause != ROLLOUT_BEGINS ? pause : found;
	s->phase = pause != ROLLOUT_BEGINS || found == ROLLOUT_AWAITS_PROMOTION ?
	    ROLLOUT_PAUSED : ROLLOUT_PROGRESSING;
}

static enum rollout_reason
judge(const struct model_rollout_spec *spec, struct rollout_state *s,
    const struct rollout_sight *sight)
{
	s->seen = *sight->seen;
	s->has_seen = true;
	if (does_well(&spec->check, sight->seen)) {
		s->failures = 0;
		return hindrance(spec, s, sight);
	}
	if (++s->failures >= spec->check.failures)
		fail(spec, s, sight->now_ms);
	return ROLLOUT_DOES_BADLY;
}

/* One look; true: the window begins anew. */
static bool
look(const struct model_rollout_spec *spec, struct rollout_state *s,
    const struct rollout_sight *sight)
{
	enum rollout_reason found = ROLLOUT_TOO_FEW, pause;
	bool was_counting = s->is_counting, is_enough;

	s->is_counting = true;
	if (s->hold == ROLLOUT_HELD_BY_FAILURE)
		return !was_counting;
	is_enough = was_counting && (int64_t)sight->seen->requests >=
	    spec->check.min_requests;
	s->so_far = was_counting && !is_enough ? sight->seen->requests : 0;
	if (is_enough)
		found = judge(spec, s, sight);
	else if (s->reason == ROLLOUT_AWAITS_PROMOTION)
		found = s->reason;
	else if (!sight->is_programmed)
		found = ROLLOUT_WAITS_FOR_PROXIES;
	if (!rollout_is_running(s))
		return true;
	pause = pause_of(spec, s, sight);
	if (found == ROLLOUT_COMPLETE && pause == ROLLOUT_BEGINS)
		advance(spec, s, ROLLOUT_COMPLETE, sight->now_ms);
	else
		stand(s, pause, found == ROLLOUT_COMPLETE ? ROLLOUT_DOES_WELL :
		    found);
	return is_enough || !was_counting;
}

/* --- all of it ------------------------------------------------------------ */

static const enum rollout_reason unfit[] = {
	[ROLLOUT_SPLIT_SAME] = ROLLOUT_BEGINS,
	[ROLLOUT_SPLIT_OTHER] = ROLLOUT_BEGINS,
	[ROLLOUT_SPLIT_NO_ROUTE] = ROLLOUT_NO_ROUTE,
	[ROLLOUT_SPLIT_NO_BACKENDS] = ROLLOUT_NO_BACKENDS,
	[ROLLOUT_SPLIT_AMBIGUOUS] = ROLLOUT_AMBIGUOUS,
	[ROLLOUT_SPLIT_NARROW] = ROLLOUT_NARROW,
};

static void
try_to_begin(const struct model_rollout_spec *spec, struct rollout_state *s,
    const struct rollout_sight *sight)
{
	s->reason = unfit[sight->split];
	if (s->reason == ROLLOUT_BEGINS)
		s->reason = pause_of(spec, s, sight);
	if (s->reason == ROLLOUT_BEGINS)
		begin_step(spec, s, 0, sight->now_ms);
}

static bool
go_on(const struct model_rollout_spec *spec, struct rollout_state *s,
    const struct rollout_sight *sight)
{
	enum rollout_reason pause = pause_of(spec, s, sight);

	if (sight->split != ROLLOUT_SPLIT_SAME) {
		end(s, ROLLOUT_STOPPED, sight->split == ROLLOUT_SPLIT_OTHER ?
		    ROLLOUT_EDITED : ROLLOUT_ROUTE_GONE, sight->now_ms);
		return false;
	}
	if (s->step < 0)
		begin_step(spec, s, 0, sight->now_ms);
	if (sight->seen != NULL)
		return look(spec, s, sight);
	if (pause != ROLLOUT_BEGINS)
		stand(s, pause, s->reason);
	return false;
}

bool
rollout_next(const struct model_rollout_spec *spec, struct rollout_state *s,
    const struct rollout_sight *sight)
{
	if (s->generation != sight->generation)
		follow_document(spec, s, sight);
	/* It has ended, and is not asked when others go on from there. */
	if (!rollout_is_open(s) && sight->split != ROLLOUT_SPLIT_SAME)
		s->percent = -1;
	if (s->phase == ROLLOUT_PENDING)
		try_to_begin(spec, s, sight);
	else if (rollout_is_running(s))
		return go_on(spec, s, sight);
	return false;
}

/* --- orders --------------------------------------------------------------- */

static int
refuse(struct err *err, const struct rollout_state *s, const char *what)
{
	return err_set(err, ERR_CONFLICT, "%s: it is %s (%s: %s)", what,
	    phases[s->phase], reasons[s->reason].name, reasons[s->reason].text);
}

static int
promote(const struct model_rollout_spec *spec, struct rollout_state *s,
    bool to_end, int64_t now_ms, struct err *err)
{
	if (!rollout_is_running(s))
		return refuse(err, s, "there is nothing to promote");
	s->hold = ROLLOUT_FREE;
	if (to_end)
		end(s, ROLLOUT_SUCCEEDED, ROLLOUT_PROMOTED, now_ms);
	else
		advance(spec, s, ROLLOUT_PROMOTED, now_ms);
	return 0;
}

static int
abort_it(struct rollout_state *s, int64_t now_ms, struct err *err)
{
	bool has_begun = s->phase != ROLLOUT_PENDING;

	if (!rollout_is_open(s))
		return refuse(err, s, "there is nothing to abort");
	end(s, ROLLOUT_ROLLED_BACK, ROLLOUT_ABORTED, now_ms);
	if (!has_begun)
		s->percent = -1;
	return 0;
}

static int
pause_it(struct rollout_state *s, struct err *err)
{
	if (!rollout_is_running(s) && s->phase != ROLLOUT_PENDING)
		return refuse(err, s, "there is nothing to pause");
	if (s->hold == ROLLOUT_FREE)
		s->hold = ROLLOUT_HELD;
	s->reason = s->hold == ROLLOUT_HELD ? ROLLOUT_PAUSED_BY_PERSON :
	    ROLLOUT_PAUSED_BY_FAILURE;
	if (s->phase == ROLLOUT_PROGRESSING)
		s->phase = ROLLOUT_PAUSED;
	return 0;
}

static int
resume(const struct model_rollout_spec *spec, struct rollout_state *s,
    int64_t now_ms, struct err *err)
{
	if (spec->paused)
		return err_set(err, ERR_CONFLICT, "its document says paused: "
		    "true; change that and apply it");
	if (s->phase == ROLLOUT_STOPPED && s->step >= 0) {
		begin_step(spec, s, s->step, now_ms);
		return 0;
	}
	if (s->phase == ROLLOUT_STOPPED || s->phase == ROLLOUT_ROLLED_BACK) {
		begin_anew(s);
		return 0;
	}
	if (s->hold == ROLLOUT_FREE)
		return refuse(err, s, "there is nothing to resume");
	s->hold = ROLLOUT_FREE;
	s->reason = ROLLOUT_BEGINS;
	s->failures = 0;
	s->is_counting = false;
	if (s->phase == ROLLOUT_PAUSED)
		s->phase = ROLLOUT_PROGRESSING;
	return 0;
}

int
rollout_order(const struct model_rollout_spec *spec, struct rollout_state *s,
    enum rollout_order order, int64_t now_ms, struct err *err)
{
	switch (order) {
	case ROLLOUT_PROMOTE:
	case ROLLOUT_PROMOTE_ALL:
		return promote(spec, s, order == ROLLOUT_PROMOTE_ALL, now_ms,
		    err);
	case ROLLOUT_ABORT:
		return abort_it(s, now_ms, err);
	case ROLLOUT_PAUSE:
		return pause_it(s, err);
	case ROLLOUT_RESUME:
		return resume(spec, s, now_ms, err);
	}
	return 0;
}
