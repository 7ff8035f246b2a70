#ifndef PKI_CHAIN_H
#define PKI_CHAIN_H

#include "pki/bundle.h"
#include "pki/cert.h"
#include "pki/distrust.h"
#include "pki/leaf.h"
#include "pki/spiffe.h"

/*
 * chain: is this peer who its certificates say it is?  (RFC 5280, section 6,
 * as far as our own CA's certificates use it.)
 *
 * The leaf comes first and each certificate is signed by the next, as TLS
 * asks (RFC 5246, 7.4.2); the walk ends at the first whose issuer is a root
 * of the bundle, and what follows is not looked at, so a peer may send the
 * root too.  Names compare byte by byte.  Every issuer must be valid now, a
 * CA that may sign certificates, and allow as many CAs below it as there
 * are.  One below the root that names a trust domain by its URI signs for no
 * other: so domains can be under one root.  The leaf must then pass leaf_check.
 *
 * Keys are on P-256 and signed with SHA-256, but in a bundle of another domain,
 * where cert_key.h says which there are.
 *
 * Signatures come last and from the root down, so that whoever made his chain
 * himself costs us one of them: that of a true issuer comes first.  Roots that
 * share a name are told apart by their key identifiers, and of those that are
 * left CHAIN_NAMESAKES_MAX are tried.
 *
 * For a handshake that delivers bytes in pieces:
 * chain_init -> (chain_start -> chain_add ... -> chain_end) per certificate
 * -> chain_check -> leaf and id are set -> chain_fini.
 */
#define CHAIN_CERTS_MAX	6
#define CHAIN_BYTES_MAX	32768	/* of all certificates */
#define CHAIN_NAMESAKES_MAX	4

/*
 * Signatures between CAs that were found good.  Half of a check's time goes
 * into the intermediate, which is nearly always the same one; a memo saves
 * that.  What it remembers is true for ever (this certificate is signed by
 * that key), so it fits any bundle and any time; validity and rights are
 * asked anew.  Plain data, all zeros at first, for one thread.
 */
#define CHAIN_MEMO_LEN	16

struct chain_memo {
	uint8_t facts[CHAIN_MEMO_LEN][HASH_LEN];
	size_t  next;		/* the one that is overwritten next */
};

struct chain {
	struct str    bytes;
	size_t        start[CHAIN_CERTS_MAX + 1];	/* offsets in bytes */
	size_t        len;
	enum distrust distrust;		/* the first fault; latched */
	struct cert   leaf;		/* after chain_check: parsed, and */
	struct spiffe id;		/* trusted if that returned NONE */
};

void chain_init(struct chain *);
void chain_fini(struct chain *);
void chain_start(struct chain *);
void chain_add(struct chain *, struct slice);
void chain_end(struct chain *);
/*
 * Adds every CERTIFICATE block of a text, as identities are kept on disk; at
 * least one must be there.  ERR_DATA.
 */
int chain_add_pem(struct chain *, struct slice text, struct err *);
/* The i-th of c->len; borrowed until more is added. */
struct slice chain_cert(const struct chain *, size_t i);
/* The policy's domain is ignored: the bundle's counts. */
enum distrust chain_check(struct chain *, const struct bundle *,
    const struct leaf_policy *);

/*
 * The same for certificates at hand.  *leaf and *id borrow from certs; they
 * are set as far as the certificate could be read.
 */
enum distrust chain_verify(const struct slice *certs, size_t len,
    const struct bundle *, const struct leaf_policy *, struct cert *leaf,
    struct spiffe *id);

#endif
