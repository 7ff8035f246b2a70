#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/*
 * clock: monotonic time for intervals, wall time for what people and
 * certificates see.  Timers never depend on wall time.
 */
uint64_t clock_mono_ns(void);
uint64_t clock_mono_ms(void);
int64_t  clock_wall_s(void);	/* seconds since 1970 */
uint64_t clock_wall_us(void);
/* RFC 3339 in UTC: "2026-11-21T01:12:41Z", or with ".123" when ms >= 0. */
#define CLOCK_TEXT_MAX	32
void clock_format(char out[CLOCK_TEXT_MAX], int64_t wall_s, int ms);
/* Days from civil; year 1970..9999.  The inverse of gmtime, without libc's TZ. */
int64_t clock_from_utc(int year, int mon, int day, int h, int m, int s);

#endif
