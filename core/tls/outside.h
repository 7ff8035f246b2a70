#ifndef TLS_OUTSIDE_H
#define TLS_OUTSIDE_H

#include <stddef.h>

#include "base/slice.h"

/*
 * outside: a server outside the mesh, and how it is known (pki/web.h): whose roots its
 * chain must lead to, and its names, of which one suffices.  TLS 1.2, ECDHE
 * with a key of RSA or on a curve; a server that asks for our certificate gets
 * the one that is to be shown, or none; sessions are not resumed.  Immutable,
 * counted, any thread.
 */
struct tls_edge;
struct web_roots;
struct web_name;
struct tls_outside;
struct tls_outside_options {
	struct slice           sni;	/* asked for; an IP address is not */
	struct web_roots      *roots;	/* a reference is taken */
	const struct web_name *names;	/* copied */
	size_t                 names_len;
	struct tls_edge       *shown;	/* a reference is taken; NULL: none */
	/*
	 * Instead of roots: the trust domain whose bundle the identity of the
	 * request has; the names are SPIFFE IDs then, and we show ourselves.
	 */
	struct slice           domain;
};
struct tls_outside *tls_outside_new(const struct tls_outside_options *);
struct tls_outside *tls_outside_ref(struct tls_outside *);
void tls_outside_unref(struct tls_outside *);	/* NULL allowed */
/* The same for those that ask for the same, in hexadecimal digits. */
struct slice tls_outside_mark(const struct tls_outside *);
struct slice tls_outside_sni(const struct tls_outside *);	/* or empty */
struct slice tls_outside_domain(const struct tls_outside *);	/* or empty */

#endif
