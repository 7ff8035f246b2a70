#ifndef PROXY_REFUSE_H
#define PROXY_REFUSE_H

#include "modes/proxy/data_plane.h"
#include "pki/bundle_set.h"
#include "pki/revoked.h"

/*
 * refuse: connections with revoked identities, and with those that stand on a
 * root that is trusted no longer, are cut off on every worker: those that are
 * open, in either direction, and those on their way there.
 * Handshakes refuse them by themselves, by the list of the tls_identity.
 */

/*
 * Takes the list, in place of the one before.  Then done, if there is one,
 * runs on a worker once all obey; never if they are stopped before that.
 */
void data_plane_refuse(struct data_plane *, struct revoked *,
    void (*done)(void *arg), void *arg);
#define REFUSE_OWN_DETAILS	"identity_revoked"
#define REFUSE_OWN_BODY	"This sidecar's identity was revoked: nobody talks "	\
    "to it any more.\n"
/* On the worker: whether our own identity is on it, so that nobody takes us. */
bool refuse_is_own(const struct proxy_worker *);
/* Each worker, first. */
void refuse_init(struct proxy_worker *);
/*
 * On the worker, borrows our own domain's roots: members on none of them are cut
 * off, as refuse_domains does it.
 */
void refuse_roots(struct proxy_worker *, struct bundle *now);
/*
 * On the worker, takes the set (NULL allowed): foreign peers whose trust domain
 * is not in it, or no longer has the root that vouched for them, are cut off
 * likewise.  Where that root left in order (pki/root_grace.h) they finish what is
 * under way, begin nothing more, and are cut off when its time is over.
 */
void refuse_domains(struct proxy_worker *, struct bundle_set *);
void refuse_stop(struct proxy_worker *);	/* nobody is waited for any more */
/* The worker ends: forgets all of it. */
void refuse_end(struct proxy_worker *);

#endif
