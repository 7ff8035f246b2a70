#ifndef TLS_CLIENTS_H
#define TLS_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * clients: whose certificates a server asks strangers for, and whether it lets
 * in who shows no good one (pki/web.h says what is good).
 *
 * Beside roots it may have other trust domains, whose members come with their
 * SPIFFE IDs (member.h).  Of whom a certificate calls a member of one of those,
 * that domain's own roots say so, which the request's identity knows, or nobody
 * does: no other root vouches for its names.
 *
 * What is asked for are the names of all roots, as many as fit into
 * TLS_CLIENTS_NAMES_MAX bytes; what is taken is all of them.  Keys are RSA or
 * on a curve of P-256, P-384 and P-521.  Sessions of such servers are not
 * resumed: each connection proves anew who comes.
 *
 * Immutable, counted, any thread.
 */
#define TLS_CLIENTS_NAMES_MAX	16384

struct web_roots;
struct tls_clients;
/* Takes a reference to the roots and copies; there must be one or more of both. */
struct tls_clients *tls_clients_new(struct web_roots *,
    const struct slice *domains, size_t domains_len, bool is_optional);
struct tls_clients *tls_clients_ref(struct tls_clients *);
void tls_clients_unref(struct tls_clients *);	/* NULL allowed */

#endif
