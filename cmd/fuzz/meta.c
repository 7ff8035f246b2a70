#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "link/meta.h"

/* What was understood, written again, is understood to be the same. */
int
fuzz_meta(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);
	struct str again = { 0 };
	struct meta m, n;

	meta_read(&m, text);
	check(m.source.len <= size);
	check(slice_find(m.source, '\n') < 0);
	if (m.has_client)
		meta_add_client(&again, &m.from, &m.to);
	meta_add_source(&again, m.source);
	meta_read(&n, str_slice(&again));
	check(n.has_client == m.has_client && slice_eq(n.source, m.source));
	if (m.has_client)
		check(addr_eq(&n.from, &m.from) && addr_eq(&n.to, &m.to));
	str_fini(&again);
	return 0;
}
