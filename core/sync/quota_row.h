#ifndef SYNC_QUOTA_ROW_H
#define SYNC_QUOTA_ROW_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "base/str.h"
#include "conf/node.h"

/*
 * quota_row: one line of the lists by which proxies say what their global
 * limits are asked for ("demand"), and control says what they may let pass
 * ("lease").
 *
 * On the wire a row is [limit, index, key, parts, proxies] and, in a demand, a
 * sixth: what the proxy uses now.
 */
#define SYNC_QUOTA_WHOLE	1000000u	/* parts that are the limit */
#define SYNC_QUOTA_ASK_MS	1000	/* how often a proxy asks */
#define SYNC_QUOTA_LIFE_MS	6000	/* how long an answer is good */
#define SYNC_QUOTA_ROWS_MAX	4096	/* of one message */
#define SYNC_QUOTA_HOT_MAX	64	/* keys of a limit with their own lease */
#define SYNC_QUOTA_KEYS_MAX	16	/* keys of a limit in one demand */

struct sync_quota_row {
	struct slice limit;	/* key of the RateLimit, " ", where it acts */
	uint64_t     index;	/* as rate_limit_lease has it */
	uint64_t     key;	/* hash of one key; 0: all without a row */
	uint64_t     parts;	/* of the limit: wanted; a lease: granted */
	uint64_t     proxies;	/* among which it is divided; 0: unknown */
	uint64_t     holds;	/* demand: parts in use */
};

/* Writes the list. */
void sync_quota_write(struct str *, const struct sync_quota_row *, size_t n);
/*
 * Reads it into the arena; texts are borrowed from the node.  ERR_DATA:
 * malformed, or more than SYNC_QUOTA_ROWS_MAX.
 */
int sync_quota_read(struct arena *, const struct conf_node *list,
    const struct sync_quota_row **, size_t *n, struct err *);

#endif
