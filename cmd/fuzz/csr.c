#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "pki/csr.h"

int
fuzz_csr(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	uint8_t point[KEY_POINT_LEN];

	if (csr_parse(point, slice_of(data, size), &err) == 0)
		check(key_point_ok(slice_of(point, sizeof(point))));
	else
		check(err.kind == ERR_DATA || err.kind == ERR_TOO_LARGE);
	return 0;
}
