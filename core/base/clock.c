#include <stdio.h>
#include <time.h>

#include "base/clock.h"

uint64_t
clock_mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t
clock_mono_ms(void)
{
	return clock_mono_ns() / 1000000u;
}

int64_t
clock_wall_s(void)
{
	return (int64_t)(clock_wall_us() / 1000000u);
}

uint64_t
clock_wall_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

void
clock_format(char out[CLOCK_TEXT_MAX], int64_t wall_s, int ms)
{
	time_t t = (time_t)wall_s;
	struct tm tm;

	gmtime_r(&t, &tm);
	size_t n = strftime(out, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);

	if (ms >= 0)
		snprintf(out + n, CLOCK_TEXT_MAX - n, ".%03dZ", ms % 1000);
	else
		snprintf(out + n, CLOCK_TEXT_MAX - n, "Z");
}

int64_t
clock_from_utc(int year, int mon, int day, int h, int m, int s)
{
	int64_t y = mon <= 2 ? year - 1 : year;
	int64_t era = y / 400, yoe = y - era * 400;
	int64_t doy = (153 * (mon + (mon > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return ((era * 146097 + doe - 719468) * 24 + h) * 3600 + m * 60 + s;
}
