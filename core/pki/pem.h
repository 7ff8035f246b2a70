#ifndef PKI_PEM_H
#define PKI_PEM_H

#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/str.h"

/*
 * pem: binary objects as text between BEGIN and END lines (RFC 7468).
 * A text may hold several blocks; lines outside of them are ignored, as
 * people put explanations there.  Inside stands base64 and white space and
 * nothing else: no headers, so an encrypted key of the old kind is refused.
 */
#define PEM_LABEL_CERT		"CERTIFICATE"
#define PEM_LABEL_CSR		"CERTIFICATE REQUEST"
#define PEM_LABEL_EC_KEY	"EC PRIVATE KEY"	/* SEC 1, RFC 5915 */
#define PEM_LABEL_KEY		"PRIVATE KEY"		/* PKCS #8, RFC 5208 */
#define PEM_TEXT_MAX		(1u << 20)	/* bytes of a whole text */

struct pem {
	struct slice label;	/* borrowed from the text */
	struct slice body;	/* its base64 lines, likewise */
};

/*
 * Cuts the next block off *text.  1: *pem is set; 0: no block is left; -1: a
 * block is malformed or the text too long (ERR_DATA).
 */
int pem_next(struct slice *text, struct pem *pem, struct err *);
/*
 * Decodes a body.  Returns its bytes, or -1 when it is no base64 or longer
 * than cap.  What passes through is wiped, so it may be a key.
 */
ptrdiff_t pem_decode(const struct pem *, void *out, size_t cap);
void pem_add(struct str *, const char *label, struct slice der);

#endif
