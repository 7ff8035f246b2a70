#include "base/check.h"
#include "pki/oid.h"

#define BODY(lit)	{ lit, sizeof(lit) - 1 }

static const struct {
	const char  *name;
	struct slice body;
} oids[OID_COUNT] = {
	[OID_UNKNOWN]		  = { "unknown",		{ "", 0 } },
	[OID_EC_PUBLIC_KEY]	  = { "id-ecPublicKey",
	    BODY("\x2a\x86\x48\xce\x3d\x02\x01") },
	[OID_P256]		  = { "secp256r1",
	    BODY("\x2a\x86\x48\xce\x3d\x03\x01\x07") },
	[OID_P384]		  = { "secp384r1",		BODY("\x2b\x81\x04\x00\x22") },
	[OID_RSA]		  = { "rsaEncryption",
	    BODY("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01") },
	[OID_ECDSA_SHA256]	  = { "ecdsa-with-SHA256",
	    BODY("\x2a\x86\x48\xce\x3d\x04\x03\x02") },
	[OID_ECDSA_SHA384]	  = { "ecdsa-with-SHA384",
	    BODY("\x2a\x86\x48\xce\x3d\x04\x03\x03") },
	[OID_ECDSA_SHA512]	  = { "ecdsa-with-SHA512",
	    BODY("\x2a\x86\x48\xce\x3d\x04\x03\x04") },
	[OID_RSA_SHA256]	  = { "sha256WithRSAEncryption",
	    BODY("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b") },
	[OID_RSA_SHA384]	  = { "sha384WithRSAEncryption",
	    BODY("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c") },
	[OID_RSA_SHA512]	  = { "sha512WithRSAEncryption",
	    BODY("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d") },
	[OID_COMMON_NAME]	  = { "CN",			BODY("\x55\x04\x03") },
	[OID_ORGANIZATION]	  = { "O",			BODY("\x55\x04\x0a") },
	[OID_ORGANIZATIONAL_UNIT] = { "OU",			BODY("\x55\x04\x0b") },
	[OID_COUNTRY]		  = { "C",			BODY("\x55\x04\x06") },
	[OID_SUBJECT_KEY_ID]	  = { "subjectKeyIdentifier",	BODY("\x55\x1d\x0e") },
	[OID_KEY_USAGE]		  = { "keyUsage",		BODY("\x55\x1d\x0f") },
	[OID_SUBJECT_ALT_NAME]	  = { "subjectAltName",		BODY("\x55\x1d\x11") },
	[OID_BASIC_CONSTRAINTS]	  = { "basicConstraints",	BODY("\x55\x1d\x13") },
	[OID_NAME_CONSTRAINTS]	  = { "nameConstraints",	BODY("\x55\x1d\x1e") },
	[OID_AUTHORITY_KEY_ID]	  = { "authorityKeyIdentifier",	BODY("\x55\x1d\x23") },
	[OID_EXT_KEY_USAGE]	  = { "extKeyUsage",		BODY("\x55\x1d\x25") },
	[OID_SERVER_AUTH]	  = { "serverAuth",
	    BODY("\x2b\x06\x01\x05\x05\x07\x03\x01") },
	[OID_CLIENT_AUTH]	  = { "clientAuth",
	    BODY("\x2b\x06\x01\x05\x05\x07\x03\x02") },
	[OID_ANY_EXT_KEY_USAGE]	  = { "anyExtendedKeyUsage",	BODY("\x55\x1d\x25\x00") },
	[OID_EXTENSION_REQUEST]	  = { "extensionRequest",
	    BODY("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e") },
};

struct slice
oid_body(enum oid oid)
{
	check(oid > OID_UNKNOWN && oid < OID_COUNT);
	return oids[oid].body;
}

enum oid
oid_find(struct slice body)
{
	for (enum oid i = OID_UNKNOWN + 1; i < OID_COUNT; i++)
		if (slice_eq(oids[i].body, body))
			return i;
	return OID_UNKNOWN;
}

const char *
oid_name(enum oid oid)
{
	check(oid < OID_COUNT);
	return oids[oid].name;
}
