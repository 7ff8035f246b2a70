#include "modes/proxy/announce.h"
#include "net/proxy_protocol.h"

struct slice
announce_exchange(struct l7_ctx *ctx, const struct cluster *c)
{
	const struct conn_peer *peer = l7_peer(ctx);
	const struct l7_summary *s = l7_summary(ctx);
	struct str out = { 0 };
	struct addr room;

	if (c->announce == PROXY_NONE)
		return SLICE_NONE;
	struct proxy_header h = {
		.version = c->announce, .authority = l7_request(ctx)->host,
		.unique_id = s->request_id, .identity = slice_str(peer->id),
	};

	h.from = *l7_addr(ctx, &room);
	h.to = *l7_local(ctx, &room);
	proxy_header_put(&out, &h);

	struct slice bytes = arena_dup(l7_arena(ctx), str_slice(&out));

	str_fini(&out);
	return bytes;
}

void
announce_conn(struct str *out, struct conn *conn, const struct cluster *c)
{
	const struct conn_peer *peer = conn_peer(conn);
	struct addr room;

	if (c->announce == PROXY_NONE)
		return;
	struct proxy_header h = {
		.version = c->announce, .authority = slice_str(peer->sni),
		.identity = slice_str(peer->id),
	};

	h.from = *conn_addr(conn, &room);
	h.to = *conn_local(conn, &room);
	proxy_header_put(out, &h);
}
