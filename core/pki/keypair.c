#include <string.h>

#include "base/mem.h"
#include "pki/keypair.h"
#include "pki/pem.h"

#define RSA_KEY_MAX	4096	/* bytes of DER; a key of 4096 bits has 2,400 */
#define RSA_BITS_MIN	2048	/* RFC 9325, section 4.5 */
#define RSA_BITS_MAX	4096
#define RSA_LABEL	"RSA PRIVATE KEY"	/* PKCS #1, RFC 8017 */

static int
decode_rsa(struct keypair *k, struct slice text, struct err *err)
{
	unsigned char der[RSA_KEY_MAX];
	struct pem pem;
	int r;

	do {
		r = pem_next(&text, &pem, err);
		if (r < 0)
			return -1;
	} while (r > 0 && !slice_is(pem.label, RSA_LABEL) &&
	    !slice_is(pem.label, PEM_LABEL_KEY));

	ptrdiff_t n = r > 0 ? pem_decode(&pem, der, sizeof(der)) : -1;

	br_skey_decoder_init(&k->rsa);
	if (n > 0)
		br_skey_decoder_push(&k->rsa, der, (size_t)n);
	mem_wipe(der, sizeof(der));
	if (n <= 0 || br_skey_decoder_last_error(&k->rsa) != 0 ||
	    br_skey_decoder_key_type(&k->rsa) != BR_KEYTYPE_RSA)
		return err_set(err, ERR_DATA, "the key is no intact, "
		    "unencrypted RSA key and none on P-256");
	k->rsa_key = br_skey_decoder_get_rsa(&k->rsa);
	if (k->rsa_key->n_bitlen < RSA_BITS_MIN ||
	    k->rsa_key->n_bitlen > RSA_BITS_MAX)
		return err_set(err, ERR_DATA, "the key is RSA of %u bits, "
		    "expected %d to %d", k->rsa_key->n_bitlen, RSA_BITS_MIN,
		    RSA_BITS_MAX);
	return 0;
}

/*
 * Whether the RSA key is the leaf's: they have the same modulus.  That of 4096
 * bits BearSSL's faster arithmetic does not give.
 */
static bool
is_key_of_leaf(const struct keypair *k)
{
	unsigned char n[RSA_BITS_MAX / 8];
	size_t len = br_rsa_i15_compute_modulus(n, k->rsa_key);
	br_x509_decoder_context *d = mem_alloc(sizeof(*d));
	br_x509_pkey *pkey;
	bool same;

	br_x509_decoder_init(d, NULL, NULL);
	br_x509_decoder_push(d, k->leaf.der.ptr, k->leaf.der.len);
	pkey = br_x509_decoder_get_pkey(d);
	same = pkey != NULL && pkey->key_type == BR_KEYTYPE_RSA &&
	    slice_eq(slice_of(pkey->key.rsa.n, pkey->key.rsa.nlen),
	    slice_of(n, len));
	mem_free(d);
	return same;
}

static int
read_key(struct keypair *k, struct slice pem, struct err *err)
{
	bool is_its;

	k->is_rsa = k->leaf.key_kind != CERT_KEY_P256;
	if ((k->is_rsa ? decode_rsa(k, pem, err) :
	    key_parse(&k->key, pem, err)) < 0)
		return -1;
	is_its = k->is_rsa ? is_key_of_leaf(k) :
	    memcmp(k->key.point, k->leaf.point, KEY_POINT_LEN) == 0;
	return is_its ? 0 : err_set(err, ERR_DATA,
	    "the key is not the one of the certificate");
}

int
keypair_read(struct keypair *k, struct slice chain_pem, struct slice key_pem,
    struct err *err)
{
	memset(k, 0, sizeof(*k));
	chain_init(&k->chain);
	if (chain_add_pem(&k->chain, chain_pem, err) < 0 ||
	    cert_parse(&k->leaf, chain_cert(&k->chain, 0), err) < 0)
		return err_wrap(err, "tls.crt");
	if (read_key(k, key_pem, err) < 0)
		return err_wrap(err, "tls.key");
	return 0;
}

void
keypair_fini(struct keypair *k)
{
	chain_fini(&k->chain);
	mem_wipe(k, sizeof(*k));
}

int
keypair_check(struct slice chain_pem, struct slice key_pem, struct err *err)
{
	struct keypair *k = mem_alloc(sizeof(*k));
	int result = keypair_read(k, chain_pem, key_pem, err);

	keypair_fini(k);
	mem_free(k);
	return result;
}
