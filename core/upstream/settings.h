#ifndef UPSTREAM_SETTINGS_H
#define UPSTREAM_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * settings: what a policy may say about a cluster, as plain values; what they
 * are unless said otherwise stands behind each and in settings_default.  0 turns
 * off what has no other way to be turned off.
 */
enum lb_policy {
	LB_LEAST_REQUEST,	/* the less busy of two drawn at random */
	LB_ROUND_ROBIN,		/* smooth: turns of the heavy are spread */
	LB_RANDOM,
	LB_PEAK_EWMA,		/* of two, the one with less latency x requests;
				   the default */
	LB_RING_HASH,		/* ketama: few keys move when one leaves */
	LB_MAGLEV,		/* more even than a ring, a few more keys move */
};
#define LB_POLICIES	(LB_MAGLEV + 1)
const char *lb_policy_name(enum lb_policy);	/* "LEAST_REQUEST" ... */
bool lb_policy_parse(struct slice, enum lb_policy *);

enum zone_mode {
	ZONE_ANY,	/* zones do not matter */
	ZONE_EVEN,	/* ours, as long as endpoints of all zones get the same */
	ZONE_LOCAL,	/* ours, as long as enough of it is available */
};

/* How many of the callers stand in a zone. */
struct zone_callers {
	struct slice zone;
	uint32_t     callers;
};

/* All pointers are borrowed until cluster_seal. */
struct balance_settings {
	uint32_t ring_min, ring_max;	/* points: 1,024 and 8,388,608 */
	uint32_t maglev_size;		/* 65,537; a prime, at most 5,000,011 */
	uint32_t bounded_percent;	/* hashes: of the mean load; 0: no bound */
	uint32_t panic_percent;		/* 50: below, health is ignored; 0: never */
	uint32_t overprovision_percent;	/* 140: as much can the healthy take */
	enum zone_mode zone_mode;	/* not for hashes */
	struct slice   zone;		/* where we are */
	const struct zone_callers *callers;	/* none: as many in each zone */
	size_t   callers_len;
	uint32_t zone_min;		/* 6: endpoints, for ZONE_EVEN */
	uint64_t slow_start_ms;		/* 0: none.  Not for hashes */
	uint32_t slow_start_min_percent;	/* 10 */
	double   slow_start_aggression;	/* 1.0: linear */
	uint64_t ewma_decay_ms;		/* 10,000 */
	bool     is_subset_strict;	/* no endpoint for an empty subset */
};

/* An endpoint that answers badly is left alone for a while.  Shares in percent. */
struct outlier_settings {
	uint32_t consecutive;		/* 7 failures in a row; 0: off */
	uint64_t base_ms, max_ms;	/* 1,000, doubled each time to 60,000 */
	uint32_t jitter_percent;	/* 50: so much longer at most */
	uint32_t max_ejected_percent;	/* 10, but one may always be */
	uint64_t interval_ms;		/* 10,000: between the looks at shares */
	uint32_t min_endpoints;		/* 5 with min_requests each, for both: */
	uint32_t min_requests;		/* 100 */
	uint32_t stdev_permille;	/* 1,900: success below mean - 1.9 x stdev;
					   0: off */
	uint32_t failure_percent;	/* 0: off; more failures than that */
};

enum health_kind { HEALTH_OFF, HEALTH_HTTP, HEALTH_TCP, HEALTH_GRPC };

struct health_settings {
	enum health_kind kind;
	struct slice path, host;	/* "/", and the service's name */
	struct slice service;		/* of gRPC; "": the whole server */
	uint16_t status_min, status_max;	/* 200 ... 399 */
	uint64_t interval_ms, timeout_ms;	/* 10,000 and 1,000 */
	uint64_t edge_ms;		/* 1,000: while the count goes on to a change */
	uint64_t unhealthy_ms;		/* 10,000: while it is unhealthy */
	uint32_t jitter_percent;	/* 10, of each of those */
	uint32_t healthy, unhealthy;	/* 2 and 3 in a row; the first one counts */
	bool     is_out_at_first;	/* until the first success */
};

struct cluster_limits {
	uint32_t conns, pending, requests, retries;	/* 1024, 1024, 1024, 3 */
	uint32_t retry_percent;		/* 20 of requests under way, if more */
	/*
	 * Or else, with an interval: retry_percent of the requests of that long,
	 * or rate_retries of rate_ms if that is more.
	 */
	uint64_t retry_interval_ms;	/* 0: by what is under way */
	uint32_t rate_retries;
	uint64_t rate_ms;
	uint32_t endpoint_requests;	/* under way to one endpoint; 0: no limit */
	bool     is_adaptive;		/* that limit follows latency below it */
	uint32_t queue;			/* for its turn, at one endpoint: 0 */
	uint64_t queue_ms;		/* 1,000: longest wait there */
};

/* What requests of one endpoint have in common, where a balancer hashes. */
enum affinity_kind { AFFINITY_NONE, AFFINITY_HEADER, AFFINITY_QUERY,
	AFFINITY_COOKIE, AFFINITY_SOURCE };

/* Whoever picks reads it and fills struct pick. */
struct cluster_affinity {
	enum affinity_kind kind;
	struct slice  name;	/* of the header (lower case), parameter, cookie */
	struct slice  path;	/* of a cookie that is made */
	uint64_t      ttl_ms;	/* of that; 0: the client's session */
	struct slice  subset_header;	/* lower case; names the subset, or empty */
};

/* What keeps requests of one session with one endpoint, beyond its weight. */
enum session_kind { SESSION_NONE, SESSION_COOKIE, SESSION_HEADER };

struct session_settings {
	enum session_kind kind;
	struct slice name;	/* of the cookie or header; empty: one is made up */
	struct slice path;	/* of a cookie */
	bool         is_permanent;	/* a cookie outlives the client's session */
	int64_t      absolute_ms, idle_ms;	/* its ends; -1: never */
};

/* Which other protocols a request may switch to, and for how long. */
enum upgrade_allow { UPGRADE_WEBSOCKET, UPGRADE_ANY, UPGRADE_NONE };

struct upgrade_settings {
	enum upgrade_allow allow;
	uint64_t idle_ms;	/* 3,600,000: without a byte; 0: none */
	uint64_t max_ms;	/* 0: none */
};

/* Of connections that carry bytes: as above. */
struct tcp_settings { uint64_t idle_ms, max_ms; };

struct cluster_settings {
	struct upgrade_settings upgrades;
	struct tcp_settings     tcp;
	struct balance_settings balance;
	struct outlier_settings outlier;
	struct health_settings  health;
	struct cluster_limits   limits;
};
extern const struct cluster_settings settings_default;

#endif
