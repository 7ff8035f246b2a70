#include <arpa/inet.h>
#include <string.h>

#include "model/authorization_rules.h"
#include "model/federation.h"
#include "policy/authz_match.h"

#define SCHEME	SLICE("spiffe://")
#define MANY	8	/* exact values, from which on they are hashed */

/* --- facts -------------------------------------------------------------------- */

/* "TD/ns/NS/sa/NAME"; TLS has seen to the form. */
static void
cut_identity(struct authz_view *v, struct slice id, bool is_foreign)
{
	ptrdiff_t slash;

	if (!slice_has_prefix(id, SCHEME))
		return;
	id = slice_from(id, SCHEME.len);
	slash = slice_find(id, '/');
	v->text[MODEL_BY_PRINCIPAL] = id;
	v->text[MODEL_BY_TRUST_DOMAIN] = slash < 0 ? id :
	    slice_of(id.ptr, (size_t)slash);
	if (is_foreign || slash < 0 || !slice_has_prefix(slice_from(id,
	    (size_t)slash), SLICE("/ns/")))
		return;
	id = slice_from(id, (size_t)slash + 4);
	slash = slice_find(id, '/');
	if (slash < 0 || !slice_has_prefix(slice_from(id, (size_t)slash),
	    SLICE("/sa/")))
		return;
	v->text[MODEL_BY_NAMESPACE] = slice_of(id.ptr, (size_t)slash);
	v->text[MODEL_BY_ACCOUNT] = id;	/* "NS/sa/NAME" */
}

void
authz_view_init(struct authz_view *v, struct authz_headers *headers,
    const struct authz_facts *f)
{
	*v = (struct authz_view){ .facts = f, .headers = headers };
	headers->len = 0;
	cut_identity(v, f->id, f->is_foreign);
	v->text[MODEL_BY_SNI] = f->sni;
	v->text[MODEL_BY_HOST] = f->host;
	v->text[MODEL_BY_METHOD] = f->method;
	v->text[MODEL_BY_PATH] = f->path;
	if (f->token != NULL)
		v->text[MODEL_BY_REQUEST_PRINCIPAL] = f->token->principal;
}

bool
authz_view_knows(const struct authz_view *v, enum model_authz_attribute a)
{
	switch (a) {
	case MODEL_BY_REQUEST_PRINCIPAL: case MODEL_BY_CLAIM:
	case MODEL_BY_HOST: case MODEL_BY_METHOD: case MODEL_BY_PATH:
	case MODEL_BY_HEADER:
		return v->facts->is_http;
	default:
		return true;
	}
}

static struct slice
header(const struct authz_facts *f, struct authz_headers *kept,
    struct slice name)
{
	struct slice value;

	for (size_t i = 0; i < kept->len; i++)
		if (slice_eq(kept->v[i].name, name))
			return kept->v[i].value;
	value = f->header(f->header_arg, name);
	if (kept->len < AUTHZ_HEADERS_KEPT) {
		kept->v[kept->len].name = name;
		kept->v[kept->len++].value = value;
	}
	return value;
}

struct slice
authz_view_text(const struct authz_view *v, enum model_authz_attribute a,
    struct slice name)
{
	if (a != MODEL_BY_HEADER)
		return v->text[a];
	return v->facts->header == NULL ? SLICE_NONE :
	    header(v->facts, v->headers, name);
}

/* --- values ------------------------------------------------------------------- */

