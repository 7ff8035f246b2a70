#include "conf/json.h"
#include "pki/base64.h"
#include "policy/jwt.h"

static const struct {
	const char *name, *text;
} faults[JWT_FAULTS] = {
	[JWT_OK] = { "ok", "the token is good" },
	[JWT_TOO_LARGE] = { "too-large", "the token is too large" },
	[JWT_MALFORMED] = { "malformed", "the token is malformed" },
	[JWT_ALGORITHM] = { "algorithm", "the token's algorithm is refused" },
	[JWT_CRITICAL] = { "critical", "the token asks for an extension" },
	[JWT_ISSUER] = { "issuer", "the token's issuer is not trusted" },
	[JWT_KEY] = { "key", "the token is of no known key" },
	[JWT_KEYS] = { "keys", "the token names no key, and is of none of the "
	    "first 8 that it may be of" },
	[JWT_SIGNATURE] = { "signature", "the token's signature is wrong" },
	[JWT_EXPIRED] = { "expired", "the token has expired" },
	[JWT_EARLY] = { "early", "the token is not valid yet" },
	[JWT_AUDIENCE] = { "audience", "the token is for another audience" },
};

const char *
jwt_fault_name(enum jwt_fault fault)
{
	return faults[fault].name;
}

const char *
jwt_fault_text(enum jwt_fault fault)
{
	return faults[fault].text;
}

/* --- reading ------------------------------------------------------------------ */

static const struct conf_node *
read_object(struct arena *a, struct slice part)
{
	size_t room = base64_room(part.len);
	char *bytes = arena_alloc(a, room);
	ptrdiff_t n = base64_decode(bytes, room, BASE64_URL, part);
	struct err err = ERR_INIT;
	const struct conf_node *root;

	/* A mark of the byte order is no JSON (RFC 8259, section 8.1). */
	if (n <= 0 || (unsigned char)bytes[0] == 0xef)
		return NULL;
	root = conf_json_read(a, slice_of(bytes, (size_t)n), "token", &err);
	return root != NULL && root->kind == CONF_MAP ? root : NULL;
}

/* Absent or a string; false: something else. */
static bool
get_text(const struct conf_node *map, const char *name, struct slice *out)
{
	const struct conf_node *n = conf_get(map, name);

	*out = n == NULL ? SLICE_NONE : n->text;
	return n == NULL || n->kind == CONF_STRING;
}

static enum jwt_fault
read_header(struct jwt *t, const struct conf_node *header)
{
	struct slice alg, typ;

	if (header == NULL || !get_text(header, "alg", &alg) ||
	    alg.ptr == NULL || !get_text(header, "kid", &t->kid) ||
	    !get_text(header, "typ", &typ))
		return JWT_MALFORMED;
	if (conf_get(header, "crit") != NULL || conf_get(header, "b64") != NULL)
		return JWT_CRITICAL;
	t->alg = jws_alg_named(alg);
	return t->alg == NULL ? JWT_ALGORITHM : JWT_OK;
}

/* Seconds since 1970, with a fraction or without; false: it is no time. */
static bool
get_time(const struct conf_node *claims, const char *name, double fallback,
    double *out)
{
	const struct conf_node *n = conf_get(claims, name);

	*out = n == NULL ? fallback : n->kind == CONF_INT ?
	    (double)n->integer : n->kind == CONF_FLOAT ? n->number : -1;
	return *out >= 0;
}

static bool
is_audience(const struct conf_node *n)
{
	if (n == NULL || n->kind == CONF_STRING)
		return true;
	if (n->kind != CONF_LIST)
		return false;
	CONF_FOREACH(e, n)
		if (e->node->kind != CONF_STRING)
			return false;
	return true;
}

static bool
claims_are_well(struct jwt *t)
{
	double time;

	return t->claims != NULL && get_text(t->claims, "iss", &t->issuer) &&
	    get_text(t->claims, "sub", &t->subject) &&
	    get_time(t->claims, "exp", 0, &time) &&
	    get_time(t->claims, "nbf", 0, &time) &&
	    get_time(t->claims, "iat", 0, &time) &&
	    is_audience(conf_get(t->claims, "aud"));
}

