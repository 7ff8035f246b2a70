#ifndef PROXY_SVID_H
#define PROXY_SVID_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/refs.h"
#include "base/slice.h"
#include "base/str.h"
#include "pki/key.h"

/*
 * svid: what applications are given of a proxy's identity, at one moment: a key
 * and certificates of their own (never the proxy's key), and by what others are
 * verified.  Immutable, counted, shared by threads.
 *
 * Life: svids_new -> svids_add_bundle ... -> (shared) -> svids_unref, the last
 *       of which wipes the key.
 */
struct svid_bundle {
	struct slice domain;	/* trust domain */
	struct slice roots;	/* certificates in DER, behind each other */
	struct slice jwks;	/* keys of its JWT-SVIDs: a JWK Set; or absent */
};
#define SVID_BUNDLES_MAX	64

struct svids {
	struct refs        refs;
	struct arena       memory;
	struct slice       id;		/* SPIFFE ID */
	struct slice       chain;	/* leaf first: DER, behind each other */
	struct str         key;		/* PKCS #8, DER */
	int64_t            not_before, not_after;	/* of the leaf; wall seconds */
	struct svid_bundle bundles[SVID_BUNDLES_MAX];	/* ours first */
	size_t             bundles_len;
};

/*
 * Copies all.  ERR_DATA: no certificates, not for that key, or of no workload's
 * identity.
 */
struct svids *svids_new(const struct key *, struct slice chain_pem,
    struct err *);
/* Before it is shared.  ERR_DATA: the roots do not read, or there are too many. */
int svids_add_bundle(struct svids *, struct slice domain, struct slice roots_pem,
    struct slice jwks, struct err *);
struct svids *svids_ref(struct svids *);
void svids_unref(struct svids *);	/* NULL allowed */
/* Of that trust domain, or NULL. */
const struct svid_bundle *svids_bundle(const struct svids *, struct slice domain);

#endif
