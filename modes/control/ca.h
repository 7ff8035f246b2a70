#ifndef CONTROL_CA_H
#define CONTROL_CA_H

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "modes/control/ca_files.h"
#include "modes/control/jwt_keys.h"
#include "modes/control/signer.h"
#include "pki/bundle.h"
#include "pki/chain.h"
#include "pki/spiffe.h"

/*
 * ca: the certificate authority of a control.
 * Life: ca_open (before any thread exists) -> requests -> ca_close.
 *
 * It knows the trust bundle, the intermediate's certificate and how long
 * leaves live; the key that signs is in the signer's process.  Issuing has
 * three steps, and the one in the middle is the caller's:
 *
 *   ca_request_x builds a request whose names come from a record of ours
 *   -> signer_send -> the DER arrives -> the caller records it
 *   -> and only then gives it out, by ca_add_chain.
 */
#define CA_LEAF_LIFE_S		86400
#define CA_LEAF_LIFE_WARN_S	300	/* shorter gets a warning */

struct ca_options {
	const char  *data_dir;
	struct slice domain;
	const char  *root_cert_file, *root_key_file;	/* NULL: our own */
	uint32_t     leaf_life_s;	/* 10 s .. 30 d; 0: CA_LEAF_LIFE_S */
	uint32_t     rate;		/* per second; 0: SIGNER_RATE_MAX */
	const struct log_options *log;	/* for the signer; may be NULL */
};

/* Who signed leaves, and what leads from it to a root: to be presented. */
struct ca_issuer {
	struct chain chain;	/* empty: there is none */
	struct cert  cert;	/* its first; borrows from it */
};

struct ca {
	struct ca_files files;
	struct bundle  *bundle;		/* its domain is the trust domain */
	char            bundle_digest[2 * HASH_LEN + 1];	/* hex */
	struct jwt_keys jwt;		/* that verify its JWT-SVIDs */
	struct signer  *signer;
	struct ca_issuer now, before;	/* signs; signed until the last change */
	const char     *root_key_file;	/* kept; NULL: our own */
	uint32_t        leaf_life_s;
};

/* ERR_CONFIG for files and settings that cannot be used. */
struct ca *ca_open(const struct ca_options *, struct err *);
void ca_close(struct ca *);
/*
 * After the files changed: the trust bundle anew, which others may have a
 * reference to; and what is presented with leaves.
 */
int ca_reload_bundle(struct ca *, struct err *);
int ca_reload_issuers(struct ca *, struct err *);

/*
 * A request and the memory of its names.  ca_request_x -> sign is ready for
 * signer_send -> ca_request_fini.  sign.serial is the serial number that the
 * certificate will have.  They fail with ERR_DATA when a name is none, and
 * then there is nothing to release.
 */
struct ca_request {
	struct signer_request sign;
	struct arena          memory;
};

struct ca_workload {
	struct slice        ns, account, name;	/* name: absent in what its
						   application has */
	const struct slice *services;	/* that it serves, in its namespace */
	size_t              services_len;
};

int ca_request_workload(struct ca_request *, const struct ca *,
    const struct ca_workload *, const uint8_t point[KEY_POINT_LEN],
    struct err *);
int ca_request_operator(struct ca_request *, const struct ca *,
    struct slice name, const uint8_t point[KEY_POINT_LEN], struct err *);
/* dns: names under which control is reached, besides control.mesh. */
int ca_request_control(struct ca_request *, const struct ca *,
    const struct slice *dns, size_t dns_len,
    const uint8_t point[KEY_POINT_LEN], struct err *);
void ca_request_fini(struct ca_request *);

/* The keys of its JWT-SVIDs: a JWK Set (RFC 7517). */
void ca_add_jwks(struct str *, const struct ca *);
/* PEM of a leaf and what leads to a root: what its owner presents. */
void ca_add_chain(struct str *, const struct ca *, struct slice leaf_der);
/*
 * control's own identity: a new key and its chain.  Blocks until the signer
 * has answered; meant for start-up.
 */
int ca_issue_self(struct ca *, const struct slice *dns, size_t dns_len,
    struct key *key, struct str *chain_pem, struct err *);

#endif
