#ifndef TLS_HELLO_H
#define TLS_HELLO_H

#include <stdbool.h>

#include "base/slice.h"
#include "loop/buf.h"

/*
 * hello: what a ClientHello (RFC 5246, section 7.4.1.2) asks for, read before
 * BearSSL reads it.  BearSSL looks sessions up before it knows the server
 * name and the protocols, and a session may be resumed only for the same.
 */
#define HELLO_MAX	4096	/* a longer one is not looked into */

struct hello {
	unsigned char bytes[HELLO_MAX];
	struct slice  suites;	/* two bytes each */
	struct slice  sni;	/* absent when none */
	struct slice  protocols;	/* each behind its length byte */
};

/*
 * Looks at the first record of raw, which stays as it is.  False when that
 * does not hold one whole, well-formed ClientHello.
 */
bool hello_parse(struct hello *, const struct buf *raw);
/* Whether it offers a suite of ours with a certificate of this kind. */
bool hello_takes(const struct hello *, bool is_rsa);
/* The first of ours that the client offers, or "". */
const char *hello_choose(const struct hello *, const char *const *ours);

#endif
