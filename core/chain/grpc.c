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

bool
grpc_is_asked_by_web(const struct http_head *request)
{
	return slice_has_prefix(http_fields_get(&request->fields,
	    FIELD_CONTENT_TYPE), SLICE(MEDIA_TYPE "-web"));
}

int
grpc_status_read(const struct http_fields *last)
{
	struct slice text = http_fields_get(last, FIELD_GRPC_STATUS);
	uint64_t n;

	if (text.len == 0 || text.len > 9 || !slice_u64(text, &n))
		return GRPC_NONE;
	return n < GRPC_STATUSES ? (int)n : GRPC_UNKNOWN;
}

static bool
is_among(int status, unsigned set)
{
	return status > GRPC_OK && status < GRPC_STATUSES && set >> status & 1;
}

bool
grpc_is_error(int status)
{
	return is_among(status, 1u << GRPC_UNKNOWN |
	    1u << GRPC_DEADLINE_EXCEEDED | 1u << GRPC_UNIMPLEMENTED |
	    1u << GRPC_INTERNAL | 1u << GRPC_UNAVAILABLE | 1u << GRPC_DATA_LOSS);
}

bool
grpc_is_failure(int status)
{
	return is_among(status, 1u << GRPC_DEADLINE_EXCEEDED |
	    1u << GRPC_INTERNAL | 1u << GRPC_UNAVAILABLE | 1u << GRPC_DATA_LOSS);
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
	int status;

	if (answer->status != 200)
		return answer->status;
	status = grpc_status_read(&answer->fields);
	return status == GRPC_UNAVAILABLE ? 503 :
	    status == GRPC_DEADLINE_EXCEEDED ? 504 : 200;
}

void
grpc_status_put(struct http_fields *f, int status, struct slice message)
{
	http_fields_set_id(f, FIELD_GRPC_STATUS, slice_str(arena_printf(
	    f->arena, "%d", status)));
	http_fields_set(f, SLICE("grpc-message"), message);
}

void
grpc_answer(struct http_head *h, int status, struct slice message)
{
	h->status = 200;
	http_fields_set_id(&h->fields, FIELD_CONTENT_TYPE, SLICE(MEDIA_TYPE));
	grpc_status_put(&h->fields, status, message);
}
