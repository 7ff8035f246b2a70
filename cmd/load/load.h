#ifndef LOAD_LOAD_H
#define LOAD_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "cmd/load/histogram.h"
#include "cmd/load/options.h"
#include "cmd/load/schedule.h"
#include "cmd/load/way.h"
#include "loop/loop_fd.h"

/*
 * load: makes load on one thread and says what came of it, as JSON.
 *
 *   main -> options -> load -> http.c       requests, also a connection each
 *                           |  stream.c     bytes one way
 *                           |  idle.c       connections that stay
 *                           `-> way.c       connections, plain or TLS
 *
 * Life: load_init -> load_run (the mode's start; load_begin; the time of
 *       warming up; the time that is measured; the mode's stop) -> load_print
 *       -> load_fini.
 *
 * With a rate, what is due is sent whatever became of the rest (schedule.h).
 * Without, each connection asks again once it is answered, which finds the
 * capacity but says little about latency.
 */
struct load {
	const struct options *options;
	struct loop          *loop;
	struct way            way;
	struct schedule       schedule;
	struct loop_timer     phase;		/* of warming up, of measuring */
	struct loop_timer     retry;
	struct loop_fd        wake;		/* at the schedule's next time */
	int                   wake_fd;
	bool                  is_measuring, is_over;
	uint64_t              began_ns, ended_ns;	/* of what is measured */
	void                 *mode;		/* the mode's own */

	/* Of the whole run, for those who measure the server from outside. */
	uint64_t              all, errors;
	/* Of the time that is measured. */
	uint64_t              requests, bytes;
	struct histogram      latency;		/* ns */
	char                  first_error[200];
};

/* What there is to do; one object per file, listed in options.c. */
struct mode {
	const char *name;
	void      (*start)(struct load *);
	void      (*due)(struct load *);	/* by the schedule, or to retry */
	void      (*stop)(struct load *);	/* nothing of it is left */
};
extern const struct mode http_mode, stream_mode, idle_mode;

void load_init(struct load *, const struct options *);
void load_run(struct load *);
void load_print(const struct load *);
void load_fini(struct load *);

/* The mode is ready: time runs from here.  Harmless twice. */
void load_begin(struct load *);
/* Ends the run. */
void load_end(struct load *);
/* Counts one success that was to be sent at due_ns. */
void load_done(struct load *, uint64_t due_ns);
void load_failed(struct load *, const char *what, const char *why);
/* It was due and is not answered now that the run is over. */
void load_unanswered(struct load *, uint64_t due_ns);
/* Calls the mode's due in a moment, for those who failed. */
void load_retry_soon(struct load *);
/* Calls the mode's due when the next one is. */
void load_wake_at_next(struct load *);

#endif
