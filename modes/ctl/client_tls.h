#ifndef CTL_CLIENT_TLS_H
#define CTL_CLIENT_TLS_H

#include "modes/ctl/target.h"
#include "tls/tls.h"

/*
 * client_tls: who we are to a control across the network, and who it must be.
 * Life: all zeros -> client_tls_init -> client_tls_start -> client_tls_fini.
 */
struct client_tls {
	struct tls_identity   *identity;
	struct tls_handshaker *handshaker;
	struct tls_request     request;
	const char            *address, *ca_file;
};

/* Reads bundle, certificate and key.  ERR_CONFIG. */
int client_tls_init(struct client_tls *, const struct target *, struct err *);
/* A key, or a token, that others can read is no secret: ERR_CONFIG. */
int client_tls_check_mode(const char *path, struct err *);
/* Takes fd. */
void client_tls_start(struct client_tls *, int fd, struct loop *,
    uint64_t timeout_ms, void (*done)(void *, struct tls_result *), void *arg);
/* Why there is no connection: ERR_DENIED, ERR_UNAVAILABLE, ERR_SYSTEM. */
int client_tls_fail(const struct client_tls *, const struct tls_result *,
    struct err *);
void client_tls_fini(struct client_tls *);

#endif
