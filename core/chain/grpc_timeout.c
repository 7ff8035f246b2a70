#include "base/arena.h"
#include "chain/grpc_timeout.h"

#define NAME		SLICE("grpc-timeout")
#define DIGITS_MAX	8
#define VALUE_MAX	99999999

/* The finest first, but for nanoseconds, which nobody counts here. */
static const struct {
	char     letter;
	uint64_t us;
} units[] = {
	{ 'u', 1 },
	{ 'm', 1000 },
	{ 'S', 1000000 },
	{ 'M', UINT64_C(60) * 1000000 },
	{ 'H', UINT64_C(3600) * 1000000 },
};
#define UNITS	(sizeof(units) / sizeof(*units))

static int64_t
read_value(struct slice digits, char letter)
{
	uint64_t n = 0;

	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return -1;
		n = n * 10 + (uint64_t)(digits.ptr[i] - '0');
	}
	if (letter == 'n')
		return (int64_t)(n / 1000);
	for (size_t i = 0; i < UNITS; i++)
		if (units[i].letter == letter)
			return (int64_t)(n * units[i].us);
	return -1;
}

int64_t
grpc_timeout_us(const struct http_fields *f)
{
	struct slice value = SLICE_NONE;
	size_t found = 0;

	for (size_t i = 0; i < f->len; i++) {
		if (!slice_eq(f->v[i].name, NAME))
			continue;
		value = f->v[i].value;
		found++;
	}
	if (found != 1 || value.len < 2 || value.len > DIGITS_MAX + 1)
		return -1;
	return read_value(slice_of(value.ptr, value.len - 1),
	    value.ptr[value.len - 1]);
}

void
grpc_timeout_set(struct http_fields *f, uint64_t us)
{
	size_t i = 0;

	while (i + 1 < UNITS && us / units[i].us > VALUE_MAX)
		i++;
	uint64_t n = us / units[i].us;

	if (n > VALUE_MAX)
		n = VALUE_MAX;
	http_fields_set(f, NAME, slice_str(arena_printf(f->arena, "%llu%c",
	    (unsigned long long)(n > 0 ? n : 1), units[i].letter)));
}
