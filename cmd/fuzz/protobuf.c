#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "http/protobuf.h"

#define DEEPEST	8

static void
put(struct str *out, const struct protobuf_field *f)
{
	switch (f->wire) {
	case PROTOBUF_VARINT:
		protobuf_put_u64(out, f->number, f->n);
		break;
	case PROTOBUF_FIXED64:
		protobuf_put_fixed64(out, f->number, f->n);
		break;
	case PROTOBUF_BYTES:
		protobuf_put_bytes(out, f->number, f->bytes);
		break;
	case PROTOBUF_FIXED32:
		protobuf_put_fixed32(out, f->number, (uint32_t)f->n);
		break;
	}
}

/* Fields lie in the message, and are the same when written and read again. */
static void
check_fields(struct slice message, int depth)
{
	struct protobuf p, again;
	struct protobuf_field f, g;
	struct str one = { 0 };
	struct slice key, value;

	protobuf_init(&p, message);
	while (protobuf_next(&p, &f)) {
		struct protobuf read = p;

		str_clear(&one);
		put(&one, &f);
		protobuf_init(&again, str_slice(&one));
		check(protobuf_next(&again, &g) && protobuf_end(&again));
		check(g.number == f.number && g.wire == f.wire && g.n == f.n &&
		    slice_eq(g.bytes, f.bytes));
		check(protobuf_entry(&read, &f, &key, &value) == !read.bad);
		if (f.wire != PROTOBUF_BYTES)
			continue;
		check(f.bytes.ptr >= message.ptr && f.bytes.len <=
		    (size_t)(message.ptr + message.len - f.bytes.ptr));
		if (depth < DEEPEST)
			check_fields(f.bytes, depth + 1);
	}
	check(protobuf_end(&p) == !p.bad);
	str_fini(&one);
}

int
fuzz_protobuf(const uint8_t *data, size_t size)
{
	check_fields(slice_of(data, size), 0);
	return 0;
}
