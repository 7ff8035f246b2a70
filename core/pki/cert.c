#include <string.h>

#include "pki/cert.h"
#include "pki/der.h"

static const struct {
	enum oid           oid;
	enum cert_sig_kind kind;
	bool               may_have_null;	/* RFC 4055, section 5 */
} sigs[] = {
	{ OID_ECDSA_SHA256,	CERT_SIG_ECDSA_SHA256,	false },
	{ OID_ECDSA_SHA384,	CERT_SIG_ECDSA_SHA384,	false },
	{ OID_ECDSA_SHA512,	CERT_SIG_ECDSA_SHA512,	false },
	{ OID_RSA_SHA256,	CERT_SIG_RSA_SHA256,	true },
	{ OID_RSA_SHA384,	CERT_SIG_RSA_SHA384,	true },
	{ OID_RSA_SHA512,	CERT_SIG_RSA_SHA512,	true },
};

static bool
is_null(struct der *d)
{
	struct slice body;

	return der_get(d, DER_NULL, &body) && body.len == 0 && der_end(d);
}

/* AlgorithmIdentifier, and which of ours it is. */
static bool
read_algorithm(struct der *d, struct slice *whole, enum cert_sig_kind *kind)
{
	struct slice body;
	struct der in;
	enum oid oid;

	*kind = CERT_SIG_OTHER;
	if (der_peek(d) != DER_SEQUENCE || der_any(d, &body, whole) == 0)
		return der_fail(d);
	der_init(&in, body);
	der_oid(&in, &oid);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		if (oid == sigs[i].oid && (der_end(&in) ||
		    (sigs[i].may_have_null && is_null(&in))))
			*kind = sigs[i].kind;
	while (in.rest.len > 0)
		der_any(&in, NULL, NULL);
	return der_end(&in) || der_fail(d);
}

static bool
read_name(struct der *d, struct slice *name)
{
	struct slice body;

	if (der_peek(d) != DER_SEQUENCE)
		return der_fail(d);
	return der_any(d, &body, name) != 0;
}

static bool
read_validity(struct der *d, struct cert *c)
{
	struct der in;

	der_enter(d, DER_SEQUENCE, &in);
	der_time(&in, &c->not_before);
	der_time(&in, &c->not_after);
	return der_end(&in) || der_fail(d);
}

/* The AlgorithmIdentifier of a key, to its end. */
static enum cert_key_kind
read_key_kind(struct der *alg)
{
	enum cert_key_kind kind = CERT_KEY_OTHER;
	enum oid oid, curve = OID_UNKNOWN;

	der_oid(alg, &oid);
	if (oid == OID_EC_PUBLIC_KEY && der_peek(alg) == DER_OID) {
		der_oid(alg, &curve);
		kind = !der_end(alg) ? CERT_KEY_OTHER : curve == OID_P256 ?
		    CERT_KEY_P256 : curve == OID_P384 ? CERT_KEY_P384 :
		    CERT_KEY_OTHER;
	} else if (oid == OID_RSA && der_peek(alg) == DER_NULL &&
	    is_null(alg)) {	/* RFC 3279, section 2.3.1 */
		kind = CERT_KEY_RSA;
	}
	while (alg->rest.len > 0)
		der_any(alg, NULL, NULL);
	return kind;
}

static bool
read_spki(struct der *d, struct cert *c)
{
	struct der outer, alg;
	struct slice body;

	if (der_peek(d) != DER_SEQUENCE || der_any(d, &body, &c->spki) == 0)
		return der_fail(d);
	der_init(&outer, body);
	der_enter(&outer, DER_SEQUENCE, &alg);
	c->key_kind = read_key_kind(&alg);
	der_bits(&outer, &c->key);
	if (!der_end(&alg) || !der_end(&outer))
		return der_fail(d);
	if (c->key_kind != CERT_KEY_P256)
		return true;
	if (c->key.len == KEY_POINT_LEN && c->key.ptr[0] == 4)
		memcpy(c->point, c->key.ptr, KEY_POINT_LEN);
	else
		c->key_kind = CERT_KEY_OTHER;
	return true;
}

static bool
ext_basic(struct cert *c, struct der *d, bool critical)
{
	struct der in;
	uint32_t limit;

	c->has_basic = true;
	c->basic_critical = critical;
	c->path_len = -1;
	der_enter(d, DER_SEQUENCE, &in);
	if (der_peek(&in) == DER_BOOLEAN && der_bool(&in, &c->is_ca) &&
	    !c->is_ca)
		return false;	/* a default is left out in DER */
	if (der_peek(&in) == DER_INTEGER && der_u32(&in, &limit)) {
		c->path_len = limit;
		if (!c->is_ca)
			return false;
	}
	return der_end(&in);
}

