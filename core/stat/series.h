#ifndef STAT_SERIES_H
#define STAT_SERIES_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/list.h"
#include "stat/stat.h"

/*
 * series: the inside of a series, for the files of this folder alone.
 */
struct label;

struct stat_series {
	struct stat_registry *registry;
	size_t                family;
	uint32_t              slot;
	bool                  is_reserved;	/* lives as long as the registry */
	bool                  was_idle;		/* at the last look; since when */
	uint64_t              idle_since_ms, idle_fingerprint;
	_Atomic uint32_t      refs;
	_Atomic uint64_t      set_bits;		/* the double that was set */
	uint64_t              reported;		/* by stat_report: count then */
	double              (*sample)(void *);
	void                 *sample_ctx;
	struct list           link;		/* in its family */
	size_t                labels_len;
	struct label         *labels[];
};

size_t stat_family_labels(const struct stat_family *);
/* Borrowed, valid as long as the series. */
struct slice stat_series_label(const struct stat_series *, size_t i);
/* Adds to number i: of a histogram a bucket, then the sum (bounds->len + 1). */
void stat_series_add(struct stat_worker *, const struct stat_series *, size_t i,
    uint64_t n);
/* Of a counter: what was added. */
uint64_t stat_series_raw(struct stat_series *);
double stat_series_value(struct stat_series *);
void stat_series_histogram(struct stat_series *, struct stat_histogram *);
/*
 * Gives an array (mem_free) of references (stat_series_unref) to the series of
 * a family in the order of their labels, so that readers need no lock.
 */
size_t stat_series_list(struct stat_registry *, size_t family,
    struct stat_series ***list);

#endif
