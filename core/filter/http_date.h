#ifndef FILTER_HTTP_DATE_H
#define FILTER_HTTP_DATE_H

#include "base/arena.h"
#include "base/slice.h"

/*
 * http_date: times in fields (RFC 9110, section 5.6.7).
 */

/* Seconds since 1970 of any of the three forms; -1: none of them. */
int64_t http_date_read(struct slice);
/* As an IMF-fixdate, in the arena. */
struct slice http_date_text(struct arena *, int64_t wall_s);

#endif
