#ifndef MODEL_HTTP2_H
#define MODEL_HTTP2_H

#include "conf/schema.h"

/*
 * http2: what MeshConfig (of connections to listeners) and BackendPolicy (of
 * those to endpoints) say of HTTP/2.
 */
struct model_keep_alive {
	int64_t interval_ms;	/* of silence, with streams under way */
	int64_t timeout_ms;	/* for the answer */
};

struct model_h2_flood {	/* as struct h2_limits of http/limits.h */
	int64_t resets, pings, settings, priorities, window_updates, empty_data;
	int64_t continuations, queued_frames, queued_acks;
};

struct model_http2 {
	int64_t streams, window, conn_window, head_bytes, frame_bytes;
	struct model_keep_alive *keep_alive;	/* NULL: as the field says */
	struct model_h2_flood    flood;
};

extern const struct conf_schema model_http2_schema, model_keep_alive_schema;

/* What MeshConfig says of connections to listeners of HTTP. */
struct model_http_listeners {
	int64_t max_age_ms, grace_ms;	/* 0: no bound */
	int64_t max_requests;		/* 0: any number */
	struct model_http2 http2;
};

extern const struct conf_schema model_http_listeners_schema;

#endif
