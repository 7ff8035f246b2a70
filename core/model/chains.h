#ifndef MODEL_CHAINS_H
#define MODEL_CHAINS_H

#include "conf/schema.h"

/*
 * chains: the filters that documents put before a listener's terminal, in
 * the order in which they run towards the service.  The model knows neither
 * which filters exist nor what their config means: the filter's own configure
 * reads the node.
 */
struct model_filter {
	const char             *name;
	const struct conf_node *config;	/* NULL: none given */
};

struct model_chains {
	struct model_filter *inbound;	/* from other sidecars to the application */
	size_t               inbound_len;
	struct model_filter *outbound;	/* from the application to other services */
	size_t               outbound_len;
};

extern const struct conf_schema model_chains_schema;

#endif
