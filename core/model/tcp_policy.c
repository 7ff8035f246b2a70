#include "model/tcp_policy.h"

#define AT(member)	CONF_AT(struct model_tcp_policy, member)
#define DAY_MS		86400000

static const struct conf_field fields[] = {
	{ "idleTimeout", CONF_DURATION_T, AT(idle_ms), .min = 0,
	    .max = INT64_C(365) * DAY_MS, .fallback = "1h",
	    .text = "without a byte either way; 0s: none" },
	{ "maxDuration", CONF_DURATION_T, AT(max_ms), .min = 0,
	    .max = INT64_C(365) * DAY_MS, .fallback = "0s",
	    .text = "of a connection, however busy; 0s: none" },
	{ 0 },
};

const struct conf_schema model_tcp_policy_schema = { "tcp",
	sizeof(struct model_tcp_policy), fields, NULL };
