#ifndef CONTROL_ISSUE_LIMIT_H
#define CONTROL_ISSUE_LIMIT_H

#include "base/map.h"
#include "modes/control/records.h"

/*
 * issue_limit: how often one workload may have something signed.  What is signed
 * is recorded and audited for ever, and all share one signer: whoever has a
 * certificate could fill the store with others, and keep everybody from renewing.
 * Life: issue_limit_init -> issue_limit_take before each signature
 *     -> issue_limit_fini.
 *
 * A proxy with certificates of ten seconds, for itself and its application, asks
 * for less than half of this.  Only who has proven to be somebody is counted, so
 * there are no more entries than workloads and hosts.
 */
#define ISSUE_LIMIT_CERTIFICATES	60	/* in a minute */
#define ISSUE_LIMIT_TOKENS		300

enum issue_kind { ISSUE_CERTIFICATE, ISSUE_TOKEN, ISSUE_KINDS };

struct issue_limit {
	struct map by_name[ISSUE_KINDS];	/* unsigned * */
	uint64_t   minute;
};

void issue_limit_init(struct issue_limit *);
void issue_limit_fini(struct issue_limit *);
/*
 * Who is counted: the workload, or the host that was attested, which may be of
 * many names; absent attestor: it joined by a token.  In the arena.
 */
struct slice issue_limit_name(struct arena *, const struct grant *,
    struct slice attestor, struct slice host);
bool issue_limit_take(struct issue_limit *, enum issue_kind, struct slice name,
    uint64_t now_ms);
/* How long until it counts anew: 1 to 60 s. */
unsigned issue_limit_left_s(uint64_t now_ms);

#endif
