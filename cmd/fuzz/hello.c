#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "cmd/fuzz/fuzz.h"
#include "tls/hello.h"

static bool
lies_in(struct slice s, const struct hello *h)
{
	const char *bytes = (const char *)h->bytes;

	return s.ptr == NULL ||
	    (s.ptr >= bytes && s.ptr + s.len <= bytes + HELLO_MAX);
}

/* What was known of the first bytes is not changed by more of them. */
static void
peek(const uint8_t *data, size_t size, size_t at)
{
	char name[HELLO_NAME_MAX], early[HELLO_NAME_MAX];
	enum hello_state state = hello_name(slice_of(data, size), name);
	enum hello_state before = hello_name(slice_of(data, at), early);

	check(before == HELLO_MORE || before == state);
	check(before != HELLO_NAMED || strcmp(name, early) == 0);
	check(state != HELLO_NAMED || strlen(name) < HELLO_NAME_MAX);
}

int
fuzz_hello(const uint8_t *data, size_t size)
{
	static const char *const ours[] = { "h2", "http/1.1", NULL };
	struct hello *whole = mem_zalloc(sizeof(*whole));
	struct hello *cut = mem_zalloc(sizeof(*cut));
	struct buf in = { 0 }, rest = { 0 };
	size_t at = fuzz_cut(data, size);

	buf_add(&in, data, size);
	bool ok = hello_parse(whole, &in);

	check(buf_len(&in) == size);
	buf_fini(&in);
	buf_add(&in, data, at);
	hello_parse(cut, &in);
	buf_add(&rest, data + at, size - at);
	buf_move(&in, &rest);
	check(hello_parse(cut, &in) == ok);
	if (ok) {
		check(lies_in(whole->sni, whole));
		check(lies_in(whole->protocols, whole));
		check(lies_in(whole->signatures, whole));
		check(slice_eq(whole->signatures, cut->signatures));
		check(hello_takes(whole, true) == hello_takes(cut, true));
		check(slice_eq(whole->sni, cut->sni));
		check(slice_eq(whole->protocols, cut->protocols));
		check(strcmp(hello_choose(whole, ours),
		    hello_choose(cut, ours)) == 0);
	}
	peek(data, size, at);
	buf_fini(&in);
	mem_free(whole);
	mem_free(cut);
	return 0;
}
