#ifndef CONTROL_REGISTRY_FIXTURE_H
#define CONTROL_REGISTRY_FIXTURE_H

#include "base/str.h"
#include "modes/control/registry_apply.h"
#include "modes/control/store_fixture.h"

/* registry_fixture: a registry on a store of its own, for tests. */
struct registry_fixture {
	struct fixture    f;
	struct inbox      in;
	struct store_port port;
	struct vault     *vault;
	struct registry  *registry;
	/* The last answer. */
	struct err        err;
	size_t            failed;
	uint64_t          revision;
	struct str        outcomes;	/* "created 1, unchanged 3" */
	unsigned          answers;
};

struct registry_fixture *registry_fixture_new(void);
void registry_fixture_free(struct registry_fixture *);
void registry_fixture_restart(struct registry_fixture *);

/* Applies YAML documents as one set and waits; gives the outcomes. */
const char *registry_fixture_put(struct registry_fixture *, const char *yaml);
const char *registry_fixture_delete(struct registry_fixture *, const char *key);
void registry_fixture_apply(struct registry_fixture *,
    const struct registry_set *);	/* and waits for its answer */
/* registry_done for the fixture as ctx. */
void registry_fixture_on_answer(void *, const struct registry_answer *);

#endif
