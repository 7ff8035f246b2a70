#ifndef TLS_MEET_TEST_H
#define TLS_MEET_TEST_H

#include "base/str.h"
#include "pki/cert.h"
#include "pki/key.h"
#include "tls/tls.h"

/*
 * meet: for tests, certificate authorities with their members, and two of
 * them that shake hands over a socket pair.
 */
struct test_ca {
	const char *domain;
	struct key  root_key, inter_key;
	struct str  root_der, inter_der, bundle_pem;
	struct cert root, inter;
};
void test_ca_init(struct test_ca *, const char *domain);
void test_ca_fini(struct test_ca *);

struct test_leaf {
	const char *id;		/* SPIFFE ID */
	int64_t     from, to;	/* seconds from now; 0, 0: now for an hour */
};
/* Appends chain and key as PEM. */
void test_leaf_pem(struct test_ca *, const struct test_leaf *,
    struct str *chain, struct str *key);
/* Trusts the roots of ca itself, in this generation. */
struct tls_identity *test_identity(struct test_ca *, const char *id,
    uint64_t generation);

/* One end of a handshake. */
struct meet_end {
	struct tls_request request;
	struct tls_result  result;	/* image and chain are the test's */
	bool               is_done;
	struct meet       *meet;
	struct tls_handshake *handshake;
};

struct meet {
	struct loop           *loop;
	struct tls_handshaker *handshaker;
	struct meet_end        client, server;
	int                    pending;
	struct test_ca         ca;
	struct tls_identity   *a, *b;	/* spiffe://td/ns/x/sa/a and .../b */
};
/* Requests are set for a (client) and b (server), each knowing the other. */
struct meet *meet_new(void);
void meet_free(struct meet *);
/* Both ends over a new socket pair, until both are done. */
void meet_run(struct meet *);
/* Only one end; gives the other's socket. */
int meet_start(struct meet *, struct meet_end *);
void meet_start_fd(struct meet *, struct meet_end *, int fd);
void meet_wait(struct meet *);	/* until nothing is pending */
void meet_clear(struct meet_end *);	/* frees what the result holds */

/* Ended so, with this certificate's fault (NULL: none), and said why. */
void meet_assert(const struct meet_end *, enum tls_failure want,
    const char *cert_reason);
void meet_assert_ok(struct meet *, bool is_resumed);

#endif
