#ifndef PKI_DISTRUST_H
#define PKI_DISTRUST_H

/*
 * distrust: every reason for which a peer's certificate is refused.
 * One table gives the word that logs and the metrics' `reason` label carry,
 * and the sentence for people.  DISTRUST_NONE means trusted.
 */
enum distrust {
	DISTRUST_NONE,
	DISTRUST_NO_CERTIFICATE,
	DISTRUST_MALFORMED,
	DISTRUST_TOO_LONG,
	/* The path. */
	DISTRUST_UNKNOWN_ISSUER,
	DISTRUST_SIGNATURE,
	DISTRUST_ALGORITHM,
	DISTRUST_KEY_ID,
	DISTRUST_ISSUER_NOT_CA,
	DISTRUST_ISSUER_PATH_LEN,
	DISTRUST_ISSUER_NOT_YET,
	DISTRUST_ISSUER_EXPIRED,
	/* Any certificate on it. */
	DISTRUST_VERSION,
	DISTRUST_REPEATED,
	DISTRUST_CRITICAL,
	DISTRUST_CONSTRAINTS,
	DISTRUST_SERIAL,
	DISTRUST_KEY,
	/* The leaf. */
	DISTRUST_NOT_YET,
	DISTRUST_EXPIRED,
	DISTRUST_LIFETIME,
	DISTRUST_LEAF_IS_CA,
	DISTRUST_USAGE,
	DISTRUST_EXT_USAGE,
	DISTRUST_NAME_BYTES,
	DISTRUST_SAN_NOT_CRITICAL,
	DISTRUST_NO_ID,
	DISTRUST_MANY_IDS,
	DISTRUST_BAD_ID,
	DISTRUST_FOREIGN,
	DISTRUST_OTHER_PEER,
	DISTRUST_OTHER_HOST,
	DISTRUST_COUNT
};

const char *distrust_name(enum distrust);	/* "unknown-issuer" */
const char *distrust_sentence(enum distrust);

#endif
