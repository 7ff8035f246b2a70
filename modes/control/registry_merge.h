#ifndef CONTROL_REGISTRY_MERGE_H
#define CONTROL_REGISTRY_MERGE_H

#include "base/str.h"
#include "model/object.h"

/*
 * registry_merge: what a document that somebody sent makes of the one that
 * is there.  The envelope, as Kubernetes has it; control alone writes of
 * metadata:
 *
 *   uid                drawn when the document came into being
 *   generation         1, and one more whenever anything outside of metadata
 *                      and status changed
 *   creationTimestamp  once; an input to precedence between routes
 *   resourceVersion    the revision; put in when a document leaves the store
 *
 * What somebody sends for these, and for status, is ignored (but a
 * resourceVersion means: only if this is still the revision).
 */
enum registry_outcome {
	REGISTRY_CREATED,
	REGISTRY_CONFIGURED,	/* something of it changed */
	REGISTRY_UNCHANGED,
	REGISTRY_DELETED,
};
const char *registry_outcome_name(enum registry_outcome);	/* "created" */

struct registry_merged {
	enum registry_outcome outcome;
	int64_t               generation;
};

/*
 * Appends the JSON to store, without a revision, to value.  there: NULL when
 * the key does not exist.
 */
struct registry_merged registry_merge(const struct model_object *sent,
    const struct model_object *there, int64_t now_s, struct str *value);

/*
 * The object that stored JSON is, at a revision.  Fields that this version
 * does not know are kept and passed over.  NULL: err says why.
 */
struct model_object *registry_revive(struct slice value, uint64_t revision,
    struct err *);

#endif
