#ifndef MODEL_POOL_H
#define MODEL_POOL_H

#include "model/http2.h"

/*
 * pool: what BackendPolicy says of connections to endpoints.
 */
enum model_h2_upgrade { MODEL_H2_DEFAULT, MODEL_H2_DO_NOT_UPGRADE,
	MODEL_H2_UPGRADE };

struct model_pool {
	int64_t connect_ms;		/* TLS included */
	int64_t idle_ms;		/* of a connection without requests */
	int64_t max_requests;		/* of a connection; 0: no limit */
	int64_t max_age_ms;		/* of a connection; 0: no limit */
	int64_t grace_ms;		/* then, of exchanges; 0: until they end */
	int     upgrade;		/* enum model_h2_upgrade */
	struct model_http2 http2;
};

extern const struct conf_schema model_pool_schema;
extern const char *const model_h2_upgrades[];

#endif
