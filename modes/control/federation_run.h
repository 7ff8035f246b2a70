#ifndef CONTROL_FEDERATION_RUN_H
#define CONTROL_FEDERATION_RUN_H

#include "base/map.h"
#include "loop/loop.h"
#include "model/federation.h"
#include "modes/control/federation.h"

/* federation_run: what the files of federation know of each other. */

#define FEDERATION_SHARES_ROOT	"mesh.internal/SharesRoot"

/* One ClusterFederatedTrustDomain. */
struct fetched {
	struct federation *all;
	char              *key, *name;
	struct loop_timer  due;
	struct fetch      *fetch;	/* under way */
	bool               is_writing;	/* the registry will answer */
	bool               is_gone;	/* ... and then it is freed */
	unsigned           failures;	/* in a row */
	/* Wall seconds; 0: never. */
	int64_t            good_s, next_s, changed_s;	/* changed: of failures, 0 or not */
	char               error[400];	/* of the last attempt, or "" */
};

struct federation {
	struct server           *server;
	struct registry_follower follower;
	uint64_t                 at;
	struct map               domains;	/* by key: struct fetched */
	struct system_roots     *roots;
	uint64_t                 generation;	/* of identities that judge */
};

/* All documents of both kinds; freed by the caller. */
struct model_object **federation_documents(const struct federation *,
    size_t *n);

#endif
