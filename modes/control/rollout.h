#ifndef CONTROL_ROLLOUT_H
#define CONTROL_ROLLOUT_H

#include "base/err.h"
#include "model/rollout.h"
#include "modes/control/traffic_window.h"

/*
 * rollout: where one Rollout stands and what comes next: pure functions of
 * its document, its state and what is seen.  rollouts.c carries out.
 * Life of a state: ROLLOUT_NONE -> rollout_next at every look and change,
 *     rollout_order when a person says something.
 *
 *   Pending --> Progressing <--> Paused --> Succeeded
 *                   |   `----------+------> RolledBack
 *                   `----------------------> Stopped
 *
 * A look happens every check.interval.  The first look of a step begins the
 * window of what is counted; a later one judges it once it holds
 * check.minimumRequests, and the next window begins.  Too few requests are no
 * judgement, neither good nor bad.
 *
 * Forward it goes only with a good look, when the step's hold is over and every
 * proxy concerned runs the weights; so without traffic, without reports or
 * without proxies it stays where it is.  Back it goes after check.failures bad
 * looks in a row, also from a pause.  Weights that somebody else has changed
 * are left alone: it stops.
 */
enum rollout_phase {
	ROLLOUT_PENDING,	/* has not begun */
	ROLLOUT_PROGRESSING,
	ROLLOUT_PAUSED,		/* goes back by itself, but not forward */
	ROLLOUT_SUCCEEDED,	/* the candidate has everything */
	ROLLOUT_ROLLED_BACK,	/* the stable one has everything */
	ROLLOUT_STOPPED,	/* does not know the weights any more */
};

/* Why it stands where it stands. */
enum rollout_reason {
	ROLLOUT_BEGINS,
	ROLLOUT_NO_ROUTE, ROLLOUT_NO_BACKENDS, ROLLOUT_AMBIGUOUS,
	ROLLOUT_NARROW, ROLLOUT_CONFLICTED,
	ROLLOUT_WAITS_FOR_PROXIES, ROLLOUT_TOO_FEW, ROLLOUT_DOES_WELL,
	ROLLOUT_DOES_BADLY,
	ROLLOUT_AWAITS_PROMOTION, ROLLOUT_PAUSED_BY_PERSON,
	ROLLOUT_PAUSED_BY_DOCUMENT, ROLLOUT_PAUSED_BY_FAILURE,
	ROLLOUT_COMPLETE, ROLLOUT_PROMOTED, ROLLOUT_FAILED, ROLLOUT_ABORTED,
	ROLLOUT_EDITED, ROLLOUT_ROUTE_GONE,
	ROLLOUT_REASONS
};
const char *rollout_phase_name(enum rollout_phase);	/* "RolledBack" */
const char *rollout_reason_name(enum rollout_reason);	/* "TooFewRequests" */
const char *rollout_reason_text(enum rollout_reason);	/* a sentence */
bool rollout_phase_read(const char *, enum rollout_phase *);
bool rollout_reason_read(const char *, enum rollout_reason *);

enum rollout_hold { ROLLOUT_FREE, ROLLOUT_HELD, ROLLOUT_HELD_BY_FAILURE };

struct rollout_state {
	/* What is kept over a restart. */
	enum rollout_phase  phase;
	enum rollout_reason reason;
	enum rollout_hold   hold;
	int64_t             generation;	/* of the document that it follows */
	int64_t             step;	/* in force; -1: none */
	int64_t             percent;	/* in the route; -1: not ours */
	int64_t             since_ms;	/* of the step or the end; wall time */
	/* What is not: after a restart it is gathered anew. */
	bool                  is_counting;	/* the window is this step's */
	int64_t               failures;	/* bad looks in a row */
	uint64_t              so_far;	/* requests in a window that goes on */
	/* Of the last look that judged; kept, for people alone. */
	bool                  has_seen;
	struct traffic_counts seen;
};
#define ROLLOUT_NONE	((struct rollout_state){ .step = -1, .percent = -1 })

/* The weights in the route, against those that the state says. */
enum rollout_split {
	ROLLOUT_SPLIT_SAME, ROLLOUT_SPLIT_OTHER, ROLLOUT_SPLIT_NO_ROUTE,
	ROLLOUT_SPLIT_NO_BACKENDS,	/* no rule has both */
	ROLLOUT_SPLIT_AMBIGUOUS,	/* a rule has one of them twice */
	ROLLOUT_SPLIT_NARROW,	/* too small to be divided by percent */
};

struct rollout_sight {
	int64_t            now_ms;	/* wall time */
	int64_t            generation;	/* of the document */
	bool               is_other;	/* it names another route or backends */
	enum rollout_split split;
	bool               has_rival;	/* another one moves these weights */
	bool               is_programmed;
	const struct traffic_counts *seen;	/* of the window; NULL: no look */
};

/*
 * Moves on.  True: the window begins anew.  Where the percent is another than
 * before and not -1, it is to be written to the route, in one step with the
 * state; if that fails the state before stands.
 */
bool rollout_next(const struct model_rollout_spec *, struct rollout_state *,
    const struct rollout_sight *);

enum rollout_order {
	ROLLOUT_PROMOTE,	/* to the next step, whatever was seen */
	ROLLOUT_PROMOTE_ALL,	/* to the end */
	ROLLOUT_ABORT,		/* back to the stable one */
	ROLLOUT_PAUSE,		/* no step forward until ... */
	ROLLOUT_RESUME,		/* also takes up again what stopped or was returned */
};
/* -1: ERR_CONFLICT, nothing is changed: it makes no sense in this phase. */
int rollout_order(const struct model_rollout_spec *, struct rollout_state *,
    enum rollout_order, int64_t now_ms, struct err *);

/* Has neither succeeded nor been returned: others keep off its weights. */
bool rollout_is_open(const struct rollout_state *);
/* It has begun, so that the weights are its own. */
bool rollout_is_running(const struct rollout_state *);

#endif
