#include <string.h>

#include "pki/csr.h"
#include "pki/der.h"
#include "pki/mint.h"

static void
put_algorithm(struct str *out)
{
	size_t at = der_open(out, DER_SEQUENCE);

	der_put_oid(out, OID_ECDSA_SHA256);
	der_close(out, at);
}

static void
make(struct str *out, const struct key *key, struct slice subject)
{
	struct str info = { 0 };
	uint8_t sig[KEY_SIG_MAX];
	size_t n, at = der_open(&info, DER_SEQUENCE), spki, alg;

	der_put_u32(&info, 0);			/* version */
	str_add_slice(&info, subject);
	spki = der_open(&info, DER_SEQUENCE);
	alg = der_open(&info, DER_SEQUENCE);
	der_put_oid(&info, OID_EC_PUBLIC_KEY);
	der_put_oid(&info, OID_P256);
	der_close(&info, alg);
	der_put_bits(&info, slice_of(key->point, KEY_POINT_LEN));
	der_close(&info, spki);
	der_put(&info, DER_CONTEXT_IN(0), SLICE(""));	/* attributes */
	der_close(&info, at);

	n = key_sign(key, str_slice(&info), sig);
	at = der_open(out, DER_SEQUENCE);
	str_add_slice(out, str_slice(&info));
	put_algorithm(out);
	der_put_bits(out, slice_of(sig, n));
	der_close(out, at);
	str_fini(&info);
}

void
csr_make(struct str *out, const struct key *key)
{
	make(out, key, SLICE("\x30\0"));	/* an empty SEQUENCE */
}

void
csr_make_named(struct str *out, const struct key *key, struct slice common_name)
{
	struct str name = { 0 };

	mint_add_name(&name, common_name);
	make(out, key, str_slice(&name));
	str_fini(&name);
}

static const char *
read_extensions(struct der *set)
{
	struct der list, ext;
	bool critical;
	enum oid oid;

	der_enter(set, DER_SEQUENCE, &list);
	if (list.rest.len > 0) {
		der_enter(&list, DER_SEQUENCE, &ext);
		der_oid(&ext, &oid);
		if (der_peek(&ext) == DER_BOOLEAN)
			der_bool(&ext, &critical);
		der_get(&ext, DER_OCTETS, NULL);
		if (!der_end(&ext))
			return "an extension is malformed";
		return oid == OID_SUBJECT_ALT_NAME ?
		    "it asks for names; they come from the join token" :
		    oid == OID_BASIC_CONSTRAINTS ?
		    "it asks for basic constraints" :
		    "it asks for an extension";
	}
	return der_end(&list) ? NULL : "its extensions are malformed";
}

/* Attributes other than a request for extensions ask for nothing. */
static const char *
read_attributes(struct der *d)
{
	struct der all, one, set;
	const char *why = NULL;
	enum oid oid;

	der_enter(d, DER_CONTEXT_IN(0), &all);
	while (all.rest.len > 0 && why == NULL) {
		der_enter(&all, DER_SEQUENCE, &one);
		der_oid(&one, &oid);
		der_enter(&one, DER_SET, &set);
		while (oid == OID_EXTENSION_REQUEST && set.rest.len > 0 &&
		    why == NULL)
			why = read_extensions(&set);
		while (why == NULL && set.rest.len > 0)
			der_any(&set, NULL, NULL);
		if (why == NULL && (!der_end(&set) || !der_end(&one)))
			why = "an attribute is malformed";
	}
	return why != NULL ? why : der_end(&all) ? NULL :
	    "its attributes are malformed";
}

static const char *
read_key(struct der *d, uint8_t point[KEY_POINT_LEN])
{
	struct der spki, alg;
	struct slice bits;
	enum oid kind, curve = OID_UNKNOWN;

	der_enter(d, DER_SEQUENCE, &spki);
	der_enter(&spki, DER_SEQUENCE, &alg);
	der_oid(&alg, &kind);
	if (kind == OID_EC_PUBLIC_KEY)
		der_oid(&alg, &curve);
	if (curve != OID_P256)
		return "its key is not on P-256";
	der_bits(&spki, &bits);
	if (!der_end(&alg) || !der_end(&spki) || !key_point_ok(bits))
		return "its key is no uncompressed point on P-256";
	memcpy(point, bits.ptr, KEY_POINT_LEN);
	return NULL;
}

static const char *
read_info(struct slice body, uint8_t point[KEY_POINT_LEN])
{
	struct der d;
	uint32_t version;
	const char *why;

	der_init(&d, body);
	der_u32(&d, &version);
	der_get(&d, DER_SEQUENCE, NULL);
	if (d.bad || version != 0)
		return "it is not PKCS #10 in DER";
	why = read_key(&d, point);
	if (why == NULL)
		why = read_attributes(&d);
	return why != NULL ? why : der_end(&d) ? NULL : "bytes are left over";
}

static const char *
read_csr(struct slice der, uint8_t point[KEY_POINT_LEN])
{
	struct der d, outer, alg;
	struct slice info = SLICE_NONE, body = SLICE_NONE, sig;
	enum oid oid;
	const char *why;

	der_init(&d, der);
	der_enter(&d, DER_SEQUENCE, &outer);
	if (der_peek(&outer) == DER_SEQUENCE)
		der_any(&outer, &body, &info);
	der_enter(&outer, DER_SEQUENCE, &alg);
	der_oid(&alg, &oid);
	der_bits(&outer, &sig);
	if (!der_end(&outer))
		return "it is not PKCS #10 in DER";
	if (!der_end(&d))
		return "bytes are left over";
	why = read_info(body, point);
	if (why != NULL)
		return why;
	if (oid != OID_ECDSA_SHA256 || !der_end(&alg))
		return "it is not signed by ECDSA with SHA-256";
	return key_verify(point, info, sig) ? NULL :
	    "its signature does not fit its key";
}

int
csr_parse(uint8_t point[KEY_POINT_LEN], struct slice der, struct err *err)
{
	const char *why;

	if (der.len > CSR_MAX)
		return err_set(err, ERR_TOO_LARGE, "certification request of "
		    "%zu bytes, at most %d are read", der.len, CSR_MAX);
	why = read_csr(der, point);
	return why == NULL ? 0 : err_set(err, ERR_DATA,
	    "certification request refused: %s", why);
}
