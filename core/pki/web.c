#include <arpa/inet.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/refs.h"
#include "base/str.h"
#include "pki/pem.h"
#include "pki/web.h"

#define DAYS_TO_1970	719528	/* since the year 0, as BearSSL counts */
#define DAY_S		86400

struct web_root {
	struct slice        der;
	struct pubkey       key;
	struct str          name;
	br_x509_trust_anchor anchor;	/* points to those */
};

struct web_roots {
	struct refs           refs;
	struct arena          memory;
	struct web_root     **v;
	br_x509_trust_anchor *anchors;	/* the same once more, in a row */
	size_t                len;
};

/* --- roots --------------------------------------------------------------- */

struct web_roots *
web_roots_new(void)
{
	struct web_roots *r = mem_zalloc(sizeof(*r));

	refs_init(&r->refs);
	arena_init(&r->memory);
	return r;
}

struct web_roots *
web_roots_ref(struct web_roots *r)
{
	refs_take(&r->refs);
	return r;
}

void
web_roots_unref(struct web_roots *r)
{
	if (r == NULL || !refs_drop(&r->refs))
		return;
	for (size_t i = 0; i < r->len; i++) {
		str_fini(&r->v[i]->name);
		mem_free(r->v[i]);
	}
	mem_free(r->v);
	mem_free(r->anchors);
	arena_fini(&r->memory);
	mem_free(r);
}

static void
add_name_bytes(void *arg, const void *bytes, size_t len)
{
	str_add_slice(arg, slice_of(bytes, len));
}

static int
decode_root(struct web_root *root, struct err *err)
{
	br_x509_decoder_context *d = mem_alloc(sizeof(*d));
	const br_x509_pkey *pkey;
	int result = 0;

	br_x509_decoder_init(d, add_name_bytes, &root->name);
	br_x509_decoder_push(d, root->der.ptr, root->der.len);
	pkey = br_x509_decoder_get_pkey(d);
	if (pkey == NULL || !pubkey_copy(&root->key, pkey))
		result = err_set(err, ERR_DATA, "the certificate is broken, or "
		    "its key of a kind that is not taken");
	else
		root->anchor = (br_x509_trust_anchor){
			.dn = { (unsigned char *)root->name.ptr, root->name.len },
			.flags = br_x509_decoder_isCA(d) ? BR_X509_TA_CA : 0,
			.pkey = root->key.pkey,
		};
	mem_free(d);
	return result;
}

static int
add_root(struct web_roots *r, struct slice der, struct err *err)
{
	struct web_root *root = mem_zalloc(sizeof(*root));

	root->der = arena_dup(&r->memory, der);
	if (decode_root(root, err) < 0) {
		str_fini(&root->name);
		mem_free(root);
		return -1;
	}
	r->v = mem_realloc(r->v, (r->len + 1) * sizeof(struct web_root *));
	r->anchors = mem_realloc(r->anchors,
	    (r->len + 1) * sizeof(*r->anchors));
	r->anchors[r->len] = root->anchor;
	r->v[r->len++] = root;
	return 0;
}

int
web_roots_add(struct web_roots *r, struct slice text, struct err *err)
{
	unsigned char *der = mem_alloc(CERT_MAX);
	size_t before = r->len;
	struct pem pem;
	int more;

	while ((more = pem_next(&text, &pem, err)) > 0) {
		if (!slice_is(pem.label, PEM_LABEL_CERT))
			continue;
		ptrdiff_t n = pem_decode(&pem, der, CERT_MAX);

		if (n < 0)
			more = err_set(err, ERR_DATA, "a block is no base64 of "
			    "a certificate");
		else
			more = add_root(r, slice_of(der, (size_t)n), err);
		if (more < 0)
			break;
	}
	mem_free(der);
	if (more < 0)
		return err_wrap(err, "certificate %zu", r->len - before + 1);
	return r->len > before ? 0 : err_set(err, ERR_DATA,
	    "there is no certificate in it");
}

size_t
web_roots_len(const struct web_roots *r)
{
	return r->len;
}

