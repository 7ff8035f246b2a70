#include "base/check.h"
#include "http/protobuf.h"

#define VARINT_MAX	10	/* bytes */
#define NUMBER_MAX	((UINT32_C(1) << 29) - 1)
#define WIRE_BITS	3

/* --- reading --------------------------------------------------------------------- */

void
protobuf_init(struct protobuf *p, struct slice s)
{
	*p = (struct protobuf){ .rest = s };
}

bool
protobuf_end(const struct protobuf *p)
{
	return !p->bad && p->rest.len == 0;
}

bool
protobuf_fail(struct protobuf *p)
{
	p->bad = true;
	p->rest = SLICE_NONE;
	return false;
}

static bool
read_varint(struct slice *s, uint64_t *out)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->len && i < VARINT_MAX; i++) {
		uint64_t byte = (unsigned char)s->ptr[i];

		if (i == VARINT_MAX - 1 && byte > 1)
			return false;
		n |= (byte & 0x7f) << 7 * i;
		if (byte < 0x80) {
			*out = n;
			*s = slice_from(*s, i + 1);
			return true;
		}
	}
	return false;
}

/* Least significant byte first. */
static bool
read_fixed(struct slice *s, size_t len, uint64_t *out)
{
	*out = 0;
	if (s->len < len)
		return false;
	for (size_t i = 0; i < len; i++)
		*out |= (uint64_t)(unsigned char)s->ptr[i] << 8 * i;
	*s = slice_from(*s, len);
	return true;
}

static bool
read_bytes(struct slice *s, struct slice *out)
{
	uint64_t len;

	if (!read_varint(s, &len) || len > s->len)
		return false;
	*out = slice_of(s->ptr, (size_t)len);
	*s = slice_from(*s, (size_t)len);
	return true;
}

static bool
read_value(struct slice *s, struct protobuf_field *f)
{
	switch (f->wire) {
	case PROTOBUF_VARINT:
		return read_varint(s, &f->n);
	case PROTOBUF_FIXED64:
		return read_fixed(s, 8, &f->n);
	case PROTOBUF_BYTES:
		return read_bytes(s, &f->bytes);
	case PROTOBUF_FIXED32:
		return read_fixed(s, 4, &f->n);
	default:	/* groups, which are of the past, and no type at all */
		return false;
	}
}

bool
protobuf_next(struct protobuf *p, struct protobuf_field *f)
{
	uint64_t tag;

	if (p->rest.len == 0)
		return false;
	if (!read_varint(&p->rest, &tag) || tag > UINT32_MAX ||
	    tag >> WIRE_BITS == 0)
		return protobuf_fail(p);
	*f = (struct protobuf_field){
		.number = (uint32_t)(tag >> WIRE_BITS),
		.wire = (enum protobuf_wire)(tag & ((1 << WIRE_BITS) - 1)),
	};
	return read_value(&p->rest, f) || protobuf_fail(p);
}

/* --- what a field is --------------------------------------------------------------- */

bool
protobuf_u64(struct protobuf *p, const struct protobuf_field *f, uint64_t *out)
{
	if (f->wire != PROTOBUF_VARINT)
		return protobuf_fail(p);
	*out = f->n;
	return true;
}

bool
protobuf_i64(struct protobuf *p, const struct protobuf_field *f, int64_t *out)
{
	uint64_t n;

	if (!protobuf_u64(p, f, &n))
		return false;
	*out = (int64_t)n;
	return true;
}

bool
protobuf_bool(struct protobuf *p, const struct protobuf_field *f, bool *out)
{
	uint64_t n;

	if (!protobuf_u64(p, f, &n))
		return false;
	*out = n != 0;
	return true;
}

bool
protobuf_bytes(struct protobuf *p, const struct protobuf_field *f,
    struct slice *out)
{
	if (f->wire != PROTOBUF_BYTES)
		return protobuf_fail(p);
	*out = f->bytes;
	return true;
}

