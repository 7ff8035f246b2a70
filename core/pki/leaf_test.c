#include "base/unit.h"
#include "pki/chain_fixture_test.h"
#include "pki/spoil_test.h"

static const struct {
	const char   *what;
	spoil        *spoil;
	enum distrust want;
} leaves[] = {
	{ "nothing wrong",		spoil_nothing,		DISTRUST_NONE },
	{ "no basic constraints",	spoil_no_basic,		DISTRUST_NONE },
	{ "unknown, not critical",	spoil_extra,		DISTRUST_NONE },
	{ "no URI",			spoil_no_uri,		DISTRUST_NO_ID },
	{ "no SAN",			spoil_no_san,		DISTRUST_NO_ID },
	{ "two URIs",			spoil_two_uris,		DISTRUST_MANY_IDS },
	{ "NUL in a DNS name",		spoil_nul_dns,		DISTRUST_NAME_BYTES },
	{ "NUL in the URI",		spoil_nul_uri,		DISTRUST_NAME_BYTES },
	{ "other trust domain",		spoil_foreign,		DISTRUST_FOREIGN },
	{ "trust domain itself",	spoil_no_path,		DISTRUST_BAD_ID },
	{ "https",			spoil_https_uri,	DISTRUST_BAD_ID },
	{ "upper case",			spoil_upper_uri,	DISTRUST_BAD_ID },
	{ "SAN not critical",		spoil_plain_san,	DISTRUST_SAN_NOT_CRITICAL },
	{ "expired",			spoil_expired,		DISTRUST_EXPIRED },
	{ "not yet valid",		spoil_early,		DISTRUST_NOT_YET },
	{ "lives too long",		spoil_long_life,	DISTRUST_LIFETIME },
	{ "CA as leaf",			spoil_ca,		DISTRUST_LEAF_IS_CA },
	{ "server only",		spoil_server_only,	DISTRUST_EXT_USAGE },
	{ "client only",		spoil_client_only,	DISTRUST_EXT_USAGE },
	{ "no purpose",			spoil_no_purpose,	DISTRUST_EXT_USAGE },
	{ "keyCertSign",		spoil_cert_sign,	DISTRUST_USAGE },
	{ "cRLSign",			spoil_crl_sign,		DISTRUST_USAGE },
	{ "no digitalSignature",	spoil_no_signing,	DISTRUST_USAGE },
	{ "no key usage",		spoil_no_usage,		DISTRUST_USAGE },
	{ "usage not critical",		spoil_usage_plain,	DISTRUST_USAGE },
	{ "usage twice",		spoil_usage_twice,	DISTRUST_REPEATED },
	{ "version 1",			spoil_version_1,	DISTRUST_VERSION },
	{ "version 2",			spoil_version_2,	DISTRUST_VERSION },
	{ "unknown critical",		spoil_extra_critical,	DISTRUST_CRITICAL },
	{ "name constraints",		spoil_constraints,	DISTRUST_CONSTRAINTS },
	{ "serial zero",		spoil_serial_zero,	DISTRUST_SERIAL },
	{ "serial too long",		spoil_serial_long,	DISTRUST_MALFORMED },
	{ "point off the curve",	spoil_off_curve,	DISTRUST_KEY },
	{ "P-384 key",			spoil_p384,		DISTRUST_KEY },
	{ "RSA key",			spoil_rsa,		DISTRUST_KEY },
	{ "ECDSA with SHA-1",		spoil_sha1,		DISTRUST_ALGORITHM },
	{ "two algorithms",		spoil_two_algorithms,	DISTRUST_ALGORITHM },
	{ "bytes behind",		spoil_trailing,		DISTRUST_MALFORMED },
	{ "unknown issuer",		spoil_stranger,		DISTRUST_UNKNOWN_ISSUER },
	{ "another key identifier",	spoil_other_key_id,	DISTRUST_KEY_ID },
};

TEST(leaf_is_refused_for_each_defect_by_name)
{
	pki_make();
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		struct forge f;
		struct str leaf;

		forge_leaf(&f, pki.leaf.point);
		leaves[i].spoil(&f);
		leaf = forge_sign(&f, &pki.inter);
		assert_distrust(pki_leaf_verdict(&leaf), leaves[i].want,
		    leaves[i].what);
	}
}
