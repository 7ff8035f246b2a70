#ifndef MODEL_POOL_H
#define MODEL_POOL_H

#include "model/http2.h"

/*
 * pool: what BackendPolicy says of connections to endpoints.
 */
struct model_pool {
	int64_t connect_ms;		/* TLS included */
	int64_t idle_ms;		/* of a connection without requests */
	int64_t max_requests;		/* of a connection; 0: no limit */
	int64_t max_age_ms;		/* of a connection; 0: no limit */
	int64_t grace_ms;		/* then, of exchanges; 0: until they end */
	struct model_http2 http2;
};

extern const struct conf_schema model_pool_schema;

#endif
