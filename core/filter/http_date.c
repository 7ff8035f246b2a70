#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "filter/http_date.h"

static const char *const months[] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
	"Nov", "Dec"
};
static const char *const days[] = {
	"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"
};

struct parts {
	char month[4];
	int  year, day, h, m, s;
};

static int64_t
seconds_of(const struct parts *p)
{
	int month = 0;

	while (month < 12 && !slice_is(slice_str(p->month), months[month]))
		month++;
	if (month == 12 || p->year < 1970 || p->year > 9999 || p->day < 1 ||
	    p->day > 31 || p->h < 0 || p->h > 23 || p->m < 0 || p->m > 59 ||
	    p->s < 0 || p->s > 60)
		return -1;
	return clock_from_utc(p->year, month + 1, p->day, p->h, p->m, p->s);
}

int64_t
http_date_read(struct slice text)
{
	struct parts p = { 0 };
	char s[40];
	int end = 0;

	if (text.len == 0 || text.len >= sizeof(s))
		return -1;
	if (slice_find(text, '+') >= 0)
		return -1;	/* which sscanf would take */
	memcpy(s, text.ptr, text.len);
	s[text.len] = '\0';
	if (sscanf(s, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n",
	    &p.day, p.month, &p.year, &p.h, &p.m, &p.s, &end) == 6 && end > 0)
		return seconds_of(&p);
	if (sscanf(s, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n",
	    &p.day, p.month, &p.year, &p.h, &p.m, &p.s, &end) == 6 && end > 0) {
		/* More than 50 years ahead is in the past. */
		p.year += p.year < 70 ? 2000 : 1900;
		return seconds_of(&p);
	}
	if (sscanf(s, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n",
	    p.month, &p.day, &p.h, &p.m, &p.s, &p.year, &end) == 6 && end > 0)
		return seconds_of(&p);
	return -1;
}

struct slice
http_date_text(struct arena *a, int64_t wall_s)
{
	time_t t = wall_s;
	struct tm tm;

	gmtime_r(&t, &tm);
	return slice_str(arena_printf(a, "%s, %02d %s %04d %02d:%02d:%02d GMT",
	    days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
	    tm.tm_hour, tm.tm_min, tm.tm_sec));
}
