#ifndef PROXY_AUTHORIZE_LOG_H
#define PROXY_AUTHORIZE_LOG_H

#include <stdbool.h>

#include "loop/loop.h"

/*
 * authorize_log: how many lines about decisions a worker writes: 8 in a second
 * that begins with the first.  Those beyond are counted, and when the second
 * is over one line says how many there were of each decision.
 * Life: authorize_log_init -> authorize_may_log ... -> authorize_log_stop.
 */
#define AUTHORIZE_LINES_MAX	8

enum authorize_line { AUTHORIZE_DENY, AUTHORIZE_CUT, AUTHORIZE_AUDIT,
	AUTHORIZE_WOULD_DENY, AUTHORIZE_WOULD_ASK, AUTHORIZE_LET_BY,
	AUTHORIZE_LINES };

struct authorize_log {
	struct loop_timer window;
	unsigned          lines;	/* written in it */
	unsigned          left_out[AUTHORIZE_LINES];
};

struct proxy_worker;
void authorize_log_init(struct proxy_worker *);
void authorize_log_stop(struct proxy_worker *);	/* says what is left to say */
/* Whether there may be another line now; else it is counted. */
bool authorize_may_log(struct proxy_worker *, enum authorize_line);
/* "deny", as in lines, and for all but the last as label of the counter. */
const char *authorize_line_name(enum authorize_line);

#endif
