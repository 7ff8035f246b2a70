#ifndef CONTROL_AUDIT_H
#define CONTROL_AUDIT_H

#include "base/str.h"
#include "modes/control/store.h"

/*
 * audit: who changed what, and from where, in the store's chained log.
 * Life of an entry: audit_add to the transaction that makes the change ->
 *     store_commit -> for ever.
 *
 * Because the entry is part of the transaction, there is no change without
 * its entry and no entry without its change.  What people were refused has
 * entries of its own (refusals.h).
 * An entry is one JSON object, for people who read it with other tools:
 *
 * {"time":"2026-11-21T01:12:41.250Z","actor":"operator/anna",
 *  "from":"10.0.0.7:41234","how":"certificate","role":"operator",
 *  "action":"document.put",
 *  "target":"Service/shop/orders","detail":{...}}
 */
struct audit_entry {
	struct slice actor;	/* "operator/anna", "uid/1000", a SPIFFE ID */
	struct slice from;	/* an address, or "local" */
	struct slice how;	/* it was proven: "certificate", "socket" ...;
				   absent: control itself */
	struct slice role;	/* that the action took; absent: none */
	struct slice action;	/* "document.put", "token.create" ... */
	struct slice target;	/* absent: the action has none */
	struct slice detail;	/* one JSON value; absent: nothing to add */
};

/* A copy, all of it in the arena. */
struct audit_entry audit_keep(struct arena *, const struct audit_entry *);
/* Copies everything; the time is now.  Content above a limit is cut out. */
#define AUDIT_DETAIL_MAX	65536	/* bytes */
void audit_add(struct store_txn *, const struct audit_entry *);
/* What `who` does now, of whom actor, from, how and role count; as above. */
void audit_note(struct store_txn *, const struct audit_entry *who,
    const char *action, struct slice target, struct slice detail);

/*
 * The entry as one JSON object with "seq" and "hash" (of the chain, hex) in
 * front; no newline.  Content that is not an object, which only an altered
 * file can hold, is shown as a string under "damaged".
 */
void audit_write(struct str *, const struct store_entry *);

/*
 * Whether these entries, which follow each other, continue the chain after
 * the hash `before` (32 zero bytes before the first entry).  Gives the
 * number of entries that do; all of them means yes.
 */
size_t audit_check(const unsigned char before[STORE_HASH_LEN],
    const struct store_entry *, size_t n);

#endif
