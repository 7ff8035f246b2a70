#ifndef STAT_LABEL_H
#define STAT_LABEL_H

#include "base/map.h"
#include "base/slice.h"

/*
 * label: label values, each kept once for all series that have it.
 * The pool is a map from text to label; its user's lock protects it.
 */
struct label {
	size_t refs, len;
	char   text[];
};

/*
 * Gives a reference to value as it may be shown: UTF-8, without control
 * characters, at most STAT_LABEL_LEN_MAX bytes.
 */
struct label *label_get(struct map *pool, struct slice value);
void label_unref(struct map *pool, struct label *);

#endif
