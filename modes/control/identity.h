#ifndef CONTROL_IDENTITY_H
#define CONTROL_IDENTITY_H

#include "modes/control/server.h"
#include "tls/tls.h"

/*
 * identity: the certificate that control itself presents.
 * Life: identity_new -> (issued, and on_first is called) -> renewed at a
 *     random 50 to 70 % of each one's life -> identity_free.
 *
 * The key lives in memory alone and is drawn anew with each certificate.
 * A renewal that fails is tried again every few seconds; the first one that
 * fails ends control, which would be of no use.
 */
struct identity;
struct identity *identity_new(struct server *,
    void (*on_first)(struct server *));
void identity_free(struct identity *);

/* Gives a reference; NULL before the first. */
struct tls_identity *identity_get(struct identity *);

#endif