static bool
ext_usage(struct cert *c, struct der *d, bool critical)
{
	c->has_usage = true;
	c->usage_critical = critical;
	return der_flags(d, &c->usage);
}

static bool
ext_ext_usage(struct cert *c, struct der *d, bool critical)
{
	struct der in;
	enum oid oid;

	(void)critical;
	c->has_ext_usage = true;
	der_enter(d, DER_SEQUENCE, &in);
	do {
		if (!der_oid(&in, &oid))
			return false;
		c->for_server = c->for_server || oid == OID_SERVER_AUTH;
		c->for_client = c->for_client || oid == OID_CLIENT_AUTH;
	} while (in.rest.len > 0);
	return der_end(&in);
}

static bool
ext_subject_key_id(struct cert *c, struct der *d, bool critical)
{
	(void)critical;
	return der_get(d, DER_OCTETS, &c->skid);
}

/* As all fields of some sequences are; 0 is none. */
static bool
is_context(uint8_t tag)
{
	return (tag & 0xc0) == DER_CONTEXT(0);
}

static bool
ext_authority_key_id(struct cert *c, struct der *d, bool critical)
{
	struct der in;

	(void)critical;
	der_enter(d, DER_SEQUENCE, &in);
	if (der_peek(&in) == DER_CONTEXT(0))
		der_get(&in, DER_CONTEXT(0), &c->akid);
	while (in.rest.len > 0)		/* issuer and serial, rarely there */
		if (!is_context(der_any(&in, NULL, NULL)))
			return false;
	return der_end(&in);
}

enum cert_san
cert_san_next(struct slice *at, struct slice *value)
{
	struct der d;
	uint8_t tag;

	if (at->len == 0)
		return CERT_SAN_END;
	der_init(&d, *at);
	tag = der_any(&d, value, NULL);
	*at = d.rest;
	return tag == 0 ? CERT_SAN_END :
	    tag == DER_CONTEXT(2) ? CERT_SAN_DNS :
	    tag == DER_CONTEXT(6) ? CERT_SAN_URI :
	    tag == DER_CONTEXT(7) ? CERT_SAN_IP : CERT_SAN_OTHER;
}

static bool
ext_san(struct cert *c, struct der *d, bool critical)
{
	struct der in;
	struct slice value;
	uint8_t tag;

	c->san_critical = critical;
	if (!der_enter(d, DER_SEQUENCE, &in) || in.rest.len == 0)
		return false;
	c->san = in.rest;
	while (in.rest.len > 0) {
		tag = der_any(&in, &value, NULL);
		if (tag == DER_CONTEXT(2))
			c->dns++;
		else if (tag == DER_CONTEXT(6) && c->uris++ == 0)
			c->uri = value;
		else if (!is_context(tag))
			return false;
		else if (tag != DER_CONTEXT(6))
			c->other_names++;
	}
	return der_end(&in);
}

static bool
ext_name_constraints(struct cert *c, struct der *d, bool critical)
{
	(void)critical;
	c->has_name_constraints = true;
	return der_get(d, DER_SEQUENCE, NULL);
}

static const struct {
	enum oid oid;
	bool   (*read)(struct cert *, struct der *, bool critical);
} readers[] = {
	{ OID_BASIC_CONSTRAINTS,	ext_basic },
	{ OID_KEY_USAGE,		ext_usage },
	{ OID_EXT_KEY_USAGE,		ext_ext_usage },
	{ OID_SUBJECT_KEY_ID,		ext_subject_key_id },
	{ OID_AUTHORITY_KEY_ID,		ext_authority_key_id },
	{ OID_SUBJECT_ALT_NAME,		ext_san },
	{ OID_NAME_CONSTRAINTS,		ext_name_constraints },
};

static bool
read_body(struct cert *c, enum oid oid, struct slice body, bool critical)
{
	struct der d;

	der_init(&d, body);
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (readers[i].oid == oid)
			return readers[i].read(c, &d, critical) && der_end(&d);
	c->has_unknown_critical = c->has_unknown_critical || critical;
	return true;
}

