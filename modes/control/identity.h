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
 * fails ends control, which would be of no use.  When to renew is kept in wall
 * time, which may leap, and looked at every minute.
 *
 * While the CA has ended (ca_ended.h) there is none to be had: on_first is called
 * without, and control presents nothing until identity_renew.
 */
struct identity;
struct identity *identity_new(struct server *,
    void (*on_first)(struct server *));
void identity_free(struct identity *);

/* Now, as the CA has changed. */
void identity_renew(struct identity *);
/* Gives a reference; NULL before the first is issued. */
struct tls_identity *identity_get(struct identity *);

/*
 * Wall seconds in; how long to wait until the next look, 0 when the
 * certificate is to be renewed: it is late, or the clock says that the
 * certificate comes from the future.
 */
uint64_t identity_wait_ms(int64_t not_before, int64_t renew_at, int64_t now);

#endif
