#ifndef CONTROL_UNRECORDED_H
#define CONTROL_UNRECORDED_H

#include "base/map.h"
#include "conf/node.h"
#include "modes/control/audit.h"
#include "pki/hash.h"

/*
 * unrecorded: who comes with a certificate that this authority issued and no
 * record knows.  So do those who joined after the backup that control was
 * restored from: their keys and the authority's are the same, their records are
 * gone.
 *
 * They are refused, for ever: whether one of them was revoked since the backup is
 * in what was lost, too, and so is what its token allowed.  So they are told, and
 * so are the log, the audit log (each certificate once in UNRECORDED_SAY_MS) and
 * whoever asks who came lately.
 * Life: all zeros -> unrecorded_take ... -> unrecorded_fini.
 */
#define UNRECORDED_MAX		1000	/* certificates, more are refused silently */
#define UNRECORDED_SAY_MS	(60 * 60 * 1000)
#define UNRECORDED_LATELY_MS	(5 * 60 * 1000)

struct unrecorded {
	struct map by_leaf;
};

void unrecorded_fini(struct unrecorded *);
/* It came again; true: that is to be said. */
bool unrecorded_take(struct unrecorded *, const uint8_t leaf[HASH_LEN],
    struct slice id, uint64_t now_ms);
/* Adds who came lately: identity, and its account as "ns/name". */
void unrecorded_write(const struct unrecorded *, struct conf_node *list,
    uint64_t now_ms);

struct server;
/* Says so where it is time, as `action`, and in err, ERR_DENIED. */
void unrecorded_refuse(struct server *, const struct audit_entry *who,
    const uint8_t leaf[HASH_LEN], const char *action, struct err *);

#endif
