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
	struct slice  signatures;	/* two bytes each; absent when none */
};

/*
 * Looks at the first record of raw, which stays as it is.  False when that
 * does not hold one whole, well-formed ClientHello.
 */
bool hello_parse(struct hello *, const struct buf *raw);
/*
 * For who passes a connection on by the name that it asks for, without ending
 * its TLS: looks at the first bytes of it, which may hold the ClientHello in
 * several records (RFC 8446, section 5.1).  name gets the server name in lower
 * case, "" if there is none.
 */
enum hello_state {
	HELLO_MORE,	/* come back with all of it and more */
	HELLO_NAMED,
	HELLO_BAD,	/* it is no TLS, too long, or not well-formed */
};
#define HELLO_NAME_MAX	256	/* CONN_SNI_MAX */
#define HELLO_PEEK_MAX	16384	/* of a message; longer ones are bad */
/* So many bytes hold any that is not: of records, not all of them tiny. */
#define HELLO_PEEK_BYTES	(HELLO_PEEK_MAX + 512)
enum hello_state hello_name(struct slice raw, char name[HELLO_NAME_MAX]);
/*
 * Whether it offers a suite of ours with a certificate of this kind, and takes
 * a signature of such a key over SHA-256, if it says what it takes (RFC 5246,
 * section 7.4.1.4.1).
 */
bool hello_takes(const struct hello *, bool is_rsa);
/* The first of ours that the client offers, or "". */
const char *hello_choose(const struct hello *, const char *const *ours);

#endif
