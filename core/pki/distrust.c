#include "base/check.h"
#include "pki/distrust.h"

static const struct {
	const char *name, *sentence;
} reasons[DISTRUST_COUNT] = {
	[DISTRUST_NONE]		   = { "none",
	    "the certificate is trusted" },
	[DISTRUST_NO_CERTIFICATE]  = { "no-certificate",
	    "the peer presented no certificate" },
	[DISTRUST_MALFORMED]	   = { "malformed",
	    "a certificate is not proper DER" },
	[DISTRUST_TOO_LONG]	   = { "chain-too-long",
	    "the chain has too many certificates or bytes" },
	[DISTRUST_UNKNOWN_ISSUER]  = { "unknown-issuer",
	    "the chain leads to no root of the trust bundle" },
	[DISTRUST_SIGNATURE]	   = { "bad-signature",
	    "a signature does not fit its issuer's key" },
	[DISTRUST_ALGORITHM]	   = { "signature-algorithm",
	    "a certificate is signed in a way that is not taken" },
	[DISTRUST_KEY_ID]	   = { "key-identifier",
	    "an authority key identifier names another key than its issuer's" },
	[DISTRUST_ISSUER_NOT_CA]   = { "issuer-not-ca",
	    "an issuer may not sign certificates" },
	[DISTRUST_ISSUER_PATH_LEN] = { "path-length",
	    "an issuer allows fewer certificates below it" },
	[DISTRUST_ISSUER_NOT_YET]  = { "issuer-not-yet-valid",
	    "an issuer's certificate is not valid yet" },
	[DISTRUST_ISSUER_EXPIRED]  = { "issuer-expired",
	    "an issuer's certificate has expired" },
	[DISTRUST_ISSUER_FOREIGN]  = { "foreign-issuer",
	    "an issuer's certificate is for another trust domain" },
	[DISTRUST_VERSION]	   = { "version",
	    "a certificate is not of version 3" },
	[DISTRUST_REPEATED]	   = { "repeated-extension",
	    "a certificate has an extension twice" },
	[DISTRUST_CRITICAL]	   = { "unknown-critical-extension",
	    "a certificate has a critical extension that is not understood" },
	[DISTRUST_CONSTRAINTS]	   = { "name-constraints",
	    "a certificate has name constraints, which are not supported" },
	[DISTRUST_SERIAL]	   = { "serial",
	    "a certificate has no positive serial number" },
	[DISTRUST_KEY]		   = { "key-type",
	    "a certificate's key is of a kind or size that is not taken" },
	[DISTRUST_NOT_YET]	   = { "not-yet-valid",
	    "the certificate is not valid yet" },
	[DISTRUST_EXPIRED]	   = { "expired",
	    "the certificate has expired" },
	[DISTRUST_LIFETIME]	   = { "lifetime",
	    "the certificate is made to live longer than allowed" },
	[DISTRUST_LEAF_IS_CA]	   = { "ca-as-leaf",
	    "the certificate is a certificate authority's" },
	[DISTRUST_USAGE]	   = { "key-usage",
	    "the key usage is not a critical digitalSignature alone" },
	[DISTRUST_EXT_USAGE]	   = { "extended-key-usage",
	    "the certificate is not made for this use, as a server or a client" },
	[DISTRUST_NAME_BYTES]	   = { "bytes-in-name",
	    "a name holds bytes that no name has, such as NUL" },
	[DISTRUST_SAN_NOT_CRITICAL] = { "san-not-critical",
	    "the subject is empty, but the alternative names are not critical" },
	[DISTRUST_NO_ID]	   = { "no-identity",
	    "the certificate has no URI name" },
	[DISTRUST_MANY_IDS]	   = { "several-identities",
	    "the certificate has more than one URI name" },
	[DISTRUST_BAD_ID]	   = { "bad-identity",
	    "the URI name is no SPIFFE ID with a path" },
	[DISTRUST_FOREIGN]	   = { "foreign-trust-domain",
	    "the identity belongs to another trust domain" },
	[DISTRUST_OTHER_PEER]	   = { "unexpected-identity",
	    "the peer is not the one that was asked for" },
	[DISTRUST_OTHER_HOST]	   = { "unexpected-host",
	    "the certificate is not for the host that was asked for" },
	[DISTRUST_REVOKED]	   = { "revoked",
	    "the identity was revoked after the certificate was issued" },
};

const char *
distrust_name(enum distrust d)
{
	check(d < DISTRUST_COUNT);
	return reasons[d].name;
}

const char *
distrust_sentence(enum distrust d)
{
	check(d < DISTRUST_COUNT);
	return reasons[d].sentence;
}