static bool
is_text(struct slice s)
{
	while (s.len > 0) {
		size_t n = slice_utf8(s);

		if (n == 0)
			return false;
		s = slice_from(s, n);
	}
	return true;
}

bool
protobuf_text(struct protobuf *p, const struct protobuf_field *f,
    struct slice *out)
{
	if (f->wire != PROTOBUF_BYTES || !is_text(f->bytes))
		return protobuf_fail(p);
	*out = f->bytes;
	return true;
}

bool
protobuf_enter(struct protobuf *p, const struct protobuf_field *f,
    struct protobuf *inner)
{
	struct slice s = SLICE_NONE;
	bool is_message = protobuf_bytes(p, f, &s);

	protobuf_init(inner, s);
	return is_message;
}

bool
protobuf_entry(struct protobuf *p, const struct protobuf_field *f,
    struct slice *key, struct slice *value)
{
	struct protobuf_field part;
	struct protobuf inner;

	*key = *value = SLICE("");
	protobuf_enter(p, f, &inner);
	while (protobuf_next(&inner, &part)) {
		if (part.number == 1)
			protobuf_text(&inner, &part, key);
		else if (part.number == 2)
			protobuf_text(&inner, &part, value);
	}
	return !p->bad && (protobuf_end(&inner) || protobuf_fail(p));
}

/* --- writing --------------------------------------------------------------------- */

static size_t
make_varint(char *out, uint64_t n)
{
	size_t len = 0;

	do {
		out[len++] = (char)((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
	} while ((n >>= 7) > 0);
	return len;
}

static void
put_varint(struct str *out, uint64_t n)
{
	char text[VARINT_MAX];

	str_add_slice(out, slice_of(text, make_varint(text, n)));
}

static void
put_tag(struct str *out, uint32_t number, enum protobuf_wire wire)
{
	check(number > 0 && number <= NUMBER_MAX);
	put_varint(out, (uint64_t)number << WIRE_BITS | wire);
}

size_t
protobuf_open(struct str *out, uint32_t number)
{
	put_tag(out, number, PROTOBUF_BYTES);
	return out->len;
}

void
protobuf_close(struct str *out, size_t mark)
{
	size_t len = out->len - mark, n;
	char text[VARINT_MAX];

	n = make_varint(text, len);
	str_add_slice(out, slice_of(text, n));
	memmove(out->ptr + mark + n, out->ptr + mark, len);
	memcpy(out->ptr + mark, text, n);
}

void
protobuf_put_u64(struct str *out, uint32_t number, uint64_t n)
{
	put_tag(out, number, PROTOBUF_VARINT);
	put_varint(out, n);
}

void
protobuf_put_i64(struct str *out, uint32_t number, int64_t n)
{
	protobuf_put_u64(out, number, (uint64_t)n);
}

void
protobuf_put_bytes(struct str *out, uint32_t number, struct slice s)
{
	put_tag(out, number, PROTOBUF_BYTES);
	put_varint(out, s.len);
	str_add_slice(out, s);
}

static void
put_fixed(struct str *out, uint64_t n, size_t len)
{
	for (size_t i = 0; i < len; i++)
		str_add_char(out, (char)(n >> 8 * i & 0xff));
}

void
protobuf_put_fixed64(struct str *out, uint32_t number, uint64_t n)
{
	put_tag(out, number, PROTOBUF_FIXED64);
	put_fixed(out, n, 8);
}

void
protobuf_put_fixed32(struct str *out, uint32_t number, uint32_t n)
{
	put_tag(out, number, PROTOBUF_FIXED32);
	put_fixed(out, n, 4);
}

void
protobuf_put_entry(struct str *out, uint32_t number, struct slice key,
    struct slice value)
{
	size_t mark = protobuf_open(out, number);

	protobuf_put_bytes(out, 1, key);
	protobuf_put_bytes(out, 2, value);
	protobuf_close(out, mark);
}
