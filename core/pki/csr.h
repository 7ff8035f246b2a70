#ifndef PKI_CSR_H
#define PKI_CSR_H

#include "base/err.h"
#include "base/slice.h"
#include "base/str.h"
#include "pki/key.h"

/*
 * csr: a certification request (PKCS #10, RFC 2986), of which we believe one
 * thing: that the sender holds the key.  Names and life come from the join
 * token's record, never from here, so a request that asks for a name, for
 * being a CA or for anything else by an extension is refused, rather than
 * silently given something different.  Its subject is ignored.
 */
#define CSR_MAX		8192	/* bytes of DER */

/* Adds DER: empty subject, no attributes. */
void csr_make(struct str *, const struct key *);
/* The same with a subject, for an authority that takes it from there. */
void csr_make_named(struct str *, const struct key *, struct slice common_name);
/*
 * Checks form and signature, and gives the key's point.  ERR_DATA, or
 * ERR_TOO_LARGE above CSR_MAX.
 */
int csr_parse(uint8_t point[KEY_POINT_LEN], struct slice der, struct err *);

#endif
