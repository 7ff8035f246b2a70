#ifndef PROXY_AGENT_INTEREST_H
#define PROXY_AGENT_INTEREST_H

#include <stdatomic.h>

#include "base/map.h"
#include "base/slice.h"
#include "link/sni.h"

/*
 * agent_interest: which services this proxy wants to hear of.
 *
 * Those of the settings' upstreams are permanent; one that the application
 * asked for lasts until nobody has used it for INTEREST_IDLE_MS.
 * Life: all zeros -> interests_add, _used ... -> interests_fini.
 */
#define INTEREST_IDLE_MS	600000
#define INTEREST_MAX		10000	/* what is asked for beyond is dropped */

struct interests {
	struct map by_name;	/* "ns/name" -> struct interest */
};

void interests_fini(struct interests *);
/* True: it is new. */
bool interests_add(struct interests *, struct slice name, bool is_permanent,
    uint64_t now_ms);
/* It is used: it goes on.  What nobody added is passed over. */
void interests_used(struct interests *, struct slice name, uint64_t now_ms);
bool interests_has(const struct interests *, struct slice name);
/* Drops what is idle, telling of each; gives how many went. */
size_t interests_lapse(struct interests *, uint64_t now_ms,
    void (*on_lapse)(void *arg, struct slice name), void *arg);
/* Gives a sorted array (mem_free) of borrowed names. */
struct slice *interests_list(const struct interests *, size_t *len);

/*
 * What workers pass before they bother the sync thread: each name gets through
 * once in a span of time, whoever of them says it and how often.  Rarely
 * another name has the same place; then both may get through more often.
 * All zeros at first; any thread.
 */
#define INTEREST_GATE_SLOTS	1024u

struct interest_gate {
	atomic_uint_least64_t slots[INTEREST_GATE_SLOTS];
};

bool interest_gate_pass(struct interest_gate *, const struct service_name *,
    uint64_t now_ms, uint64_t span_ms);

#endif
