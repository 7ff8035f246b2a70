#ifndef TLS_OUTSIDE_RUN_H
#define TLS_OUTSIDE_RUN_H

#include "base/arena.h"
#include "base/refs.h"
#include "pki/web.h"
#include "tls/outside.h"

/* What stands behind a tls_outside, for the files of this folder. */
struct tls_outside {
	struct refs       refs;
	struct arena      memory;
	struct web_roots *roots;	/* or */
	struct slice      domain;	/* else empty */
	struct slice      sni;
	struct web_name  *names;
	size_t            names_len;
	struct tls_edge  *shown;	/* or NULL */
	char              mark[2 * HASH_LEN + 1];
};

/* As web_verify, now. */
enum distrust outside_judge(const struct tls_outside *,
    const struct slice *certs, size_t n, struct cert *leaf, struct pubkey *);

#endif