void
web_roots_hash(const struct web_roots *r, uint8_t out[HASH_LEN])
{
	struct hash h;

	hash_init(&h);
	for (size_t i = 0; i < r->len; i++)
		hash_add(&h, r->v[i]->der);
	hash_out(&h, out);
}

struct slice
web_roots_name(const struct web_roots *r, size_t i)
{
	return str_slice(&r->v[i]->name);
}

/* --- the path ------------------------------------------------------------ */

static enum distrust
distrust_of(unsigned error)
{
	static const struct {
		unsigned      error;
		enum distrust why;
	} all[] = {
		{ BR_ERR_OK,			DISTRUST_NONE },
		{ BR_ERR_X509_EXPIRED,		DISTRUST_ISSUER_EXPIRED },
		{ BR_ERR_X509_BAD_SIGNATURE,	DISTRUST_SIGNATURE },
		{ BR_ERR_X509_NOT_TRUSTED,	DISTRUST_UNKNOWN_ISSUER },
		{ BR_ERR_X509_DN_MISMATCH,	DISTRUST_UNKNOWN_ISSUER },
		{ BR_ERR_X509_NOT_CA,		DISTRUST_ISSUER_NOT_CA },
		{ BR_ERR_X509_FORBIDDEN_KEY_USAGE, DISTRUST_USAGE },
		{ BR_ERR_X509_WEAK_PUBLIC_KEY,	DISTRUST_KEY },
		{ BR_ERR_X509_WRONG_KEY_TYPE,	DISTRUST_KEY },
		{ BR_ERR_X509_UNSUPPORTED,	DISTRUST_ALGORITHM },
		{ BR_ERR_X509_CRITICAL_EXTENSION, DISTRUST_CRITICAL },
		{ BR_ERR_X509_LIMIT_EXCEEDED,	DISTRUST_TOO_LONG },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].error == error)
			return all[i].why;
	return DISTRUST_MALFORMED;
}

static void
prepare(br_x509_minimal_context *m, const struct web_policy *p)
{
	static const struct {
		int                  id;
		const br_hash_class *class;
	} hashes[] = {
		{ br_sha256_ID, &br_sha256_vtable },
		{ br_sha384_ID, &br_sha384_vtable },
		{ br_sha512_ID, &br_sha512_vtable },
	};

	br_x509_minimal_init(m, &br_sha256_vtable, p->roots->anchors,
	    p->roots->len);
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		br_x509_minimal_set_hash(m, hashes[i].id, hashes[i].class);
	br_x509_minimal_set_rsa(m, br_rsa_pkcs1_vrfy_get_default());
	br_x509_minimal_set_ecdsa(m, br_ec_get_default(),
	    br_ecdsa_vrfy_asn1_get_default());
	br_x509_minimal_set_minrsa(m, WEB_KEY_BITS_MIN / 8);
	br_x509_minimal_set_time(m, (uint32_t)(DAYS_TO_1970 + p->now / DAY_S),
	    (uint32_t)(p->now % DAY_S));
}

static enum distrust
check_path(const struct slice *certs, size_t len, const struct web_policy *p,
    struct pubkey *key)
{
	br_x509_minimal_context *m = mem_alloc(sizeof(*m));
	const br_x509_class **class = &m->vtable;
	const br_x509_pkey *pkey;
	enum distrust why;

	prepare(m, p);
	(*class)->start_chain(class, NULL);	/* names are looked at by us */
	for (size_t i = 0; i < len; i++) {
		(*class)->start_cert(class, (uint32_t)certs[i].len);
		(*class)->append(class, (const unsigned char *)certs[i].ptr,
		    certs[i].len);
		(*class)->end_cert(class);
	}
	why = distrust_of((*class)->end_chain(class));
	pkey = (*class)->get_pkey(class, NULL);
	if (why == DISTRUST_NONE && (pkey == NULL || !pubkey_copy(key, pkey)))
		why = DISTRUST_KEY;
	mem_free(m);
	return why;
}

/* --- names --------------------------------------------------------------- */

static size_t
count_labels(struct slice name)
{
	size_t n = name.len > 0;

	for (size_t i = 0; i < name.len; i++)
		n += name.ptr[i] == '.';
	return n;
}

