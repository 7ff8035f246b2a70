#ifndef TLS_CLIENTS_RUN_H
#define TLS_CLIENTS_RUN_H

#include <bearssl.h>

#include "base/arena.h"
#include "base/refs.h"
#include "base/str.h"
#include "pki/bundle_set.h"
#include "pki/web.h"
#include "tls/clients.h"

/* What stands behind a tls_clients, for the files of this folder. */
struct tls_clients {
	struct refs       refs;
	struct web_roots *roots;
	struct arena      memory;
	struct slice     *domains;
	size_t            domains_len;
	bool              is_optional;
};

bool clients_has_domain(const struct tls_clients *, struct slice domain);
/*
 * Whose certificates are asked for now: names of roots, and of those that a set
 * (NULL allowed) has for the domains; all borrowed but the array, which the
 * caller frees.  Where nobody has any, as of a domain whose roots are not known,
 * it is a name that nobody has: who is asked by no name is not asked.
 */
br_x500_name *clients_names(const struct tls_clients *,
    const struct bundle_set *, size_t *n);
/* As web_verify, now. */
enum distrust clients_judge(const struct tls_clients *,
    const struct slice *certs, size_t n, struct cert *leaf, struct pubkey *);

/*
 * Appends a leaf's subject and its other names, as conn_peer has them.  A
 * subject of more than CLIENTS_TEXT_MAX bytes is none; of names those count
 * that fit into so many and are URIs or DNS names of printable ASCII.
 */
#define CLIENTS_TEXT_MAX	1024
void clients_describe(const struct cert *leaf, struct str *subject,
    struct str *names);

#endif
