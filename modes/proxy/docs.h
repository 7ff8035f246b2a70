#ifndef PROXY_DOCS_H
#define PROXY_DOCS_H

#include "base/map.h"
#include "base/str.h"
#include "model/digest.h"
#include "model/object.h"
#include "sync/message.h"

/*
 * docs: the documents that control has sent, the last good form of each.
 *
 * Life: docs_init (or all zeros) -> docs_load -> docs_apply of each message,
 *       docs_list after a commit -> docs_fini.
 *
 * One bad document harms only itself: what does not read keeps its last good
 * form and is told to control.  A reset forgets nothing until the next
 * commit: what has not come again by then goes, so that a document that is
 * bad in the new state still has its good form of the old.  No I/O, one
 * thread.
 */
struct doc;

struct docs {
	struct map          by_key;	/* struct doc */
	struct map          absent;	/* "ns/name": control knows no such service */
	struct model_digest digest;	/* of what is good */
	uint64_t            revision;	/* of the last commit */
	bool                is_whole;	/* a commit has come */
	bool                was_reset;	/* since the last commit */
};

void docs_init(struct docs *);
void docs_fini(struct docs *);

enum docs_result {
	DOCS_NOTHING,	/* of no concern to documents */
	DOCS_TAKEN,	/* noted; a commit will follow */
	DOCS_COMMIT,	/* a consistent point: compile now */
	DOCS_BAD,	/* this document does not read: see err */
};
/* put, del, none, commit, reset; everything else is DOCS_NOTHING. */
enum docs_result docs_apply(struct docs *, const struct sync_message *,
    struct err *);

/* Gives an array (mem_free) of borrowed objects, by key. */
struct model_object **docs_list(const struct docs *, size_t *len);
struct model_object *docs_find(const struct docs *, struct slice key);
/* That it came with; 0: there is none. */
uint64_t docs_revision(const struct docs *, struct slice key);
size_t docs_len(const struct docs *);
/* A service that nobody asks for any more is not known to be absent. */
void docs_forget_absent(struct docs *, struct slice service);

/*
 * As lines of a session that would bring an empty docs here; services are
 * the interests that led to them.  Secrets are left out: control sends them
 * again to whoever comes back.
 */
void docs_save(const struct docs *, const struct slice *services, size_t len,
    struct str *out);
/*
 * Reads such lines; on_service gets each interest.  Documents that do not
 * read are left out: this is another version than the one that wrote them.
 * ERR_DATA: the text is no such lines; what came before is kept.
 */
int docs_load(struct docs *, struct slice text,
    void (*on_service)(void *arg, struct slice), void *arg, struct err *);

#endif
