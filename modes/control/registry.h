#ifndef CONTROL_REGISTRY_H
#define CONTROL_REGISTRY_H

#include "modes/control/registry_feed.h"
#include "modes/control/registry_selector.h"
#include "modes/control/store.h"
#include "modes/control/vault.h"
#include "model/object.h"

/*
 * registry: the documents, above the store.
 * Life: registry_open -> registry_find, registry_list, registry_apply
 *     (registry_apply.h) ... -> registry_close.
 *
 * All documents are held in memory as decoded objects and follow the store
 * by its watch; what was written comes back that way and in no other, so that
 * what is here is always what some revision of the store was.  An answer to
 * registry_apply comes after its changes are here.
 *
 * Only documents make the revision that this header speaks of; a store that
 * wrote a token may be ahead of it.  A stored document that does not read is
 * logged, left out, and harms no other.
 *
 * Secrets (secrecy.h) are locked by the vault before they are stored, and the
 * changes of registry_changes show them without their data; only the objects
 * here have it.
 *
 * One thread: the one behind the port.  Objects and changes are counted and
 * may be handed to others.
 */
struct registry;

/* Blocks while everything is read.  Keeps the store, the vault, the port. */
struct registry *registry_open(struct store *, const struct vault *,
    const struct store_port *, struct err *);
/* Answers that are still out come as if it were open, then it is freed. */
void registry_close(struct registry **);

uint64_t registry_revision(const struct registry *);
/* Borrowed until the thread's next turn; NULL: not there. */
struct model_object *registry_find(const struct registry *, struct slice key);

struct registry_query {
	const struct model_kind        *kind;	/* NULL: every kind */
	const char                     *namespace;	/* NULL: all of them */
	const struct registry_selector *selector;	/* NULL: no condition */
};
/*
 * Gives an array, in order of keys, of objects that are borrowed until the
 * thread's next turn.
 */
struct model_object **registry_list(const struct registry *,
    const struct registry_query *, size_t *n);

/* The changes, from a revision on; see registry_feed.h. */
struct registry_feed *registry_changes(struct registry *);

#endif
