#ifndef CONTROL_REVOCATIONS_H
#define CONTROL_REVOCATIONS_H

#include "base/map.h"
#include "conf/node.h"
#include "modes/control/records.h"
#include "modes/control/store.h"
#include "pki/revoked.h"

/*
 * revocations: the identities that were revoked, in memory for whoever asks
 * and in the store for the next start.
 * Life: revocations_open -> revocations_add ... -> revocations_free.
 *
 * What an identity was issued up to its revocation is refused, here by the
 * time at which it was issued, on proxies by the beginning of its validity
 * (pki/revoked.h).  What it gets later by a new token is good, so to let it
 * in again nothing has to be taken back.
 */
struct revocations;

/* ERR_INTERNAL, or the store's error. */
struct revocations *revocations_open(struct store *, struct err *);
void revocations_free(struct revocations *);	/* NULL is harmless */
/* Of one that is there already the later times count. */
void revocations_add(struct revocations *, const struct revocation_record *);
/* When it was revoked, if what it was issued at `issued` is refused; or 0. */
int64_t revocations_refuse(const struct revocations *, struct slice id,
    int64_t issued);
/* The same by the certificate's not_before. */
int64_t revocations_refuse_cert(const struct revocations *, struct slice id,
    int64_t not_before);
/* Whether anything was revoked in that second. */
bool revocations_has_at(const struct revocations *, int64_t at);
/* Gives those whose certificates have not all ended. */
struct revoked *revocations_list(const struct revocations *, int64_t now);
/*
 * Whether proxies can be told of one more: they keep REVOKED_MAX whose
 * certificates have not all ended.  ERR_CONFLICT.
 */
int revocations_has_room(const struct revocations *, struct slice id,
    int64_t now, struct err *);
/* Drops those with nothing left to refuse, not even a renewal. */
void revocations_forget(struct revocations *, int64_t now);
/* For the transaction that revokes. */
void revocations_put(struct store_txn *, const struct revocation_record *);
/*
 * Adds a map for each to the list, in order of identities; issued has when an
 * identity got its latest certificate, as an integer.
 */
void revocations_write(const struct revocations *, const struct map *issued,
    struct conf_node *list);

#endif
