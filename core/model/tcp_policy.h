#ifndef MODEL_TCP_POLICY_H
#define MODEL_TCP_POLICY_H

#include "conf/schema.h"

/*
 * tcp_policy: what BackendPolicy says of connections to ports that carry bytes.
 */
struct model_tcp_policy {
	int64_t idle_ms;	/* 0: none, as the next */
	int64_t max_ms;
};

extern const struct conf_schema model_tcp_policy_schema;

#endif