static bool
read_extensions(struct cert *c, struct der *d)
{
	struct slice seen[CERT_EXTS_MAX], id, body;
	struct der outer, list, ext, peek;
	size_t n = 0;

	der_enter(d, DER_CONTEXT_IN(3), &outer);
	der_enter(&outer, DER_SEQUENCE, &list);
	while (list.rest.len > 0) {
		bool critical = false, repeated = false;
		enum oid oid;

		der_enter(&list, DER_SEQUENCE, &ext);
		peek = ext;
		der_get(&peek, DER_OID, &id);
		der_oid(&ext, &oid);
		if (der_peek(&ext) == DER_BOOLEAN &&
		    (!der_bool(&ext, &critical) || !critical))
			return der_fail(d);
		der_get(&ext, DER_OCTETS, &body);
		if (!der_end(&ext) || n == CERT_EXTS_MAX)
			return der_fail(d);
		for (size_t i = 0; i < n; i++)
			repeated = repeated || slice_eq(seen[i], id);
		seen[n++] = id;
		c->has_repeated = c->has_repeated || repeated;
		if (!repeated && !read_body(c, oid, body, critical))
			return der_fail(d);
	}
	return (n > 0 && der_end(&list) && der_end(&outer)) || der_fail(d);
}

static bool
read_version(struct der *d, struct cert *c)
{
	struct der in;
	uint32_t v = 0;

	c->version = 1;
	if (der_peek(d) != DER_CONTEXT_IN(0))
		return true;
	der_enter(d, DER_CONTEXT_IN(0), &in);
	der_u32(&in, &v);
	c->version = (uint8_t)(v + 1);
	return (der_end(&in) && v >= 1 && v <= 2) || der_fail(d);
}

static bool
read_tbs(struct cert *c, struct slice body, struct slice *algorithm)
{
	struct der d;

	der_init(&d, body);
	read_version(&d, c);
	der_uint(&d, &c->serial);
	read_algorithm(&d, algorithm, &c->sig_kind);
	read_name(&d, &c->issuer);
	read_validity(&d, c);
	read_name(&d, &c->subject);
	read_spki(&d, c);
	if (c->version >= 2 && der_peek(&d) == DER_CONTEXT(1))
		der_get(&d, DER_CONTEXT(1), NULL);	/* issuerUniqueID */
	if (c->version >= 2 && der_peek(&d) == DER_CONTEXT(2))
		der_get(&d, DER_CONTEXT(2), NULL);
	if (c->version == 3 && der_peek(&d) == DER_CONTEXT_IN(3))
		read_extensions(c, &d);
	return der_end(&d) && c->serial.len <= CERT_SERIAL_MAX;
}

int
cert_parse(struct cert *c, struct slice der, struct err *err)
{
	struct der d, outer;
	struct slice body = SLICE_NONE, inside = SLICE_NONE, outside = SLICE_NONE;
	enum cert_sig_kind kind;

	*c = (struct cert){ .der = der, .path_len = -1 };
	if (der.len > CERT_MAX)
		return err_set(err, ERR_DATA, "certificate of %zu bytes, at "
		    "most %d are read", der.len, CERT_MAX);
	der_init(&d, der);
	der_enter(&d, DER_SEQUENCE, &outer);
	if (der_peek(&outer) == DER_SEQUENCE)
		der_any(&outer, &body, &c->tbs);
	read_algorithm(&outer, &outside, &kind);
	der_bits(&outer, &c->signature);
	if (!der_end(&outer) || !der_end(&d) || !read_tbs(c, body, &inside))
		return err_set(err, ERR_DATA, "not a certificate in DER");
	if (!slice_eq(inside, outside))	/* RFC 5280, section 4.1.1.2 */
		c->sig_kind = CERT_SIG_OTHER;
	return 0;
}

bool
cert_signed_by(const struct cert *c, const struct cert *issuer)
{
	return c->sig_kind == CERT_SIG_ECDSA_SHA256 &&
	    issuer->key_kind == CERT_KEY_P256 &&
	    key_verify(issuer->point, c->tbs, c->signature);
}

bool
cert_is_self_issued(const struct cert *c)
{
	return slice_eq(c->issuer, c->subject);
}

static void
add_value(struct str *out, struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		str_add_char(out, value.ptr[i] >= ' ' && value.ptr[i] < 0x7f ?
		    value.ptr[i] : '?');
}

void
cert_add_name(struct str *out, struct slice name)
{
	struct der d, rdns, set, pair;
	struct slice value;
	enum oid oid;
	bool first = true;

	der_init(&d, name);
	der_enter(&d, DER_SEQUENCE, &rdns);
	while (rdns.rest.len > 0) {
		der_enter(&rdns, DER_SET, &set);
		while (set.rest.len > 0) {
			der_enter(&set, DER_SEQUENCE, &pair);
			der_oid(&pair, &oid);
			if (der_any(&pair, &value, NULL) == 0)
				return;
			str_add(out, first ? "" : ", ");
			str_add(out, oid_name(oid));
			str_add_char(out, '=');
			add_value(out, value);
			first = false;
		}
	}
}

void
cert_add_serial(struct str *out, const struct cert *c)
{
	str_add_hex(out, c->serial.ptr, c->serial.len);
}
