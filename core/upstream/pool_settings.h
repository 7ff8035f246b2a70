#ifndef UPSTREAM_POOL_SETTINGS_H
#define UPSTREAM_POOL_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "http/limits.h"

/*
 * pool_settings: for how long connections to endpoints are kept and used, and
 * what peers may do on those of HTTP/2.
 */
enum link_choice {	/* what another sidecar is spoken to with: link_load.h */
	LINK_BY_LOAD,
	LINK_HTTP1,	/* a connection for each request under way */
	LINK_HTTP2,	/* one for many */
};

struct pool_settings {
	uint64_t idle_ms;	/* 30,000 */
	uint64_t fresh_ms;	/* 1,000: then not for what goes once */
	uint64_t requests;	/* of a connection; 0: no limit */
	uint64_t age_ms;	/* of a connection; 0: no limit */
	uint64_t grace_ms;	/* then, HTTP/2; 0: no limit */
	enum link_choice link;	/* for services that speak HTTP/1 */
	struct h2_limits h2;
	uint64_t ping_ms;	/* of silence: 30,000; sent to members alone */
	uint64_t pong_ms;	/* 10,000 */
	bool     pings_all;	/* ... and to anybody, if it was asked for */
};

void pool_settings_init(struct pool_settings *);
bool pool_settings_are_same(const struct pool_settings *,
    const struct pool_settings *);

#endif
