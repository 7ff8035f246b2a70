#include <string.h>

#include "modes/control/api_caller.h"
#include "modes/control/api_rows.h"
#include "modes/control/records.h"
#include "modes/control/sessions.h"
#include "sync/message.h"

/* api_session: how a session gets on and off its connection. */

struct bridge {
	struct api_call *call;
	struct session  *session;	/* NULL: not yet, or no more */
};

static void
write_bytes(void *arg, struct buf *b)
{
	struct bridge *br = arg;

	api_stream_write(br->call, b);
}

static void
end(void *arg)
{
	struct bridge *br = arg;

	api_stream_end(br->call);
}

static const struct session_io io = { write_bytes, end };

static void
on_paused(void *arg, bool is_paused)
{
	struct bridge *br = arg;

	if (br->session != NULL)
		session_paused(br->session, is_paused);
}

static void
on_bytes(void *arg, struct buf *b, bool is_end)
{
	struct bridge *br = arg;

	if (br->session != NULL)
		session_bytes(br->session, b, is_end);
}

static void
on_gone(void *arg)
{
	struct bridge *br = arg;

	if (br->session != NULL)
		session_gone(br->session);
	br->session = NULL;
	api_call_unref(br->call);
}

static const struct api_stream_ops ops = { on_paused, on_bytes, on_gone };

static void
open_session(struct api_call *call, const struct cert_record *c)
{
	struct bridge *br = arena_zalloc(&call->arena, sizeof(*br));
	const struct conn_peer *peer = l7_peer(call->ctx);
	struct addr room;
	char ip[ADDR_TEXT_MAX];

	addr_format_ip(l7_addr(call->ctx, &room), ip);

	const char *joined = c->attestor.len > 0 ? arena_printf(&call->arena,
	    "host %.*s by %.*s", SLICE_ARG(c->host), SLICE_ARG(c->attestor)) :
	    arena_printf(&call->arena, "token %.*s", SLICE_ARG(c->token));
	struct session_peer who = { .grant = c->grant, .id = call->id,
	    .address = slice_str(ip), .from = call->who.from,
	    .not_after = peer->not_after, .joined = slice_str(joined) };

	memcpy(who.root, peer->root_hash, sizeof(who.root));
	br->call = api_call_ref(call);
	if (!api_stream_start(call, SYNC_PROTOCOL, &ops, br)) {
		api_call_unref(call);
		return;
	}
	br->session = sessions_open(call->server->sessions, &who, &io, br);
}

static void
on_certificate(void *ctx, const struct store_result *r)
{
	struct api_call *call = ctx;
	struct cert_record c;
	struct err err;

	if (api_caller_record(call, r, "a session is its proxy's", &c,
	    &err) < 0)
		api_answer_err(call, &err);
	else if (call->ctx != NULL)
		open_session(call, &c);
	api_call_unref(call);
}

void
api_session(struct api_call *call)
{
	if (!slice_is(l7_request(call->ctx)->upgrade, SYNC_PROTOCOL)) {
		api_answer_json(call, 426, SLICE("{\"error\":{\"kind\":\"usage\","
		    "\"message\":\"expected Upgrade: " SYNC_PROTOCOL "\"}}\n"));
		return;
	}
	store_get(call->server->store, cert_record_key(&call->arena, call->leaf),
	    &call->server->port, on_certificate, api_call_ref(call));
}
