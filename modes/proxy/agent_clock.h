#ifndef PROXY_AGENT_CLOCK_H
#define PROXY_AGENT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "http/head.h"

/*
 * agent_clock: whether our clock agrees with control's, by the Date of what it
 * answers (RFC 9110, 6.6.1).
 *
 * Certificates allow a minute.  A machine that is further off takes good ones
 * for ended, or not begun, and often comes no further than the first answer,
 * so that control never hears of it: it has to say so itself.
 */
#define AGENT_CLOCK_WARN_S	30

/* By how much we are ahead of the date; false: it is none. */
bool agent_clock_ahead(struct slice date, int64_t now, int64_t *ahead_s);
/* Warns of it in the log.  The answer may be of anybody: that is all it does. */
void agent_clock_check(const struct http_head *answer, const char *control);

#endif
