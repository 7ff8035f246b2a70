#include "chain/worker_env.h"
#include "filter/caller.h"

struct slice
filter_caller(struct l7_ctx *ctx)
{
	const struct conn_peer *peer = l7_peer(ctx);

	if (peer->id[0] == '\0')
		return l7_summary(ctx)->is_own ? l7_env(ctx)->account :
		    SLICE_NONE;
	return peer->account[0] == '\0' ? SLICE_NONE :
	    slice_str(peer->account);
}
