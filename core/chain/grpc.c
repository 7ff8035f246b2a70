#include "base/arena.h"
#include "chain/grpc.h"

#define MEDIA_TYPE	"application/grpc"

static const struct {
	int http, grpc;
} of_http[] = {
	{ 400, GRPC_INTERNAL },
	{ 401, GRPC_UNAUTHENTICATED },
	{ 403, GRPC_PERMISSION_DENIED },
	{ 404, GRPC_UNIMPLEMENTED },
	{ 408, GRPC_DEADLINE_EXCEEDED },
	{ 413, GRPC_RESOURCE_EXHAUSTED },
	{ 429, GRPC_RESOURCE_EXHAUSTED },
	{ 502, GRPC_UNAVAILABLE },
	{ 503, GRPC_UNAVAILABLE },
	{ 504, GRPC_DEADLINE_EXCEEDED },
};

bool
grpc_is_asked(const struct http_head *request)
{
	struct slice type = http_fields_get(&request->fields,
	    FIELD_CONTENT_TYPE);
	size_t len = sizeof(MEDIA_TYPE) - 1;

	return slice_has_prefix(type, SLICE(MEDIA_TYPE)) && (type.len == len ||
	    type.ptr[len] == '+' || type.ptr[len] == ';');
}

int
grpc_status_of_http(int status)
{
	for (size_t i = 0; i < sizeof(of_http) / sizeof(*of_http); i++)
		if (of_http[i].http == status)
			return of_http[i].grpc;
	return GRPC_UNKNOWN;
}

int
grpc_http_status(const struct http_head *answer)
{
	struct slice status = http_fields_get(&answer->fields,
	    FIELD_GRPC_STATUS);

	if (answer->status != 200)
		return answer->status;
	if (slice_is(status, "14"))
		return 503;
	return slice_is(status, "4") ? 504 : 200;
}

void
grpc_answer(struct http_head *h, int status, struct slice message)
{
	h->status = 200;
	http_fields_set_id(&h->fields, FIELD_CONTENT_TYPE, SLICE(MEDIA_TYPE));
	http_fields_set_id(&h->fields, FIELD_GRPC_STATUS, slice_str(
	    arena_printf(h->fields.arena, "%d", status)));
	http_fields_set(&h->fields, SLICE("grpc-message"), message);
}
