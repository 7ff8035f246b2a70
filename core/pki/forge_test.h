#ifndef PKI_FORGE_TEST_H
#define PKI_FORGE_TEST_H

#include <stdbool.h>

#include "base/str.h"
#include "pki/cert.h"
#include "pki/key.h"

/*
 * forge: certificates with any defect, for tests.  mint.h makes proper ones
 * only; here every part can be spoilt before it is signed.
 * Life: forge_leaf or forge_ca -> change fields -> forge_sign (wipes the san).
 */
#define FORGE_NOW	INT64_C(1795223561)	/* 2026-11-21 */

struct forge {
	uint8_t      version;
	struct slice serial;
	const char  *issuer, *subject;	/* common names; NULL: empty name */
	int64_t      not_before, not_after;
	uint8_t      point[KEY_POINT_LEN];
	struct slice spki;		/* instead of the point */
	struct slice inner_algorithm, outer_algorithm;	/* bodies */
	bool         no_basic, is_ca, basic_not_critical;
	int          path_len;		/* -1: none */
	bool         no_usage, usage_twice, usage_not_critical;
	uint16_t     usage;
	bool         server, client;
	struct str   san;		/* GeneralNames without the SEQUENCE */
	bool         san_not_critical;
	struct slice extra;		/* body of another extension's OID */
	bool         extra_critical;
	bool         constraints;
	struct slice skid, akid;
	bool         trailing;		/* a byte behind the certificate */
};

/* A proper leaf of spiffe://td/ns/a/sa/b under "inter". */
void forge_leaf(struct forge *, const uint8_t point[KEY_POINT_LEN]);
void forge_ca(struct forge *, const char *issuer, const char *subject,
    const uint8_t point[KEY_POINT_LEN]);
void forge_name(struct forge *, uint8_t tag, struct slice);
/* Gives the DER. */
struct str forge_sign(struct forge *, const struct key *);
/* By a key of another kind: sign writes at most FORGE_SIG_MAX bytes. */
#define FORGE_SIG_MAX	1024
struct str forge_sign_by(struct forge *, size_t (*sign)(const void *key,
    struct slice tbs, uint8_t sig[FORGE_SIG_MAX]), const void *key);

#endif
