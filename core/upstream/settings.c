#include "upstream/settings.h"

static const char *const lb_names[] = {
	[LB_LEAST_REQUEST] = "LEAST_REQUEST",
	[LB_ROUND_ROBIN]   = "ROUND_ROBIN",
	[LB_RANDOM]	   = "RANDOM",
	[LB_PEAK_EWMA]	   = "PEAK_EWMA",
	[LB_RING_HASH]	   = "RING_HASH",
	[LB_MAGLEV]	   = "MAGLEV",
};

const struct cluster_settings settings_default = {
	.upgrades = { .idle_ms = 3600000 },
	.tcp = { .idle_ms = 3600000 },
	.balance = {
		.ring_min = 1024, .ring_max = 8388608, .maglev_size = 65537,
		.panic_percent = 50, .overprovision_percent = 140,
		.zone_min = 6, .slow_start_min_percent = 10,
		.slow_start_aggression = 1, .ewma_decay_ms = 10000,
	},
	.outlier = {
		.consecutive = 7, .base_ms = 1000, .max_ms = 60000,
		.jitter_percent = 50, .max_ejected_percent = 10,
		.interval_ms = 10000, .min_endpoints = 5, .min_requests = 100,
		.stdev_permille = 1900,
	},
	.health = {
		.path = { "/", 1 }, .status_min = 200, .status_max = 399,
		.interval_ms = 10000, .timeout_ms = 1000, .edge_ms = 1000,
		.unhealthy_ms = 10000, .jitter_percent = 10,
		.healthy = 2, .unhealthy = 3,
	},
	.limits = {
		.conns = 1024, .pending = 1024, .requests = 1024, .retries = 3,
		.retry_percent = 20, .queue_ms = 1000,
	},
};

const char *
lb_policy_name(enum lb_policy p)
{
	return lb_names[p];
}

bool
lb_policy_parse(struct slice s, enum lb_policy *out)
{
	for (int i = 0; i < LB_POLICIES; i++) {
		if (slice_is(s, lb_names[i])) {
			*out = (enum lb_policy)i;
			return true;
		}
	}
	return false;
}
