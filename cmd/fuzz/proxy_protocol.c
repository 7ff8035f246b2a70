#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "net/proxy_protocol.h"

static void
check_same(const struct proxy_header *a, const struct proxy_header *b)
{
	check(a->version == b->version && a->is_local == b->is_local);
	check(slice_eq(a->authority, b->authority));
	check(slice_eq(a->unique_id, b->unique_id));
	check(slice_eq(a->identity, b->identity));
	check(a->is_local || (addr_eq(&a->from, &b->from) &&
	    addr_eq(&a->to, &b->to)));
}

/* What is written of it is read again as the same, where nothing is too long. */
static void
write_again(const struct proxy_header *h)
{
	struct proxy_header again, cut = *h;
	struct str out = { 0 };

	if (cut.authority.len > 255)
		cut.authority = SLICE_NONE;
	if (cut.identity.len > 2048)
		cut.identity = SLICE_NONE;
	proxy_header_put(&out, &cut);
	check(proxy_header_parse(&again, str_slice(&out)) == (ptrdiff_t)out.len);
	check(out.len <= (h->version == PROXY_V1 ? PROXY_V1_MAX : PROXY_V2_MAX));
	check_same(&cut, &again);
	str_fini(&out);
}

/* What was known of the first bytes is not changed by more of them. */
int
fuzz_proxy_protocol(const uint8_t *data, size_t size)
{
	struct slice in = slice_of((const char *)data, size);
	struct proxy_header whole, early;
	ptrdiff_t n = proxy_header_parse(&whole, in);
	ptrdiff_t before = proxy_header_parse(&early, slice_of(in.ptr,
	    fuzz_cut(data, size)));

	check(n <= (ptrdiff_t)size && n <= PROXY_V2_MAX);
	check(before == 0 || before == n);
	check(n == 0 || n == -1 || n >= 15);
	if (before > 0)
		check_same(&whole, &early);
	if (n > 0)
		write_again(&whole);
	return 0;
}
