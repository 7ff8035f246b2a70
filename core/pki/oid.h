#ifndef PKI_OID_H
#define PKI_OID_H

#include "base/slice.h"

/*
 * oid: the object identifiers that we write or understand, in one table.
 * OID_UNKNOWN is every other one.
 */
enum oid {
	OID_UNKNOWN,
	OID_EC_PUBLIC_KEY,		/* RFC 5480 */
	OID_P256,
	OID_P384,
	OID_RSA,			/* RFC 8017, appendix A */
	OID_ECDSA_SHA256,		/* RFC 5758 */
	OID_ECDSA_SHA384,
	OID_ECDSA_SHA512,
	OID_RSA_SHA256,			/* RFC 8017, appendix A */
	OID_RSA_SHA384,
	OID_RSA_SHA512,
	OID_COMMON_NAME,		/* RFC 5280, appendix A */
	OID_ORGANIZATION,
	OID_ORGANIZATIONAL_UNIT,
	OID_COUNTRY,
	OID_SUBJECT_KEY_ID,		/* extensions: RFC 5280, 4.2.1 */
	OID_KEY_USAGE,
	OID_SUBJECT_ALT_NAME,
	OID_BASIC_CONSTRAINTS,
	OID_NAME_CONSTRAINTS,
	OID_AUTHORITY_KEY_ID,
	OID_EXT_KEY_USAGE,
	OID_SERVER_AUTH,		/* key purposes */
	OID_CLIENT_AUTH,
	OID_ANY_EXT_KEY_USAGE,
	OID_EXTENSION_REQUEST,		/* PKCS #9, in a CSR */
	OID_COUNT
};

/* Body of the OBJECT IDENTIFIER, without tag and length. */
struct slice oid_body(enum oid);
enum oid oid_find(struct slice body);
/* "basicConstraints"; for names "CN".  "unknown" for OID_UNKNOWN. */
const char *oid_name(enum oid);

#endif
