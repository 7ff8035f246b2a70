#ifndef MODEL_UPGRADES_H
#define MODEL_UPGRADES_H

#include "conf/schema.h"

/*
 * upgrades: what BackendPolicy says of requests that ask for another protocol
 * on their connection (RFC 9110, section 7.8), and of the tunnels that they
 * become.
 */
enum model_upgrade_allow { MODEL_UPGRADE_WEBSOCKET, MODEL_UPGRADE_ANY,
	MODEL_UPGRADE_NONE };

struct model_upgrades {
	int     allow;		/* enum model_upgrade_allow */
	int64_t idle_ms;	/* 0: none, as the next */
	int64_t max_ms;
};

extern const struct conf_schema model_upgrades_schema;

#endif
