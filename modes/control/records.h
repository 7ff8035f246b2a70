#ifndef CONTROL_RECORDS_H
#define CONTROL_RECORDS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "modes/control/ca.h"
#include "pki/hash.h"

/*
 * records: what control keeps of tokens, certificates and operators, as JSON
 * in the store (store_keys.h says under which keys).  None holds a secret:
 * of a token's there is a hash, of keys the public half.
 *
 * Reading puts everything into the arena.  -1: the record does not read
 * (ERR_INTERNAL), which only an altered file can bring about.
 */

/* What a token lets its bearer be, and what a certificate says. */
struct grant {
	struct slice  ns, account, name;	/* name: of the workload; may be
						   empty in a token */
	struct slice *services;		/* names in ns */
	size_t        services_len;
};

bool grant_serves(const struct grant *, struct slice service);	/* "ns/name" */

struct token_record {
	struct slice id;
	uint8_t      hash[HASH_LEN];	/* of the secret */
	struct grant grant;
	int64_t      created, expires;	/* seconds since 1970 */
	struct slice created_by;
	int64_t      used;		/* 0: not yet */
	uint8_t      point[KEY_POINT_LEN];	/* of the key that used it */
	struct slice leaf;		/* DER: what it was used for */
};

struct cert_record {
	struct slice id;		/* SPIFFE ID */
	struct slice serial;		/* hex */
	struct grant grant;		/* of a workload, else empty */
	int64_t      issued, expires;
	struct slice token;		/* it came from; or absent */
	struct slice issuer;		/* key id of who signed it, hex */
	struct slice root;		/* and of the root above that; or absent */
	bool         is_of_app;		/* a second one, for its application */
	struct slice attestor, host;	/* that it joined by: attest.h; or absent */
	struct slice credential;	/* by which it proved to be that one; or absent */
};

struct operator_record {
	struct slice name;
	uint8_t      leaf[HASH_LEN];	/* of the certificate's DER */
	int64_t      created, expires;
	struct slice created_by;
};

struct revocation_record {
	struct slice id;		/* SPIFFE ID */
	int64_t      at;		/* issued up to then: refused */
	int64_t      until;		/* the last of that ends */
	struct slice by;
};

void token_record_write(struct str *, const struct token_record *);
int token_record_read(struct token_record *, struct arena *, struct slice json,
    struct err *);
void cert_record_write(struct str *, const struct cert_record *);
int cert_record_read(struct cert_record *, struct arena *, struct slice json,
    struct err *);
void operator_record_write(struct str *, const struct operator_record *);
int operator_record_read(struct operator_record *, struct arena *,
    struct slice json, struct err *);
void revocation_record_write(struct str *, const struct revocation_record *);
int revocation_record_read(struct revocation_record *, struct arena *,
    struct slice json, struct err *);

/* Keys, in the arena. */
struct slice token_record_key(struct arena *, struct slice id);
struct slice cert_record_key(struct arena *, const uint8_t leaf[HASH_LEN]);
struct slice operator_record_key(struct arena *, struct slice name);
struct slice revocation_record_key(struct arena *, struct slice id);

/* Records are kept for so long after their end, for those who look back. */
#define RECORDS_KEPT_S	(7 * 86400)
/* So long after its end at most a certificate may be renewed. */
#define RENEW_WINDOW_MAX_S	(90 * 86400)

#endif
