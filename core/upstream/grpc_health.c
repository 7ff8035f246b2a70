#include <limits.h>

#include "chain/grpc.h"
#include "chain/grpc_message.h"
#include "chain/grpc_timeout.h"
#include "http/protobuf.h"
#include "upstream/grpc_health.h"

#define PATH		"/grpc.health.v1.Health/Check"

/* --- messages -------------------------------------------------------------------- */

/* string service = 1; left out if it is empty. */
void
grpc_health_put(struct buf *out, struct slice service)
{
	struct str message = { 0 };

	if (service.len > 0)
		protobuf_put_bytes(&message, 1, service);
	grpc_message_put(out, str_slice(&message));
	str_fini(&message);
}

/* ServingStatus status = 1; of several the last counts. */
int
grpc_health_read(struct slice body)
{
	uint64_t status = GRPC_SERVING_UNKNOWN;
	struct protobuf_field f;
	struct protobuf m;
	struct slice message;

	if (!grpc_message_read(body, &message))
		return -1;
	protobuf_init(&m, message);
	while (protobuf_next(&m, &f))
		if (f.number == 1 && protobuf_u64(&m, &f, &status) &&
		    status > INT_MAX)
			protobuf_fail(&m);
	return protobuf_end(&m) ? (int)status : -1;
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
