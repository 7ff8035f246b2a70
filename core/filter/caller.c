#include "chain/worker_env.h"
#include "filter/caller.h"
#include "link/caller.h"

struct slice
filter_caller(struct l7_ctx *ctx)
{
	const struct conn_peer *peer = l7_peer(ctx);
	struct caller c;

	if (peer->id[0] == '\0')
		return l7_summary(ctx)->is_own ? l7_env(ctx)->account :
		    SLICE_NONE;
	if (!caller_split(&c, peer))
		return SLICE_NONE;
	return slice_str(arena_printf(l7_arena(ctx), "%.*s/%.*s",
	    SLICE_ARG(c.ns), SLICE_ARG(c.name)));
}
