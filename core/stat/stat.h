#ifndef STAT_STAT_H
#define STAT_STAT_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "stat/histogram.h"

/*
 * stat: counters, gauges and histograms that cost a worker one plain add.
 * Life: stat_registry_new -> stat_worker_new per thread -> stat_series_get ->
 * stat_counter_add ... -> stat_series_unref -> stat_registry_free.
 *
 * A family is a row of a constant table: a name, a type, labels.  A series is
 * a family with values for its labels; whoever counts looks it up once and
 * keeps it with the thing that it counts for (a cluster, a connection).  The
 * numbers of a series lie in cells, one set per worker: only that worker
 * writes them, readers sum over the workers.  Adding takes no lock and no
 * locked instruction; looking up takes the registry's lock for a short time.
 *
 * A family has at most series_max series; what comes after that shares one
 * whose label values all are "overflow".  A series that nobody references and
 * that nothing was added to for ten minutes is dropped by
 * stat_registry_expire.
 *
 * Units: the integers added to a family of STAT_SECONDS are microseconds, to
 * one of STAT_BYTES bytes.  Doubles (gauges that are set or sampled) are in
 * the unit itself.
 */
enum stat_type { STAT_COUNTER, STAT_GAUGE, STAT_HISTOGRAM, STAT_INFO };
enum stat_unit { STAT_NO_UNIT, STAT_SECONDS, STAT_BYTES };

#define STAT_LABELS_MAX		12
#define STAT_SERIES_MAX		2000	/* of a family that says nothing else */
#define STAT_LABEL_LEN_MAX	256	/* bytes; longer values are cut */
#define STAT_IDLE_MS		600000

struct stat_family {
	const char             *name;	/* as in a query: counters end in _total,
					   STAT_INFO in _info, units are a suffix */
	const char             *help;	/* one sentence without a full stop */
	enum stat_type          type;
	enum stat_unit          unit;
	const struct stat_bounds *bounds;	/* of a histogram */
	uint32_t                series_max;	/* 0: STAT_SERIES_MAX */
	bool                    to_control;	/* part of stat_report */
	const char             *labels[STAT_LABELS_MAX + 1];	/* then NULL */
};

struct stat_registry;
struct stat_worker;	/* the cells of one thread */
struct stat_series;

/* Keeps families, whose index is what names a family from here on. */
struct stat_registry *stat_registry_new(const struct stat_family *families,
    size_t len);
/* All references and workers must be gone from their users. */
void stat_registry_free(struct stat_registry *);
const struct stat_family *stat_registry_family(const struct stat_registry *,
    size_t family);
size_t stat_registry_families(const struct stat_registry *);
/* Drops what is idle; returns how many.  To be called about once a minute. */
size_t stat_registry_expire(struct stat_registry *, uint64_t now_ms);

/* Lives as long as the registry.  One thread adds through one worker. */
struct stat_worker *stat_worker_new(struct stat_registry *);

/*
 * Gives a reference.  Borrows values, one per label; characters that are not
 * UTF-8 or that control a terminal are replaced.
 */
struct stat_series *stat_series_get(struct stat_registry *, size_t family,
    const struct slice *values);
struct stat_series *stat_series_ref(struct stat_series *);
void stat_series_unref(struct stat_series *);	/* NULL is harmless */

void stat_counter_add(struct stat_worker *, const struct stat_series *, uint64_t);
/* Several workers may add to and take from one gauge. */
void stat_gauge_add(struct stat_worker *, const struct stat_series *, int64_t);
void stat_histogram_add(struct stat_worker *, const struct stat_series *, uint64_t);
/* From any thread; the last one stands.  What was added is on top. */
void stat_gauge_set(struct stat_series *, double);
/*
 * Samples a gauge or counter when it is read, on the reader's thread.  Keeps
 * ctx until the call with fn == NULL, which waits for a reader under way.
 */
void stat_series_sample(struct stat_series *, double (*fn)(void *ctx), void *ctx);

/*
 * Reading.  values and the histogram are borrowed during the callback.
 * value is the number of a counter or gauge in its unit; hist is NULL then.
 */
struct stat_reading {
	const struct stat_family *family;
	const struct slice       *values;
	double                    value;
	uint64_t                  raw;		/* of a counter, unscaled */
	const struct stat_histogram *hist;
};
/* In the order of the label values.  The callback may use the registry. */
void stat_read(struct stat_registry *, size_t family,
    void (*on_reading)(void *ctx, const struct stat_reading *), void *ctx);

#endif
