#ifndef PKI_KEY_H
#define PKI_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/str.h"

/*
 * key: a private key on P-256 and what it does: ECDSA with SHA-256.
 * Life: key_generate or key_parse -> key_sign ... -> key_fini, which wipes.
 * The whole mesh knows this one kind of key.  Signatures are DER (RFC 3279,
 * 2.2.3) and deterministic (RFC 6979): no random number can spoil them.
 */
#define KEY_SECRET_LEN	32
#define KEY_POINT_LEN	65	/* 04, X, Y: uncompressed (SEC 1, 2.3.3) */
#define KEY_SIG_MAX	72

struct key {
	uint8_t secret[KEY_SECRET_LEN];	/* big-endian, 1 .. order - 1 */
	uint8_t point[KEY_POINT_LEN];
};

void key_generate(struct key *);
/* False: it is no secret of KEY_SECRET_LEN bytes in range. */
bool key_from_secret(struct key *, struct slice secret);
void key_fini(struct key *);
/*
 * Reads the first "EC PRIVATE KEY" or "PRIVATE KEY" block of a PEM text;
 * blocks before it (openssl's "EC PARAMETERS") are skipped.  A point that
 * the file carries must belong to the secret.  ERR_DATA.
 */
int key_parse(struct key *, struct slice pem, struct err *);
/* Adds PKCS #8 in DER.  The caller wipes the str: key_wipe_str. */
void key_pkcs8(struct str *, const struct key *);
/* Adds a PKCS #8 block.  The caller wipes the str: key_wipe_str. */
void key_pem(struct str *, const struct key *);
/* Adds the SEC 1 form, for tools that want it. */
void key_pem_sec1(struct str *, const struct key *);
/*
 * Makes room for len more bytes at once: a str that grows would leave its old
 * bytes behind in the heap.  To be called before a secret is added.
 */
void key_room_str(struct str *, size_t len);
/* Overwrites the bytes of the str and frees it. */
void key_wipe_str(struct str *);

/* Returns the length of the signature. */
size_t key_sign(const struct key *, struct slice message,
    uint8_t sig[KEY_SIG_MAX]);
bool key_verify(const uint8_t point[KEY_POINT_LEN], struct slice message,
    struct slice sig);
/* On the curve, not at infinity, uncompressed. */
bool key_point_ok(struct slice point);

#endif
