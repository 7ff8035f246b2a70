#include <limits.h>

#include "chain/grpc.h"
#include "chain/grpc_timeout.h"
#include "upstream/grpc_health.h"

#define PATH		"/grpc.health.v1.Health/Check"
#define PREFIX_LEN	5	/* compressed or not, and the length */
#define VARINT_MAX	10	/* bytes */
#define TAG_MAX		((UINT64_C(1) << 32) - 1)

enum wire { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_32 = 5 };

/* --- writing --------------------------------------------------------------------- */

static size_t
varint_put(char *out, uint64_t n)
{
	size_t len = 0;

	do {
		out[len++] = (char)((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
	} while ((n >>= 7) > 0);
	return len;
}

/* string service = 1; left out if it is empty. */
void
grpc_health_put(struct buf *out, struct slice service)
{
	char head[PREFIX_LEN + 1 + VARINT_MAX] = { 0 };
	size_t len = 0, all;

	if (service.len > 0) {
		head[PREFIX_LEN] = 1 << 3 | WIRE_BYTES;
		len = 1 + varint_put(head + PREFIX_LEN + 1, service.len);
	}
	all = len + service.len;
	for (size_t i = 1; i < PREFIX_LEN; i++)
		head[i] = (char)(all >> 8 * (PREFIX_LEN - 1 - i));
	buf_add(out, head, PREFIX_LEN + len);
	buf_add_slice(out, service);
}

/* --- reading --------------------------------------------------------------------- */

static bool
varint_read(struct slice *s, uint64_t *out)
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

static bool
skip(struct slice *s, uint64_t n)
{
	if (n > s->len)
		return false;
	*s = slice_from(*s, (size_t)n);
	return true;
}

/* Groups are of the past. */
static bool
skip_field(struct slice *s, unsigned wire)
{
	uint64_t n;

	switch (wire) {
	case WIRE_VARINT:
		return varint_read(s, &n);
	case WIRE_64:
		return skip(s, 8);
	case WIRE_BYTES:
		return varint_read(s, &n) && skip(s, n);
	case WIRE_32:
		return skip(s, 4);
	default:
		return false;
	}
}

/* ServingStatus status = 1; of several the last counts. */
static int
read_message(struct slice s)
{
	uint64_t tag, status = GRPC_SERVING_UNKNOWN;

	while (s.len > 0) {
		if (!varint_read(&s, &tag) || tag > TAG_MAX || tag >> 3 == 0)
			return -1;
		if (tag == (1 << 3 | WIRE_VARINT)) {
			if (!varint_read(&s, &status) || status > INT_MAX)
				return -1;
		} else if (tag >> 3 == 1 || !skip_field(&s, tag & 7)) {
			return -1;
		}
	}
	return (int)status;
}

int
grpc_health_read(struct slice body)
{
	uint64_t len = 0;

	if (body.len < PREFIX_LEN || body.ptr[0] != 0)
		return -1;
	for (size_t i = 1; i < PREFIX_LEN; i++)
		len = len << 8 | (unsigned char)body.ptr[i];
	return len != body.len - PREFIX_LEN ? -1 :
	    read_message(slice_from(body, PREFIX_LEN));
}

/* --- the call -------------------------------------------------------------------- */

struct exchange *
grpc_health_ask(struct conn *c, const struct grpc_health_question *q,
    void (*done)(void *, const struct exchange_result *), void *arg)
{
	const struct exchange_limits limits = {
		.body_bytes = GRPC_HEALTH_BODY_MAX, .timeout_ms = q->timeout_ms,
	};
	struct buf body = { 0 };
	struct exchange *x;
	struct http_head h;
	struct arena a;

	arena_init(&a);
	http_head_init(&h, &a);
	h.method = SLICE("POST");
	h.method_id = METHOD_POST;
	h.path = SLICE(PATH);
	h.authority = q->authority;
	h.takes_trailers = true;
	http_fields_add_id(&h.fields, FIELD_CONTENT_TYPE,
	    SLICE("application/grpc"));
	grpc_timeout_set(&h.fields, q->timeout_ms * 1000);
	grpc_health_put(&body, q->service);
	x = exchange_start_h2(c, &h, &body, &limits, done, arg);
	buf_fini(&body);
	arena_fini(&a);
	return x;
}

static const char *
word_of(int serving)
{
	switch (serving) {
	case GRPC_SERVING_UNKNOWN:
		return "it says UNKNOWN";
	case GRPC_NOT_SERVING:
		return "it says NOT_SERVING";
	case GRPC_SERVICE_UNKNOWN:
		return "it says SERVICE_UNKNOWN";
	default:
		return "its answer is malformed";
	}
}

bool
grpc_health_is_well(const struct exchange_result *r, const char **why)
{
	const struct http_fields *last = r->trailers;
	int status, serving;

	if (r->error != STREAM_OK || r->head == NULL) {
		*why = stream_error_name(r->error);
		return false;
	}
	if (last == NULL)
		last = &r->head->fields;
	status = grpc_status_read(last);
	if (r->head->status != 200 || !grpc_is_asked(r->head))
		*why = "its answer is not gRPC";
	else if (status == GRPC_UNIMPLEMENTED)
		*why = "it has no grpc.health.v1.Health";
	else if (status != GRPC_OK)
		*why = "its health check failed";
	else if ((serving = grpc_health_read(buf_pull(r->body,
	    buf_len(r->body)))) != GRPC_SERVING)
		*why = word_of(serving);
	else
		return true;
	return false;
}