static struct slice
lower(struct arena *a, struct slice s)
{
	char *p = arena_alloc(a, s.len + 1);

	for (size_t i = 0; i < s.len; i++)
		p[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ?
		    (char)(s.ptr[i] + ('a' - 'A')) : s.ptr[i];
	p[s.len] = '\0';
	return slice_of(p, s.len);
}

/* Of "cluster.local" and "cluster.local/..." as the mesh's own domain has it. */
static struct slice
own_domain(struct arena *a, struct slice s, const struct authz_origin *of)
{
	struct slice alias = SLICE(MODEL_CLUSTER_LOCAL);

	if (of->cluster_local == NULL || !slice_has_prefix(s, alias) ||
	    (s.len > alias.len && s.ptr[alias.len] != '/'))
		return s;
	s = slice_from(s, alias.len);
	return slice_str(arena_printf(a, "%s%.*s", of->cluster_local,
	    SLICE_ARG(s)));
}

struct authz_value
authz_value_read(struct arena *a, enum model_authz_attribute attribute,
    const struct authz_origin *of, const char *text)
{
	struct slice s = slice_str(text);
	struct authz_value v = { AUTHZ_EXACT, s, false };

	if (attribute == MODEL_BY_ACCOUNT) {
		ptrdiff_t slash = slice_find(s, '/');

		v.text = slice_str(slash < 0 ?
		    arena_printf(a, "%s/sa/%s", of->namespace, text) :
		    arena_printf(a, "%.*s/sa/%s", (int)slash, text,
		    text + slash + 1));
		return v;
	}
	if (attribute == MODEL_BY_PRINCIPAL && slice_has_prefix(s, SCHEME))
		s = slice_from(s, SCHEME.len);
	if (attribute == MODEL_BY_PRINCIPAL || attribute == MODEL_BY_TRUST_DOMAIN)
		s = own_domain(a, s, of);
	if (attribute == MODEL_BY_HOST) {
		s = lower(a, s);
		v.with_port = slice_find(s, ':') >= 0;
	}
	if (attribute == MODEL_BY_PATH && model_authz_is_template(text)) {
		v.how = AUTHZ_TEMPLATE;
	} else if (slice_is(s, "*")) {
		v.how = AUTHZ_PRESENT;
	} else if (s.len > 0 && s.ptr[s.len - 1] == '*') {
		v.how = AUTHZ_PREFIX;
		s.len--;
	} else if (s.len > 0 && s.ptr[0] == '*') {
		v.how = AUTHZ_SUFFIX;
		s = slice_from(s, 1);
	}
	v.text = s;
	return v;
}

/* {*} takes a segment, {**} all but what the template has behind it. */
static bool
template_matches(struct slice t, struct slice s)
{
	while (t.len > 0) {
		if (slice_has_prefix(t, SLICE("{**}")))
			return slice_has_suffix(s, slice_from(t, 4));
		if (slice_has_prefix(t, SLICE("{*}"))) {
			ptrdiff_t slash = slice_find(s, '/');
			size_t len = slash < 0 ? s.len : (size_t)slash;

			if (len == 0)
				return false;
			s = slice_from(s, len);
			t = slice_from(t, 3);
			continue;
		}
		if (s.len == 0 || s.ptr[0] != t.ptr[0])
			return false;
		s = slice_from(s, 1);
		t = slice_from(t, 1);
	}
	return s.len == 0;
}

static bool
value_matches(const struct authz_value *v, struct slice s)
{
	switch (v->how) {
	case AUTHZ_EXACT:
		return slice_eq(s, v->text);
	case AUTHZ_PREFIX:
		return slice_has_prefix(s, v->text);
	case AUTHZ_SUFFIX:
		return slice_has_suffix(s, v->text);
	case AUTHZ_PRESENT:
		return s.len > 0;
	default:
		return template_matches(v->text, s);
	}
}

/* --- addresses ---------------------------------------------------------------- */

bool
authz_ip_read(struct slice text, struct authz_ip *out)
{
	char room[64];

	*out = (struct authz_ip){ .bytes = { [10] = 0xff, [11] = 0xff } };
	if (text.len == 0 || text.len >= sizeof(room))
		return false;
	memcpy(room, text.ptr, text.len);
	room[text.len] = '\0';
	out->is_known = inet_pton(AF_INET, room, out->bytes + 12) == 1 ||
	    inet_pton(AF_INET6, room, out->bytes) == 1;
	return out->is_known;
}

static struct authz_range
range_read(const char *text)
{
	struct slice rest = slice_str(text), ip = rest;
	ptrdiff_t slash = slice_find(rest, '/');
	struct authz_range r = { .bits = 128 };
	struct authz_ip read;
	uint64_t bits = 0;

	if (slash >= 0)
		ip.len = (size_t)slash;
	authz_ip_read(ip, &read);
	memcpy(r.bytes, read.bytes, sizeof(r.bytes));
	if (slash >= 0 && slice_u64(slice_from(rest, (size_t)slash + 1), &bits))
		r.bits = (unsigned)bits + (slice_find(ip, ':') < 0 ? 96 : 0);
	return r;
}

static bool
range_has(const struct authz_range *r, const struct authz_ip *ip)
{
	unsigned whole = r->bits / 8, rest = r->bits % 8;

	if (memcmp(r->bytes, ip->bytes, whole) != 0)
		return false;
	return rest == 0 || ((r->bytes[whole] ^ ip->bytes[whole]) >>
	    (8 - rest)) == 0;
}

/* --- sets --------------------------------------------------------------------- */

static bool
is_address(enum model_authz_attribute a)
{
	return a == MODEL_BY_IP || a == MODEL_BY_REMOTE_IP ||
	    a == MODEL_BY_DESTINATION_IP;
}

static void
set_texts(struct authz_set *s, struct arena *a, enum model_authz_attribute by,
    const struct authz_origin *of, const struct model_authz_values *from)
{
	bool is_many = from->v_len > MANY;

	s->v = arena_alloc(a, sizeof(*s->v) * from->v_len);
	for (size_t i = 0; i < from->v_len; i++) {
		struct authz_value v = authz_value_read(a, by, of,
		    from->v[i]);

		if (is_many && v.how == AUTHZ_EXACT && !v.with_port)
			map_put(&s->exact, v.text, NULL);
		else
			s->v[s->len++] = v;
	}
}

static void
set_init(struct authz_set *s, struct arena *a, enum model_authz_attribute by,
    const struct authz_origin *of, const struct model_authz_values *from)
{
	uint64_t port;

	if (from->v_len == 0)
		return;
	if (is_address(by)) {
		s->ranges = arena_alloc(a, sizeof(*s->ranges) * from->v_len);
		for (size_t i = 0; i < from->v_len; i++)
			s->ranges[s->ranges_len++] = range_read(from->v[i]);
	} else if (by == MODEL_BY_PORT) {
		s->ports = arena_alloc(a, sizeof(*s->ports) * from->v_len);
		for (size_t i = 0; i < from->v_len; i++)
			if (slice_u64(slice_str(from->v[i]), &port))
				s->ports[s->ports_len++] = (uint16_t)port;
	} else {
		set_texts(s, a, by, of, from);
	}
}

static const struct authz_ip *
address_of(const struct authz_facts *f, enum model_authz_attribute by)
{
	return by == MODEL_BY_IP ? &f->source : by == MODEL_BY_REMOTE_IP ?
	    &f->remote : &f->destination;
}

static bool
has_address(const struct authz_set *s, const struct authz_ip *ip)
{
	for (size_t i = 0; ip->is_known && i < s->ranges_len; i++)
		if (range_has(&s->ranges[i], ip))
			return true;
	return false;
}

static bool
has_port(const struct authz_set *s, const struct authz_facts *f)
{
	for (size_t i = 0; i < s->ports_len; i++)
		if (s->ports[i] == f->port || (f->app_port != 0 &&
		    s->ports[i] == f->app_port))
			return true;
	return false;
}

static bool
has_text(const struct authz_set *s, struct slice text,
    const struct authz_facts *f)
{
	/* What is not there is no value, not even an empty one. */
	if (text.ptr == NULL)
		return false;
	if (s->exact.len > 0 && map_has(&s->exact, text))
		return true;
	for (size_t i = 0; i < s->len; i++)
		if (value_matches(&s->v[i], s->v[i].with_port ? f->authority :
		    text))
			return true;
	return false;
}

/* The claim that "a][b" names: b of a. */
static const struct conf_node *
claim_of(const struct conf_node *claims, struct slice name)
{
	while (claims != NULL && claims->kind == CONF_MAP) {
		const char *end = memmem(name.ptr, name.len, "][", 2);
		size_t len = end == NULL ? name.len :
		    (size_t)(end - name.ptr);
		const struct conf_entry *e = conf_entry_of(claims,
		    slice_of(name.ptr, len));

		claims = e == NULL ? NULL : e->node;
		if (end == NULL)
			return claims;
		name = slice_from(name, len + 2);
	}
	return NULL;
}

static bool
has_claim(const struct authz_set *s, struct slice name,
    const struct authz_facts *f)
{
	const struct conf_node *n = f->token == NULL ? NULL :
	    claim_of(f->token->claims, name);

	if (n == NULL)
		return false;
	if (n->kind == CONF_STRING)
		return has_text(s, n->text, f);
	if (n->kind == CONF_LIST)
		CONF_FOREACH(e, n)
			if (e->node->kind == CONF_STRING &&
			    has_text(s, e->node->text, f))
				return true;
	return false;
}

static bool
set_has(const struct authz_set *s, const struct authz_test *t,
    const struct authz_view *v)
{
	if (s->ranges_len > 0)
		return has_address(s, address_of(v->facts, t->attribute));
	if (t->attribute == MODEL_BY_PORT)
		return has_port(s, v->facts);

	if (t->attribute == MODEL_BY_CLAIM)
		return has_claim(s, t->name, v->facts);
	return has_text(s, authz_view_text(v, t->attribute, t->name),
	    v->facts);
}

/* --- rules -------------------------------------------------------------------- */

static void
add_test(struct authz_terms *to, struct arena *a,
    enum model_authz_attribute by, struct slice name,
    const struct authz_origin *of, const struct model_authz_values *is,
    const struct model_authz_values *not)
{
	struct authz_test *t = &to->tests[to->len];

	if (is->v_len + not->v_len == 0)
		return;
	*t = (struct authz_test){ .attribute = by, .has_is = is->v_len > 0,
	    .name = by == MODEL_BY_CLAIM ? name : lower(a, name) };
	set_init(&t->is, a, by, of, is);
	set_init(&t->not, a, by, of, not);
	to->len++;
}

static struct authz_terms *
sides_new(struct arena *a, const struct authz_origin *of,
    const struct model_authz_side *from, size_t n)
{
	struct authz_terms *out = arena_zalloc(a, sizeof(*out) * n + 1);

	for (size_t i = 0; i < n; i++) {
		out[i].tests = arena_alloc(a, sizeof(*out[i].tests) *
		    MODEL_OF_REQUEST);
		for (int by = 0; by < MODEL_OF_REQUEST; by++)
			add_test(&out[i], a, (enum model_authz_attribute)by,
			    SLICE(""), of, &from[i].terms.is[by],
			    &from[i].terms.not[by]);
	}
	return out;
}

void
authz_row_init(struct authz_row *r, struct arena *a,
    const struct model_object *policy, int rule, const char *cluster_local)
{
	const struct model_authorization_policy_spec *s =
	    &model_authorization_policy(policy)->spec;
	const struct model_authz_rule *from = &s->rules[rule];
	const struct authz_origin *of = &r->origin;

	*r = (struct authz_row){ .policy = policy, .rule = rule,
	    .provider = s->provider == NULL ? NULL : s->provider->name,
	    .is_strict = s->action == MODEL_AUTHZ_ALLOW,
	    .origin = { policy->head->meta.namespace, cluster_local } };
	r->from = sides_new(a, of, from->from, from->from_len);
	r->from_len = from->from_len;
	r->to = sides_new(a, of, from->to, from->to_len);
	r->to_len = from->to_len;
	r->when.tests = arena_zalloc(a, sizeof(*r->when.tests) *
	    from->when_len + 1);
	for (size_t i = 0; i < from->when_len; i++) {
		enum model_authz_attribute by;
		struct slice name;

		if (model_authz_key(from->when[i].key, &by, &name))
			add_test(&r->when, a, by, name, of,
			    &from->when[i].is, &from->when[i].not);
	}
}

static const char *
terms_about_http(const struct authz_terms *t, size_t n)
{
	static const char *const words[] = {
		[MODEL_BY_HOST] = "hosts", [MODEL_BY_METHOD] = "methods",
		[MODEL_BY_PATH] = "paths", [MODEL_BY_HEADER] = "headers",
		[MODEL_BY_CLAIM] = "tokens",
		[MODEL_BY_REQUEST_PRINCIPAL] = "tokens",
	};

	for (; n > 0; n--, t++)
		for (size_t i = 0; i < t->len; i++) {
			size_t by = t->tests[i].attribute;

			if (by < sizeof(words) / sizeof(words[0]) &&
			    words[by] != NULL)
				return words[by];
		}
	return NULL;
}

const char *
authz_row_about_http(const struct authz_row *r)
{
	const char *word = terms_about_http(r->to, r->to_len);

	if (word == NULL)
		word = terms_about_http(&r->when, 1);
	return word != NULL ? word : terms_about_http(r->from, r->from_len);
}

static void
terms_fini(struct authz_terms *t)
{
	for (size_t i = 0; i < t->len; i++) {
		map_fini(&t->tests[i].is.exact, NULL);
		map_fini(&t->tests[i].not.exact, NULL);
	}
}

void
authz_row_fini(struct authz_row *r)
{
	for (size_t i = 0; i < r->from_len; i++)
		terms_fini(&r->from[i]);
	for (size_t i = 0; i < r->to_len; i++)
		terms_fini(&r->to[i]);
	terms_fini(&r->when);
}

static bool
terms_hold(const struct authz_terms *terms, const struct authz_view *v,
    bool is_strict)
{
	for (size_t i = 0; i < terms->len; i++) {
		const struct authz_test *t = &terms->tests[i];

		if (!authz_view_knows(v, t->attribute)) {
			if (is_strict)
				return false;
			continue;
		}
		if ((t->has_is && !set_has(&t->is, t, v)) ||
		    set_has(&t->not, t, v))
			return false;
	}
	return true;
}

static bool
some_hold(const struct authz_terms *sides, size_t n,
    const struct authz_view *v, bool is_strict)
{
	for (size_t i = 0; i < n; i++)
		if (terms_hold(&sides[i], v, is_strict))
			return true;
	return n == 0;
}

bool
authz_row_matches(const struct authz_row *r, const struct authz_view *v)
{
	return some_hold(r->from, r->from_len, v, r->is_strict) &&
	    some_hold(r->to, r->to_len, v, r->is_strict) &&
	    terms_hold(&r->when, v, r->is_strict);
}
