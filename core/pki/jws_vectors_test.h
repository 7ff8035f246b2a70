#ifndef PKI_JWS_VECTORS_TEST_H
#define PKI_JWS_VECTORS_TEST_H

#include <stdbool.h>
#include <stddef.h>

/* Signatures of JWS_MESSAGE, good and bad. */
#define JWS_MESSAGE	"what is signed"

struct jws_vector {
	const char *name, *alg, *kid;
	bool        is_good;
	const char *sig;	/* base64url */
};
extern const struct jws_vector jws_vectors[];
extern const size_t jws_vectors_len;
extern const char jws_keys[];	/* a JWK Set */

#endif
