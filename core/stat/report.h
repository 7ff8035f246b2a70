#ifndef STAT_REPORT_H
#define STAT_REPORT_H

#include "base/err.h"
#include "base/str.h"
#include "stat/stat.h"

/*
 * report: counters on their way from a proxy to control, as lines of text.
 *
 *   mesh-counters 1 BOOT
 *   $web
 *   $orders
 *   #mesh_requests_total source_service,destination_service
 *   0 1 =17
 *   #mesh_request_duration_seconds source_service,destination_service
 *   0 1 =5400 1000:16 inf:1
 *
 * "$" gives the next number to a string, "#" opens a family with its labels,
 * other lines are series: the numbers of the label values, the counter or the
 * sum, and the buckets that are not empty as "boundary:count", not cumulative.
 * Numbers are in microseconds and bytes.
 *
 * Values count from the start of the sender (BOOT tells its lives apart), so a
 * report that arrives twice or not at all does no harm.  Both ends may be of
 * different versions: families and labels go by name, what the receiver does
 * not know it leaves out, what it misses is "unknown".
 */

/*
 * Writes the counters and histograms of the families that are to_control: all
 * when full (first on a session), else what changed since the last call.
 * Returns how many series.  To be called by one thread.
 */
size_t stat_report(struct stat_registry *, struct slice boot, bool full,
    struct str *out);

/*
 * feed: what one sender has said so far; its additions go into a registry.
 * Life: stat_feed_new -> stat_feed_apply ... -> stat_feed_free (what it added
 * stays until it expires).
 */
#define STAT_FEED_SERIES_MAX	20000

struct stat_feed;
/* Keeps the registry. */
struct stat_feed *stat_feed_new(struct stat_registry *);
void stat_feed_free(struct stat_feed *);
/*
 * Asks, about each series that is new, whether the sender is believed; values
 * are the family's, in its order.  What is not believed is left out, and
 * asked about again when it comes again.  Keeps ctx.
 */
void stat_feed_set_judge(struct stat_feed *, bool (*)(void *ctx,
    const struct stat_family *, const struct slice *values), void *ctx);
uint64_t stat_feed_refused(const struct stat_feed *);	/* of those, so far */
/*
 * Returns -1 (ERR_DATA, ERR_TOO_LARGE) at the first line that is wrong; what
 * came before it counts.
 */
int stat_feed_apply(struct stat_feed *, struct stat_worker *, struct slice text,
    struct err *);

#endif
