#ifndef PROXY_ADMIN_METRICS_H
#define PROXY_ADMIN_METRICS_H

#include "base/map.h"
#include "chain/filter.h"
#include "stat/stat.h"

/*
 * admin_metrics: numbers that are kept elsewhere, brought into the registry of
 * series when somebody reads it: what the filters of each chain did.
 *
 * Life: all zeros -> admin_metrics_init -> _update before each reading -> _fini.
 */
struct admin_metrics {
	struct stat_registry *stats;
	struct stat_worker   *stat;	/* of the thread that updates */
	struct map            filters;	/* chain, filter, count: what was added */
};

/* Keeps both. */
void admin_metrics_init(struct admin_metrics *, struct stat_registry *,
    struct stat_worker *);
void admin_metrics_update(struct admin_metrics *, struct filter_stats *);
void admin_metrics_fini(struct admin_metrics *);

#endif
