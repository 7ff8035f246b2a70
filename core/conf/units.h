#ifndef CONF_UNITS_H
#define CONF_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * units: durations, sizes and times as documents and flags write them.
 */

/*
 * Gateway API's duration (GEP-2257): ([0-9]{1,5}(h|m|s|ms)){1,4}, the parts
 * summed up.  "0s" is one, "0" is none.
 */
bool conf_duration_read(struct slice, int64_t *ms);
/* Largest unit first: 5400000 is "1h30m", 0 is "0s".  ms >= 0. */
#define CONF_DURATION_TEXT	48
void conf_duration_text(char out[CONF_DURATION_TEXT], int64_t ms);

/*
 * Kubernetes' quantity, whole numbers only: 1500, 64Ki, 10Mi, 1Gi (powers of
 * 1024) and 10k, 5M, 1G (powers of 1000).
 */
bool conf_bytes_read(struct slice, int64_t *bytes);

/* RFC 3339 in UTC, "2026-11-21T01:12:41Z", to seconds since 1970. */
bool conf_time_read(struct slice, int64_t *seconds);

#endif
