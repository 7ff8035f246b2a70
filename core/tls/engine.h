#ifndef TLS_ENGINE_H
#define TLS_ENGINE_H

#include <bearssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "loop/buf.h"
#include "net/conn_image.h"
#include "pki/pubkey.h"

/*
 * engine: one handshake by BearSSL, sans I/O: received bytes go in, bytes to
 * send come out.
 *
 * Life: engine_start -> engine_run, as bytes arrive -> ENGINE_DONE ->
 *       engine_export -> engine_wipe.
 *
 * It is fed whole records only and nothing behind the last record of the
 * handshake, so that whatever follows is left in `raw` for the record layer.
 * What is asked about the peer is asked of its owner through engine_ops.
 */
#define ENGINE_ALPN_MAX	8
#define ENGINE_CERTS_MAX	8		/* in a peer's chain */
#define ENGINE_CHAIN_MAX	(24 * 1024)	/* bytes of a peer's chain */

/*
 * Contexts with everything set that is the same for each connection.  They
 * are never seeded: two connections from one seeded context would share
 * their random numbers, and with them their keys.
 */
struct engine_template {
	br_ssl_client_context client;
	br_ssl_server_context server;
};
void engine_template_init(struct engine_template *);

struct engine_ops {
	/*
	 * The peer's chain, leaf first.  True: its public key is in *key, go
	 * on.  False: the handshake fails.
	 */
	bool (*on_chain)(void *owner, const struct slice *certs, size_t n,
	    struct pubkey *key);
	/* Server: fills in what belongs to p->session_id, or false. */
	bool (*session_load)(void *owner, br_ssl_session_parameters *p);
	/* Server: a full handshake made this session. */
	void (*session_save)(void *owner, const br_ssl_session_parameters *p);
};

struct engine_options {
	bool                       is_server;
	/* The peer may not be of our domain: its key is RSA or on any curve. */
	bool                       takes_all_keys;
	/* Server.  One that is refused is as good as none, or ends it. */
	bool                       peer_cert_optional, bad_cert_ends;
	const br_x509_certificate *chain;	/* keeps; ours, may be NULL */
	size_t                     chain_len;
	const br_ec_private_key   *key;		/* keeps */
	const br_rsa_private_key  *rsa_key;	/* keeps; instead of key */
	/* Keeps.  Of a server: whose certificates it asks for; none: it asks not. */
	const br_x500_name        *ca_names;
	size_t                     n_ca_names;
	const char *const         *alpn;	/* keeps; NULL-terminated, or NULL */
	const char                *sni;		/* client; NULL: none */
	const br_ssl_session_parameters *resume;	/* client; NULL: none */
	const struct engine_ops   *ops;		/* keeps */
	void                      *owner;	/* keeps */
};

/* What BearSSL calls to have the peer's certificates judged. */
struct engine_verifier {
	const br_x509_class *vtable;
	struct engine       *engine;
	unsigned char       *der;	/* all certificates, one after another */
	size_t               len;
	size_t               ends[ENGINE_CERTS_MAX];
	size_t               n;
	bool                 is_oversize;
	struct pubkey        key;
};

struct engine_cache {
	const br_ssl_session_cache_class *vtable;
	struct engine                    *engine;
};

struct engine {
	union {
		br_ssl_engine_context any;
		br_ssl_client_context client;
		br_ssl_server_context server;
	} ssl;
	bool                     is_server;
	bool                     has_encrypted;	/* our ChangeCipherSpec is out */
	bool                     has_chain;	/* the peer sent certificates */
	bool                     bad_cert_ends;
	bool                     has_loaded;	/* a session was found */
	bool                     has_saved;	/* ... but not used */
	int                      error;		/* BearSSL's, or ours */
	struct engine_verifier   verifier;
	struct engine_cache      cache;
	const struct engine_ops *ops;
	void                    *owner;
	const char              *alpn[ENGINE_ALPN_MAX];
	unsigned char            in[BR_SSL_BUFSIZE_INPUT];
	unsigned char            out[BR_SSL_BUFSIZE_OUTPUT];
};

enum engine_state {
	ENGINE_WAITS,		/* for bytes from the peer */
	ENGINE_DONE,
	ENGINE_FAILED,		/* engine_error says why */
};

void engine_start(struct engine *, const struct engine_template *,
    const struct engine_options *);
/* Takes whole records from raw, appends to out what is to be sent. */
enum engine_state engine_run(struct engine *, struct buf *raw, struct buf *out);
/* BearSSL's number; 0 when the peer ended the handshake in order. */
int engine_error(const struct engine *);
/*
 * Appends the fatal alert that fits the error, where that can still be done
 * in the clear.  BearSSL says nothing when it gives up.
 */
void engine_alert(const struct engine *, struct buf *out);

/* After ENGINE_DONE. */
bool engine_is_resumed(const struct engine *);
const char *engine_sni(const struct engine *);	/* as BearSSL has it, or "" */
const char *engine_alpn(const struct engine *);	/* "" when none */
void engine_session(const struct engine *, br_ssl_session_parameters *);
/* Suite, keys and sequence numbers of both directions. */
void engine_export(const struct engine *, struct conn_image *);
void engine_wipe(struct engine *);	/* frees what it holds, not itself */

#endif
