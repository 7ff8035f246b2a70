#include "chain/worker_env.h"
#include "filter/caller.h"
#include "pki/spiffe.h"

struct slice
filter_caller(struct l7_ctx *ctx)
{
	const struct conn_peer *peer = l7_peer(ctx);
	struct spiffe id;

	if (peer->id[0] == '\0')
		return l7_summary(ctx)->is_own ? l7_env(ctx)->account :
		    SLICE_NONE;
	if (!spiffe_parse(&id, slice_str(peer->id)) ||
	    id.kind != SPIFFE_WORKLOAD)
		return SLICE_NONE;
	return slice_str(arena_printf(l7_arena(ctx), "%.*s/%.*s",
	    SLICE_ARG(id.ns), SLICE_ARG(id.name)));
}

bool
filter_is_grpc(const struct http_head *request)
{
	return slice_has_prefix(http_fields_get(&request->fields,
	    FIELD_CONTENT_TYPE), SLICE("application/grpc"));
}

struct http_head *
filter_grpc_answer(struct arena *a, int status, struct slice message)
{
	struct http_head *h = arena_alloc(a, sizeof(*h));

	http_head_init(h, a);
	h->status = 200;
	http_fields_add_id(&h->fields, FIELD_CONTENT_TYPE,
	    SLICE("application/grpc"));
	http_fields_add(&h->fields, SLICE("grpc-status"),
	    slice_str(arena_printf(a, "%d", status)));
	http_fields_add(&h->fields, SLICE("grpc-message"), message);
	return h;
}