/* RFC 9525, section 6.3. */
bool
web_name_covers(struct slice name, struct slice host)
{
	ptrdiff_t dot;

	if (!slice_has_prefix(name, SLICE("*.")))
		return name.len > 0 && slice_ieq(name, host);
	name = slice_from(name, 2);
	dot = slice_find(host, '.');
	return dot > 0 && count_labels(name) >= 2 &&
	    slice_find(name, '*') < 0 &&
	    slice_ieq(name, slice_from(host, (size_t)dot + 1));
}

/* Whether the policy's name is an IP address, and its bytes. */
static size_t
address_bytes(struct slice text, unsigned char out[16])
{
	char z[64];
	size_t n = 0;

	if (text.len >= sizeof(z))
		return 0;
	memcpy(z, text.ptr, text.len);
	z[text.len] = '\0';
	if (inet_pton(AF_INET, z, out) == 1)
		n = 4;
	else if (inet_pton(AF_INET6, z, out) == 1)
		n = 16;
	return n;
}

static bool
is_named(const struct cert *leaf, const struct web_name *want)
{
	struct slice at = leaf->san, name, host = want->text;
	unsigned char bytes[16];
	size_t n = want->is_uri ? 0 : address_bytes(host, bytes);
	enum cert_san kind;

	if (!want->is_uri && host.len > 0 && host.ptr[host.len - 1] == '.')
		host.len--;
	while ((kind = cert_san_next(&at, &name)) != CERT_SAN_END)
		if (want->is_uri ? kind == CERT_SAN_URI &&
		    slice_eq(name, host) : n > 0 ? kind == CERT_SAN_IP &&
		    slice_eq(name, slice_of(bytes, n)) :
		    kind == CERT_SAN_DNS && (web_name_covers(name, host) ||
		    (slice_has_prefix(host, SLICE("*.")) &&
		    web_name_covers(host, name))))
			return true;
	return false;
}

/* --- the whole ----------------------------------------------------------- */

static enum distrust
check_leaf(const struct cert *leaf, const struct web_policy *p)
{
	if (p->now < leaf->not_before)
		return DISTRUST_NOT_YET;
	if (p->now > leaf->not_after)
		return DISTRUST_EXPIRED;
	if (leaf->has_repeated)
		return DISTRUST_REPEATED;
	if (leaf->has_usage && (leaf->usage & CERT_USE_SIGN) == 0)
		return DISTRUST_USAGE;	/* every suite of ours signs */
	if (leaf->has_ext_usage && !(p->is_client ? leaf->for_client :
	    leaf->for_server))
		return DISTRUST_EXT_USAGE;
	return DISTRUST_NONE;
}

/* BearSSL passes over constraints of names. */
static enum distrust
check_issuers(const struct slice *certs, size_t len)
{
	for (size_t i = 1; i < len; i++) {
		struct err err = ERR_INIT;
		struct cert c;

		if (cert_parse(&c, certs[i], &err) < 0)
			return DISTRUST_MALFORMED;
		if (c.has_name_constraints)
			return DISTRUST_CONSTRAINTS;
	}
	return DISTRUST_NONE;
}

enum distrust
web_verify(const struct slice *certs, size_t len, const struct web_policy *p,
    struct cert *leaf, struct pubkey *key)
{
	struct err err = ERR_INIT;
	enum distrust why;

	if (len == 0)
		return DISTRUST_NO_CERTIFICATE;
	if (len > WEB_CERTS_MAX)
		return DISTRUST_TOO_LONG;
	if (cert_parse(leaf, certs[0], &err) < 0)
		return DISTRUST_MALFORMED;
	why = check_leaf(leaf, p);
	if (why == DISTRUST_NONE)
		why = check_issuers(certs, len);
	if (why == DISTRUST_NONE)
		why = check_path(certs, len, p, key);
	if (why != DISTRUST_NONE || p->is_client)
		return why;
	for (size_t i = 0; i < p->names_len; i++)
		if (is_named(leaf, &p->names[i]))
			return DISTRUST_NONE;
	return DISTRUST_OTHER_HOST;
}
