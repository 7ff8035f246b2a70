#ifndef CONTROL_WORKLOAD_LIMIT_H
#define CONTROL_WORKLOAD_LIMIT_H

#include "base/map.h"
#include "modes/control/records.h"

/*
 * workload_limit: how often one workload may have control do what costs all.
 * What is signed is recorded and audited for ever, and all share one signer; each
 * change of a document is written, and sent to all who call the workload, as is
 * each word that its application answers or does not.  Whoever has one
 * certificate could fill the store, and keep everybody else waiting.
 * Life: workload_limit_init -> workload_limit_take each time
 *     -> workload_limit_fini.
 *
 * A proxy with certificates of ten seconds, for itself and its application, asks
 * for less than half of this.  Only who has proven to be somebody is counted, so
 * there are no more entries than workloads and hosts.
 */
#define WORKLOAD_LIMIT_MS	60000	/* from the first time on, at most: */
#define WORKLOAD_LIMIT_CERTIFICATES	60
#define WORKLOAD_LIMIT_TOKENS		300
#define WORKLOAD_LIMIT_DOCUMENTS	60	/* said within sessions */
#define WORKLOAD_LIMIT_HELLOS		60	/* with another document */
#define WORKLOAD_LIMIT_TURNS		60	/* between ready and not */

enum workload_wish {
	WORKLOAD_CERTIFICATE, WORKLOAD_TOKEN, WORKLOAD_DOCUMENT, WORKLOAD_HELLO,
	WORKLOAD_TURN, WORKLOAD_WISHES
};

struct workload_limit {
	struct map by_name[WORKLOAD_WISHES];	/* counts, each of its minute */
	uint64_t   swept_ms;
};

void workload_limit_init(struct workload_limit *);
void workload_limit_fini(struct workload_limit *);
/*
 * Who is counted: the workload, or the host that was attested, which may be of
 * many names; absent attestor: it joined by a token.  In the arena.
 */
struct slice workload_limit_name(struct arena *, const struct grant *,
    struct slice attestor, struct slice host);
bool workload_limit_take(struct workload_limit *, enum workload_wish,
    struct slice name, uint64_t now_ms);

#endif
