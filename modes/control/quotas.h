#ifndef CONTROL_QUOTAS_H
#define CONTROL_QUOTAS_H

#include "modes/control/quota.h"

/*
 * quotas: all global limits, by document and index, and of each the keys that
 * are asked for so much somewhere that they are divided by themselves.
 * Life: quotas_init -> quotas_ask for each demand, quotas_tick every second
 *     -> quotas_fini.
 *
 * A key has a quota of its own once a proxy is asked for more than an equal
 * part of it, up to SYNC_QUOTA_HOT_MAX keys of a limit, and loses it when
 * nobody needs more than that any more.  All proxies that hold the limit are
 * told of it, so that those without demand let go of their part.  A limit that
 * nobody asks about is forgotten.  A document has at most
 * QUOTAS_OF_DOCUMENT_MAX limits at all its places; more have no leases.
 */
#define QUOTAS_OF_DOCUMENT_MAX	4096

struct quotas {
	struct map limits;	/* "document place#index": struct quotas_limit */
};

struct quotas_demand {
	struct slice who;
	uint64_t     id, seen;
	const struct sync_quota_row *rows;	/* keys behind the row of 0 */
	size_t       rows_len;
};

struct quotas_ops {
	/* Whether the asker may ask about this, and this key. */
	bool (*may_ask)(void *arg, const struct sync_quota_row *);
	/* The next row of the answer; texts are those of the demand. */
	void (*answer)(void *arg, const struct sync_quota_row *);
	void  *arg;
};

void quotas_init(struct quotas *);
void quotas_fini(struct quotas *);
/* Gives how many rows were left out because they may not be asked. */
size_t quotas_ask(struct quotas *, const struct quotas_demand *,
    const struct quotas_ops *, uint64_t now_ms);
void quotas_leave(struct quotas *, struct slice who);
void quotas_tick(struct quotas *, uint64_t now_ms);

#endif
