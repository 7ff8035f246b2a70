#include "model/upgrades.h"

#define AT(member)	CONF_AT(struct model_upgrades, member)
#define DAY_MS		86400000

static const char *const allowed[] = { "websocket", "any", "none", NULL };

static const struct conf_field fields[] = {
	{ "allow", CONF_ENUM_T, AT(allow), .words = allowed,
	    .fallback = "websocket",
	    .text = "which protocols a request may switch to" },
	{ "idleTimeout", CONF_DURATION_T, AT(idle_ms), .min = 0,
	    .max = INT64_C(365) * DAY_MS, .fallback = "1h",
	    .text = "without a byte either way; 0s: none" },
	{ "maxDuration", CONF_DURATION_T, AT(max_ms), .min = 0,
	    .max = INT64_C(365) * DAY_MS, .fallback = "0s",
	    .text = "from the switch to the end; 0s: none" },
	{ 0 },
};

const struct conf_schema model_upgrades_schema = { "upgrades",
	sizeof(struct model_upgrades), fields, NULL };
