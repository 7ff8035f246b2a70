#include "model/pool.h"

#define DAY	INT64_C(86400000)

#define DURATION(word, where, low, high, unless_given, line)		\
	{ word, CONF_DURATION_T, where, .min = low, .max = high,	\
	    .fallback = unless_given, .text = line }

const char *const model_h2_upgrades[] = {
	[MODEL_H2_DEFAULT] = "DEFAULT",
	[MODEL_H2_DO_NOT_UPGRADE] = "DO_NOT_UPGRADE",
	[MODEL_H2_UPGRADE] = "UPGRADE",
	NULL,
};

#define POOL(member)	CONF_AT(struct model_pool, member)

static const struct conf_field pool_fields[] = {
	DURATION("connectTimeout", POOL(connect_ms), 1, 60000, "1s",
	    "to reach one endpoint, TLS included"),
	DURATION("idleTimeout", POOL(idle_ms), 1, DAY, "30s",
	    "after which a connection without requests is closed"),
	{ "maxRequestsPerConnection", CONF_INT_T, POOL(max_requests), .min = 0,
	    .max = INT32_MAX, .fallback = "0",
	    .text = "after which a connection is closed; 0: no limit" },
	DURATION("maxConnectionDuration", POOL(max_age_ms), 0, 365 * DAY, "0s",
	    "up to a tenth less, after which a connection takes no more requests; "
	    "0s: no limit"),
	DURATION("maxConnectionGrace", POOL(grace_ms), 0, 365 * DAY, "0s",
	    "of HTTP/2: for requests under way then, which are cut off; 0s: they "
	    "may end"),
	{ "h2UpgradePolicy", CONF_ENUM_T, POOL(upgrade),
	    .words = model_h2_upgrades, .fallback = "DEFAULT",
	    .text = "whether requests of HTTP/1 go to other sidecars over HTTP/2, many "
	    "on one connection" },
	{ "http2", CONF_STRUCT_T, POOL(http2), .schema = &model_http2_schema,
	    .text = "limits of HTTP/2" },
	{ 0 },
};

const struct conf_schema model_pool_schema = { "connection pool",
	sizeof(struct model_pool), pool_fields, NULL };
