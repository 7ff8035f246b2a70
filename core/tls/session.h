#ifndef TLS_SESSION_H
#define TLS_SESSION_H

#include <bearssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/conn.h"
#include "pki/hash.h"

/*
 * session: what a full handshake proved, so that a resumed one need not.
 * X.509 is not run when a session is resumed, and TLS 1.2 without extended
 * master secret does not bind it to its first handshake; so a session keeps
 * the peer, the server name, the protocol, the generation of the bundle that
 * verified the peer and the certificate that we showed, and is good only
 * where all of them are the same.
 *
 * session_cache: a bounded store by 32-byte keys; the least recently used
 * one goes first.  Any thread.  The server's key is the session id; the
 * client's a hash of everything that it asks for.
 */
#define SESSION_KEY_LEN	32
#define SESSION_LIFE_S	3600	/* and never beyond the peer's certificate */

struct session {
	br_ssl_session_parameters params;
	unsigned char own_hash[HASH_LEN];	/* of our own leaf */
	int64_t       made_at;			/* wall s */
	/* As in conn_peer: */
	char          id[CONN_ID_MAX];
	char          sni[CONN_SNI_MAX];
	char          alpn[CONN_ALPN_MAX];
	int64_t       not_before, not_after;
	uint64_t      bundle_generation;
	unsigned char cert_hash[HASH_LEN], root_hash[HASH_LEN];
};

/* Is it young enough, and is the peer still verified by what we trust? */
bool session_is_good(const struct session *, int64_t now, uint64_t generation,
    const unsigned char own_hash[HASH_LEN]);

struct session_cache;
struct session_cache *session_cache_new(size_t max);
void session_cache_free(struct session_cache *);	/* wipes */
void session_cache_put(struct session_cache *,
    const unsigned char key[SESSION_KEY_LEN], const struct session *);
/* Copies it out. */
bool session_cache_get(struct session_cache *,
    const unsigned char key[SESSION_KEY_LEN], struct session *);
void session_cache_drop(struct session_cache *,
    const unsigned char key[SESSION_KEY_LEN]);
size_t session_cache_len(struct session_cache *);

#endif
