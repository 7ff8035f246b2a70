#include <stdio.h>

#include "base/clock.h"
#include "conf/units.h"

/* Longest names first where one begins with another. */
static const struct {
	const char *name;
	int64_t     ms;
} durations[] = {
	{ "ms", 1 },
	{ "h", 3600000 },
	{ "m", 60000 },
	{ "s", 1000 },
};

static const struct {
	const char *name;
	int64_t     bytes;
} sizes[] = {
	{ "", 1 },
	{ "k", 1000 },
	{ "M", 1000000 },
	{ "G", 1000000000 },
	{ "Ki", INT64_C(1) << 10 },
	{ "Mi", INT64_C(1) << 20 },
	{ "Gi", INT64_C(1) << 30 },
};

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static size_t
digits_of(struct slice s)
{
	size_t n = 0;

	while (n < s.len && s.ptr[n] >= '0' && s.ptr[n] <= '9')
		n++;
	return n;
}

static bool
cut_duration(struct slice *s, int64_t *ms)
{
	size_t digits = digits_of(*s);
	uint64_t value;

	if (digits == 0 || digits > 5 ||
	    !slice_u64(slice_of(s->ptr, digits), &value))
		return false;
	*s = slice_from(*s, digits);
	for (size_t i = 0; i < COUNT(durations); i++) {
		struct slice name = slice_str(durations[i].name);

		if (!slice_has_prefix(*s, name))
			continue;
		*s = slice_from(*s, name.len);
		*ms += (int64_t)value * durations[i].ms;
		return true;
	}
	return false;
}

bool
conf_duration_read(struct slice s, int64_t *ms)
{
	int64_t sum = 0;
	size_t parts = 0;

	do
		if (parts++ == 4 || !cut_duration(&s, &sum))
			return false;
	while (s.len > 0);
	*ms = sum;
	return true;
}

void
conf_duration_text(char out[CONF_DURATION_TEXT], int64_t ms)
{
	static const size_t order[] = { 1, 2, 3, 0 };
	size_t at = 0;

	snprintf(out, CONF_DURATION_TEXT, "0s");
	for (size_t i = 0; i < COUNT(order); i++) {
		int64_t unit = durations[order[i]].ms;

		if (ms < unit)
			continue;
		int n = snprintf(out + at, CONF_DURATION_TEXT - at, "%lld%s",
		    (long long)(ms / unit), durations[order[i]].name);

		if (n > 0)
			at += (size_t)n;
		ms %= unit;
	}
}

bool
conf_bytes_read(struct slice s, int64_t *bytes)
{
	size_t digits = digits_of(s);
	uint64_t value;

	if (!slice_u64(slice_of(s.ptr, digits), &value))
		return false;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		if (!slice_is(slice_from(s, digits), sizes[i].name))
			continue;
		if (value > (uint64_t)(INT64_MAX / sizes[i].bytes))
			return false;
		*bytes = (int64_t)value * sizes[i].bytes;
		return true;
	}
	return false;
}

/* Reads as many digits as the shape has 0s; other characters must match. */
bool
conf_time_read(struct slice s, int64_t *seconds)
{
	static const char shape[] = "0000-00-00T00:00:00Z";
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int field[6] = { 0 }, at = 0;

	if (s.len != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (shape[i] == '0') {
			if (s.ptr[i] < '0' || s.ptr[i] > '9')
				return false;
			field[at] = field[at] * 10 + (s.ptr[i] - '0');
		} else if (s.ptr[i] != shape[i]) {
			return false;
		} else if (at < 5) {
			at++;
		}
	}
	if (field[0] < 1970 || field[1] < 1 || field[1] > 12 || field[2] < 1 ||
	    field[2] > days[field[1] - 1] || field[3] > 23 || field[4] > 59 ||
	    field[5] > 59)
		return false;
	*seconds = clock_from_utc(field[0], field[1], field[2], field[3],
	    field[4], field[5]);
	return true;
}
