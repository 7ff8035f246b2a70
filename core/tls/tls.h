#ifndef TLS_TLS_H
#define TLS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "loop/loop.h"
#include "net/conn_image.h"

/*
 * tls: TLS 1.2 handshakes by BearSSL on a thread of their own, and the record
 * layer that a connection uses afterwards.
 *
 * Life of a handshake: tls_handshake_start (any thread) -> the handshake
 *       thread drives BearSSL's engine over the socket -> done on the asking
 *       loop with a conn_image that holds fd, keys and proven peer
 *       -> conn_attach(loop, image, &tls_transport, ...).
 *
 * Both ends authenticate: ECDHE_ECDSA on P-256 (elsewhere peers may have other
 * keys) with AES_128_GCM first, ChaCha20_Poly1305 second; ALPN and SNI; no
 * renegotiation; sessions are resumed by id, for the same peer, SNI, ALPN, bundle
 * generation and certificate of ours only.  A handshake ends within 10 s and 64 KiB, however
 * the peer behaves.  Of those that are let in each host has a share: beyond it
 * that host's own oldest gives way, so that silence keeps nobody else out.
 */

/*
 * Who we are and whom we trust: immutable, counted, any thread.  The key must
 * be the certificate's and the chain good under the bundle at some time of
 * the leaf's life (now is for peers to judge).  With chain_pem and key_pem
 * absent it only checks others: for clients that have no certificate yet.
 */
struct tls_identity;
struct revoked;
struct tls_identity *tls_identity_new(struct slice chain_pem,
    struct slice key_pem, struct slice bundle_pem, const char *trust_domain,
    uint64_t bundle_generation, struct err *);
/*
 * Before anybody else has it: whom it refuses (pki/revoked.h; takes a reference).
 * Another list asks for another generation, or refused sessions are resumed.
 */
void tls_identity_refuse(struct tls_identity *, struct revoked *);
struct tls_identity *tls_identity_ref(struct tls_identity *);
void tls_identity_unref(struct tls_identity *);	/* NULL allowed */
int64_t tls_identity_not_after(const struct tls_identity *);
int64_t tls_identity_not_before(const struct tls_identity *);
const char *tls_identity_id(const struct tls_identity *);	/* SPIFFE ID */
uint64_t tls_identity_generation(const struct tls_identity *);	/* of the bundle */

/*
 * What one shows to strangers: a server certificates that are not of the mesh,
 * for server names; a client one to servers that ask for it.  Immutable once it
 * is in use, counted, any thread.
 */
struct tls_edge;
struct tls_edge *tls_edge_new(void);
struct tls_edge *tls_edge_ref(struct tls_edge *);
void tls_edge_unref(struct tls_edge *);	/* NULL allowed */
/*
 * Copies.  The first hostname (as gateway_holds has them: "*.example.com", or ""
 * for any name and none) that holds the client's counts; of several
 * certificates for it, one that the client can use and that names the host.
 * Keys are ECDSA on P-256, or RSA of 2048 to 4096 bits.  ERR_DATA.
 */
int tls_edge_add(struct tls_edge *, struct slice hostname,
    struct slice chain_pem, struct slice key_pem, struct err *);
/* Shows also what `from` shows as its i-th, in the order of adding. */
void tls_edge_keep(struct tls_edge *, const struct tls_edge *from, size_t i);

enum tls_failure {	/* one table: name (label `reason`), sentence */
	TLS_OK,
	TLS_FAIL_TIMEOUT,
	TLS_FAIL_BYTES,		/* the byte budget was used up */
	TLS_FAIL_CLOSED,	/* the peer went away */
	TLS_FAIL_NOT_TLS,	/* plain text on a TLS port */
	TLS_FAIL_PROTOCOL,	/* BearSSL refused; its number is in the log */
	TLS_FAIL_NO_CERT,
	TLS_FAIL_CERT,		/* path or leaf; cert_reason says which */
	TLS_FAIL_WRONG_PEER,	/* valid, but not the SPIFFE ID expected */
	TLS_FAIL_NO_ALPN,	/* no protocol in common */
	TLS_FAIL_NO_SNI,	/* a server that needs one was asked without */
	TLS_FAIL_UNKNOWN_NAME,	/* an edge has no certificate for the name */
	TLS_FAIL_BUSY,		/* too many handshakes wait, or of this host */
	TLS_FAILURES
};
const char *tls_failure_name(enum tls_failure);
const char *tls_failure_text(enum tls_failure);

struct tls_outside;	/* outside.h */
struct tls_clients;	/* clients.h */
struct tls_request {
	bool                 is_server;
	bool                 verify_none;	/* client: first contact of a join only; the
						   caller checks the chain against its token */
	bool                 client_cert_optional;	/* server: control's API for join */
	bool                 sni_required;	/* server */
	struct tls_identity *identity;	/* kept (ref taken) until done; may be NULL
					   with verify_none only; a server's has a
					   certificate */
	struct tls_outside  *outside;	/* client: instead of identity (or with it, by
					   a trust domain), for a server outside the
					   mesh; kept likewise; needs no alpn */
	struct tls_edge     *edge;	/* server: instead of identity, for strangers; kept
					   likewise; a client without ALPN is let in */
	struct tls_clients  *clients;	/* with edge, and identity for trust domains: of
					   whom it asks for certificates, or NULL */
	char                 expected_id[CONN_ID_MAX];	/* client; "" = any of our domain */
	char                 sni[CONN_SNI_MAX];		/* client */
	const char *const   *alpn;	/* NULL-terminated, static, preferred first */
	uint64_t             timeout_ms;	/* 0: 10 s */
};

struct tls_result {
	enum tls_failure  failure;
	int               engine_error;	/* BearSSL's number, 0 if none */
	bool              is_alert;	/* the peer ended it, and said so */
	const char       *cert_reason;	/* name from pki's leaf table, or NULL */
	char              text[200];	/* for the log */
	uint64_t          duration_us;
	struct conn_image image;	/* on TLS_OK; taken by the callee */
	unsigned char    *peer_chain;	/* verify_none: DER certificates, each after a
					   4-byte length; freed after the call */
	size_t            peer_chain_len;
};

/*
 * The handshake thread(s) with their session caches.  Freeing ends what still
 * runs with TLS_FAIL_CLOSED, delivered as everything else: the loops that
 * asked must be freed later.
 */
struct tls_handshaker;
struct tls_handshaker *tls_handshaker_new(int threads);
void tls_handshaker_free(struct tls_handshaker *);

/*
 * Takes fd, which must not block.  done(arg, result) runs on `loop`, once,
 * unless cancelled.  Any thread may start; the id serves tls_handshake_cancel on the same loop.
 */
struct tls_handshake;
struct tls_handshake *tls_handshake_start(struct tls_handshaker *, int fd,
    const struct tls_request *, struct loop *loop,
    void (*done)(void *arg, struct tls_result *), void *arg);
void tls_handshake_cancel(struct tls_handshake *);

extern const struct transport tls_transport;	/* of attached connections */

#endif
