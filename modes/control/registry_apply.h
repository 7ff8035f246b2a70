#ifndef CONTROL_REGISTRY_APPLY_H
#define CONTROL_REGISTRY_APPLY_H

#include "modes/control/audit.h"
#include "modes/control/registry.h"
#include "modes/control/registry_merge.h"

/*
 * registry_apply: changes a set of documents in one transaction, with one
 * audit entry for each that changed.
 *
 * The set is judged against what is here, and the transaction requires that
 * nothing of it has moved meanwhile; if something has, the set is judged
 * anew, a few times.  So an edit without an expected revision wins over what
 * others do, and one with it is refused as soon as it is not met.
 *
 * Error kinds: ERR_DATA (a document breaks its schema, or two edits have the
 * same key), ERR_CONFLICT (expected revision), ERR_NOT_FOUND (delete),
 * ERR_TOO_LARGE (more than REGISTRY_SET_MAX, or a document that would
 * not fit into one line of a session), those of store_commit.
 */
#define REGISTRY_SET_MAX	128
#define REGISTRY_DOCUMENT_MAX	1000000		/* bytes of its JSON */

struct registry_edit {
	const struct conf_node *document;	/* NULL: delete key */
	struct slice            key;		/* of a delete */
	bool                    if_absent;	/* put: leave what is there */
	bool                    has_expected;
	uint64_t                expected;	/* revision; 0: must not exist */
};
struct registry_set {
	const struct registry_edit *edits;
	size_t                      n;
	const char                 *namespace;	/* for documents without one */
	struct audit_entry          who;	/* actor and from */
	bool                        dry_run;	/* judge, write nothing */
	bool                        is_files;	/* see registry_set_keeper */
	/*
	 * Whether he may; asked of each before any is judged, and gives the
	 * role that it takes, which lives for ever.  sent is NULL for a
	 * delete.  NULL: he may.
	 */
	int                       (*may)(void *arg, const char *key,
	    const struct model_object *sent, struct slice *role,
	    struct err *);
	void                       *may_arg;
	/* Goes into the same transaction; absent: none. */
	struct slice                record_key, record;
	const struct audit_entry   *note;	/* one more, or NULL */
};

struct registry_applied {
	struct slice          key;
	enum registry_outcome outcome;
	int64_t               generation;	/* 0: deleted */
};
struct registry_answer {
	struct err                     err;
	size_t                         failed;	/* index of the edit at fault */
	uint64_t                       revision;	/* of the transaction */
	const struct registry_applied *applied;	/* one for each edit */
	size_t                         n;
};
/* Borrows the answer. */
typedef void registry_done(void *ctx, const struct registry_answer *);

/*
 * What somebody keeps as he has made it, though files say what was before:
 * gives the document that stands for what was sent, or NULL: as it was sent.
 * Asked about sets of files alone, which people apply again and again.
 */
typedef struct model_object *registry_keeper(void *arg,
    const struct model_object *sent, const struct model_object *there);
void registry_set_keeper(struct registry *, registry_keeper *, void *arg);

/* Borrows the set.  done is never called before this returns. */
void registry_apply(struct registry *, const struct registry_set *,
    registry_done *, void *ctx);

#endif