enum jwt_fault
jwt_read(struct jwt *t, struct arena *a, struct slice text)
{
	struct slice rest = text, header, signature;
	enum jwt_fault fault;

	*t = (struct jwt){ .text = text };
	if (text.len > JWT_TEXT_MAX)
		return JWT_TOO_LARGE;
	if (!slice_cut(&rest, '.', &header) ||
	    !slice_cut(&rest, '.', &t->payload) ||
	    !slice_cut(&rest, '.', &signature) || rest.ptr != NULL)
		return JWT_MALFORMED;
	if (header.len > JWT_HEADER_MAX)
		return JWT_TOO_LARGE;
	fault = read_header(t, read_object(a, header));
	if (fault != JWT_OK)
		return fault;
	t->claims = read_object(a, t->payload);
	return claims_are_well(t) ? JWT_OK : JWT_MALFORMED;
}

bool
jwt_of_claims(struct jwt *t, const struct conf_node *claims)
{
	*t = (struct jwt){ .claims = claims };
	return claims_are_well(t);
}

/* --- believing ------------------------------------------------------------------ */

/* By one after the other, as many as there are tries left. */
static bool
is_of_one(const struct jwt *t, const struct jwk_set *keys, bool named,
    struct slice message, struct slice sig, int *tries)
{
	for (size_t i = 0; i < keys->len && *tries >= 0; i++) {
		const struct jwk *k = &keys->v[i];

		if ((t->kid.ptr != NULL && k->kid.ptr != NULL) != named ||
		    !jwk_may_be(k, t->alg, t->kid))
			continue;
		if (--*tries >= 0 && jws_verify(t->alg, &k->key, message, sig))
			return true;
	}
	return false;
}

enum jwt_fault
jwt_verify_signature(const struct jwt *t, const struct jwk_set *keys)
{
	size_t signed_len = (size_t)(t->payload.ptr + t->payload.len -
	    t->text.ptr);
	const struct slice message = slice_of(t->text.ptr, signed_len);
	unsigned char sig[520];
	ptrdiff_t n = base64_decode(sig, sizeof(sig), BASE64_URL,
	    slice_from(t->text, signed_len + 1));
	int tries = JWT_TRIES;

	if (n < 0)
		return JWT_MALFORMED;
	for (int named = 1; named >= 0; named--)
		if (is_of_one(t, keys, named, message,
		    slice_of(sig, (size_t)n), &tries))
			return JWT_OK;
	return tries == JWT_TRIES ? JWT_KEY : tries < 0 ? JWT_KEYS :
	    JWT_SIGNATURE;
}

static enum jwt_fault
verify_times(const struct conf_node *claims, int64_t now_s)
{
	double now = (double)now_s, exp, nbf, iat;

	get_time(claims, "exp", now + 1, &exp);
	get_time(claims, "nbf", 0, &nbf);
	get_time(claims, "iat", 0, &iat);
	if (now >= exp + JWT_SKEW_S)
		return JWT_EXPIRED;
	return nbf > now + JWT_SKEW_S || iat > now + JWT_SKEW_S ? JWT_EARLY :
	    JWT_OK;
}

static bool
is_one_of(const struct conf_node *n, const struct jwt_trust *trust)
{
	for (size_t i = 0; i < trust->audiences_len; i++)
		if (slice_is(n->text, trust->audiences[i]))
			return true;
	return false;
}

static bool
audience_ok(const struct conf_node *aud, const struct jwt_trust *trust)
{
	if (trust->audiences_len == 0)
		return true;
	if (aud == NULL)
		return false;
	if (aud->kind == CONF_STRING)
		return is_one_of(aud, trust);
	CONF_FOREACH(e, aud)
		if (is_one_of(e->node, trust))
			return true;
	return false;
}

static bool
issuer_ok(const struct jwt *t, const struct jwt_trust *trust)
{
	return trust->issuer.ptr == NULL || (t->issuer.ptr != NULL &&
	    slice_eq(t->issuer, trust->issuer));
}

enum jwt_fault
jwt_verify_claims(const struct jwt *t, const struct jwt_trust *trust,
    int64_t now_s)
{
	enum jwt_fault fault = JWT_ISSUER;

	if (issuer_ok(t, trust))
		fault = verify_times(t->claims, now_s);
	if (fault == JWT_OK && !audience_ok(conf_get(t->claims, "aud"), trust))
		fault = JWT_AUDIENCE;
	return fault;
}

enum jwt_fault
jwt_verify(const struct jwt *t, const struct jwt_trust *trust, int64_t now_s)
{
	enum jwt_fault fault = JWT_ISSUER;

	if (issuer_ok(t, trust))
		fault = jwt_verify_signature(t, trust->keys);
	return fault == JWT_OK ? jwt_verify_claims(t, trust, now_s) : fault;
}
