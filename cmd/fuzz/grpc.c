#include "base/check.h"
#include "chain/grpc_timeout.h"
#include "cmd/fuzz/fuzz.h"
#include "filter/grpc_web_text.h"
#include "upstream/grpc_health.h"

/* Text means the same however it is cut. */
static void
check_text(struct slice text, size_t at)
{
	struct grpc_web_text one = { .rest_len = 0 }, two = one;
	struct buf whole = { 0 }, cut = { 0 }, rest = { 0 };

	buf_add_slice(&whole, text);
	bool is_good = grpc_web_decode(&one, &whole, true);

	buf_add(&cut, text.ptr, at);
	bool both = grpc_web_decode(&two, &cut, false);

	buf_add(&rest, text.ptr + at, text.len - at);
	both = both && grpc_web_decode(&two, &rest, true);
	check(both == is_good);
	buf_move(&cut, &rest);
	check(!is_good || slice_eq(buf_pull(&whole, buf_len(&whole)),
	    buf_pull(&cut, buf_len(&cut))));
	buf_fini(&whole);
	buf_fini(&cut);
	buf_fini(&rest);
}

/* Bytes are read as they were written. */
static void
check_bytes(struct slice bytes)
{
	struct grpc_web_text t = { .rest_len = 0 };
	struct buf b = { 0 };

	buf_add_slice(&b, bytes);
	grpc_web_encode(&b);
	check(grpc_web_decode(&t, &b, true));
	check(slice_eq(buf_pull(&b, buf_len(&b)), bytes));
	buf_fini(&b);
}

static int
read_framed(struct slice message, struct slice more)
{
	size_t len = message.len + more.len;
	const char head[] = { 0, (char)(len >> 24), (char)(len >> 16),
		(char)(len >> 8), (char)len };
	struct buf b = { 0 };

	buf_add(&b, head, sizeof(head));
	buf_add_slice(&b, message);
	buf_add_slice(&b, more);
	int status = grpc_health_read(buf_pull(&b, buf_len(&b)));

	buf_fini(&b);
	return status;
}

/* A field that we do not know changes nothing, one that is cut everything. */
static void
check_health(struct slice message)
{
	int status = read_framed(message, SLICE_NONE);

	check(status >= -1 && grpc_health_read(message) >= -1);
	if (status < 0)
		return;
	check(read_framed(message, SLICE("\x12\1x")) == status);
	check(read_framed(message, SLICE("\x12\2x")) == -1);
}

/* What is passed on is never more than what was said. */
static void
check_timeout(struct slice value)
{
	struct http_fields f;
	struct arena a;

	arena_init(&a);
	http_fields_init(&f, &a);
	http_fields_add(&f, SLICE("grpc-timeout"), value);
	int64_t us = grpc_timeout_us(&f);

	check(us >= -1);
	if (us > 0) {
		grpc_timeout_set(&f, (uint64_t)us);
		check(grpc_timeout_us(&f) > 0 && grpc_timeout_us(&f) <= us);
	}
	arena_fini(&a);
}

int
fuzz_grpc(const uint8_t *data, size_t size)
{
	struct slice input = slice_of(data, size);

	check_text(input, fuzz_cut(data, size));
	check_bytes(input);
	check_health(input);
	check_timeout(input);
	return 0;
}
