#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "conf/json.h"
#include "policy/authn.h"

/* --- rules ------------------------------------------------------------------------ */

static const struct model_request_authentication_spec *
spec_of(const struct model_object *o)
{
	return &model_request_authentication(o)->spec;
}

static int
by_age(const void *a, const void *b)
{
	return model_object_by_age(*(struct model_object *const *)a,
	    *(struct model_object *const *)b);
}

static void
add_place(struct authn *z, const struct authn_place *p)
{
	for (size_t i = 0; i < z->places_len; i++) {
		struct authn_place *o = &z->places[i];

		if (o->where == p->where && o->any_case == p->any_case &&
		    slice_eq(o->name, p->name) &&
		    slice_eq(o->prefix, p->prefix)) {
			o->rules |= p->rules;
			return;
		}
	}
	z->places[z->places_len++] = *p;
}

static void
add_texts(struct authn *z, enum authn_where where, const char **v, size_t n,
    uint64_t bit)
{
	for (size_t i = 0; i < n; i++)
		add_place(z, &(struct authn_place){ .where = where,
		    .name = slice_str(v[i]), .prefix = SLICE(""),
		    .rules = bit });
}

/* Without any of its own, those of RFC 6750, sections 2.1 and 2.3. */
static void
add_places(struct authn *z, const struct model_jwt_rule *r, uint64_t bit)
{
	const char *access_token = "access_token";

	for (size_t i = 0; i < r->from_headers_len; i++) {
		const struct model_jwt_header *h = &r->from_headers[i];

		add_place(z, &(struct authn_place){ .where = AUTHN_HEADER,
		    .name = arena_lower(&z->arena, slice_str(h->name)),
		    .prefix = slice_str(h->prefix != NULL ? h->prefix : ""),
		    .rules = bit });
	}
	add_texts(z, AUTHN_PARAM, r->from_params, r->from_params_len, bit);
	add_texts(z, AUTHN_COOKIE, r->from_cookies, r->from_cookies_len, bit);
	if (r->from_headers_len + r->from_params_len + r->from_cookies_len > 0)
		return;
	add_place(z, &(struct authn_place){ .where = AUTHN_HEADER,
	    .name = SLICE("authorization"), .prefix = SLICE("Bearer "),
	    .any_case = true, .rules = bit });
	add_texts(z, AUTHN_PARAM, &access_token, 1, bit);
}

void
authn_outputs(struct authn_rule *to, struct arena *a, const char *payload,
    const struct model_claim_to_header *claims, size_t n)
{
	to->outputs = arena_alloc(a, sizeof(*to->outputs) * (n + 1));
	to->outputs_len = 0;
	if (payload != NULL)
		to->outputs[to->outputs_len++] = (struct authn_output){
		    arena_lower(a, slice_str(payload)), NULL };
	for (size_t i = 0; i < n; i++)
		to->outputs[to->outputs_len++] = (struct authn_output){
		    arena_lower(a, slice_str(claims[i].header)),
		    claims[i].claim };
}

static struct issuer_keys *
keys_of(const struct model_jwt_rule *r, const struct authn_sources *sources,
    struct arena *a, struct slice *source)
{
	struct issuer_keys *k = NULL;
	struct err err = ERR_INIT;

	*source = SLICE_NONE;
	if (r->jwks != NULL)
		k = issuer_keys_new(slice_str(r->jwks), &err);
	else if (sources != NULL)
		k = sources->keys(sources->arg, r, source);
	*source = source->ptr == NULL ? SLICE_NONE : arena_dup(a, *source);
	return k != NULL ? k : issuer_keys_none();
}

static void
add_rule(struct authn *z, struct model_object *policy, size_t number,
    const struct authn_sources *sources)
{
	const struct model_jwt_rule *r = &spec_of(policy)->rules[number];
	struct authn_rule *to = &z->rules[z->rules_len];

	if (z->rules_len == AUTHN_RULES_MAX) {
		z->left_out++;
		return;
	}
	*to = (struct authn_rule){
		.policy = arena_strdup(&z->arena, model_object_name(policy)),
		.number = (int)number,
		.timeout_ms = (uint64_t)r->timeout_ms,
		.spaced = r->space_delimited,
		.spaced_len = r->space_delimited_len,
		.forwards = r->forwards,
	};
	to->keys = keys_of(r, sources, &z->arena, &to->source);
	to->trust = (struct jwt_trust){ slice_str(r->issuer), r->audiences,
		r->audiences_len, issuer_keys_set(to->keys) };
	authn_outputs(to, &z->arena, r->output_payload, r->output_claims,
	    r->output_claims_len);
	add_places(z, r, UINT64_C(1) << z->rules_len++);
}

static void
note_hash(struct authn *z)
{
	struct hash h;
	struct str text = { 0 };

	hash_init(&h);
	for (size_t i = 0; i < z->policies_len; i++) {
		str_clear(&text);
		conf_json_write(&text, z->policies[i]->node);
		str_add_char(&text, '\n');
		hash_add(&h, str_slice(&text));
	}
	for (size_t i = 0; i < z->rules_len; i++) {
		uint8_t keys[HASH_LEN];

		issuer_keys_hash(z->rules[i].keys, keys);
		hash_add(&h, slice_of(keys, sizeof(keys)));
	}
	hash_out(&h, z->hash);
	str_fini(&text);
}

/* What there is room for: each text is one place, or the two of RFC 6750. */
static void
make_room(struct authn *z)
{
	size_t rules = 0, places = 0;

	for (size_t i = 0; i < z->policies_len; i++) {
		const struct model_request_authentication_spec *s =
		    spec_of(z->policies[i]);

		rules += s->rules_len;
		for (size_t k = 0; k < s->rules_len; k++)
			places += s->rules[k].from_headers_len +
			    s->rules[k].from_params_len +
			    s->rules[k].from_cookies_len + 2;
	}
	if (rules > AUTHN_RULES_MAX)
		rules = AUTHN_RULES_MAX;
	z->rules = arena_alloc(&z->arena, sizeof(*z->rules) * (rules + 1));
	z->places = arena_alloc(&z->arena, sizeof(*z->places) * (places + 1));
}

struct authn *
authn_new(struct model_object *const *policies, size_t n,
    const struct authn_sources *sources)
{
	struct authn *z = mem_zalloc(sizeof(*z));

	refs_init(&z->refs);
	z->policies = arena_alloc(&z->arena, sizeof(*z->policies) * (n + 1));
	z->policies_len = n;
	for (size_t i = 0; i < n; i++)
		z->policies[i] = model_object_ref(policies[i]);
	qsort(z->policies, n, sizeof(*z->policies), by_age);
	make_room(z);
	for (size_t i = 0; i < n; i++) {
		const struct model_request_authentication_spec *s =
		    spec_of(z->policies[i]);

		for (size_t k = 0; k < s->rules_len; k++)
			add_rule(z, z->policies[i], k, sources);
	}
	note_hash(z);
	return z;
}

struct authn *
authn_ref(struct authn *z)
{
	refs_take(&z->refs);
	return z;
}

void
authn_unref(struct authn *z)
{
	if (z == NULL || !refs_drop(&z->refs))
		return;
	for (size_t i = 0; i < z->rules_len; i++)
		issuer_keys_unref(z->rules[i].keys);
	for (size_t i = 0; i < z->policies_len; i++)
		model_object_unref(z->policies[i]);
	arena_fini(&z->arena);
	mem_free(z);
}

static bool
has_policy(const struct authn *z, const struct model_object *o)
{
	for (size_t i = 0; i < z->policies_len; i++)
		if (z->policies[i] == o)
			return true;
	return false;
}

static bool
has_same_keys(const struct authn_rule *rule, const struct model_jwt_rule *r,
    const struct authn_sources *sources)
{
	struct slice source;
	struct issuer_keys *k;

	if (r->jwks != NULL || sources == NULL)
		return true;
	k = sources->keys(sources->arg, r, &source);
	issuer_keys_unref(k);
	return k == rule->keys;
}

bool
authn_is_of(const struct authn *z, struct model_object *const *policies,
    size_t n, const struct authn_sources *sources)
{
	size_t at = 0;

	if (z->policies_len != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!has_policy(z, policies[i]))
			return false;
	for (size_t i = 0; i < n; i++) {
		const struct model_request_authentication_spec *s =
		    spec_of(z->policies[i]);

		for (size_t k = 0; k < s->rules_len && at < z->rules_len; k++)
			if (!has_same_keys(&z->rules[at++], &s->rules[k],
			    sources))
				return false;
	}
	return true;
}

/* --- tokens ----------------------------------------------------------------------- */

static struct authn_proof *
proof_new(void)
{
	struct authn_proof *p = mem_zalloc(sizeof(*p));

	refs_init(&p->refs);
	p->until_s = INT64_MAX;
	return p;
}

void
authn_proof_unref(struct authn_proof *p)
{
	if (p == NULL || !refs_drop(&p->refs))
		return;
	arena_fini(&p->arena);
	mem_free(p);
}

static struct conf_node *
split(struct arena *a, struct slice rest)
{
	struct conf_node *list = conf_list_new(a);
	struct slice word;

	while (slice_cut(&rest, ' ', &word))
		if (word.len > 0)
			conf_add(list, conf_string_new(a, word));
	return list;
}

/* Claims that are lists, if a string says so with spaces. */
static const struct conf_node *
with_lists(struct arena *a, const struct conf_node *claims,
    const char *const *spaced, size_t n)
{
	static const char *const always[] = { "scope", "permission" };
	struct conf_node *copy = NULL;

	for (size_t i = 0; i < n + 2; i++) {
		const char *name = i < 2 ? always[i] : spaced[i - 2];
		const struct conf_node *v = conf_get(claims, name);

		if (v == NULL || v->kind != CONF_STRING)
			continue;
		if (copy == NULL)
			copy = conf_copy(a, claims);
		conf_set(copy, name, split(a, v->text));
	}
	return copy != NULL ? copy : claims;
}

void
authn_token(struct authz_token *t, struct arena *a,
    const struct conf_node *claims, const char *const *spaced, size_t n)
{
	struct slice name[] = { slice_str(conf_get_string(claims, "iss")),
		SLICE("/"), slice_str(conf_get_string(claims, "sub")) };

	*t = (struct authz_token){ .claims = with_lists(a, claims, spaced, n) };
	if (name[0].len > 0 && name[2].len > 0)
		t->principal = arena_join(a, name, 3);
}

int64_t
authn_end(const struct jwt *t)
{
	const struct conf_node *n = conf_get(t->claims, "exp");

	if (n == NULL)
		return INT64_MAX;
	if (n->kind == CONF_INT)
		return n->integer;
	return n->number < 4e9 ? (int64_t)n->number : INT64_MAX;
}

/* A token that was found; read once, for all rules that look at it. */
struct reading {
	const struct authn_found *found;
	struct arena             *arena;
	bool                      is_read;
	struct jwt                token;
	enum jwt_fault            fault;
	const struct issuer_keys *keys;		/* signature: by these */
	enum jwt_fault            signature;
};

static enum jwt_fault
read_once(struct reading *r)
{
	if (!r->is_read)
		r->fault = jwt_read(&r->token, r->arena,
		    arena_dup(r->arena, r->found->text));
	r->is_read = true;
	return r->fault;
}

static bool
is_same(const struct issuer_keys *a, const struct issuer_keys *b)
{
	uint8_t x[HASH_LEN], y[HASH_LEN];

	if (a == NULL || a == b)
		return a == b;
	issuer_keys_hash(a, x);
	issuer_keys_hash(b, y);
	return memcmp(x, y, HASH_LEN) == 0;
}

/* As jwt_verify; rules of one issuer differ in what they want of claims. */
static enum jwt_fault
verify_once(struct reading *r, const struct authn_rule *rule, int64_t now_s,
    size_t *signatures)
{
	enum jwt_fault fault = jwt_verify_claims(&r->token, &rule->trust,
	    now_s);

	if (fault == JWT_ISSUER)
		return fault;
	if (!is_same(r->keys, rule->keys)) {
		r->keys = rule->keys;
		r->signature = jwt_verify_signature(&r->token,
		    rule->trust.keys);
		++*signatures;
	}
	return r->signature != JWT_OK ? r->signature : fault;
}

static bool
is_of(const struct reading *r, size_t rule)
{
	return (r->found->rules & UINT64_C(1) << rule) != 0;
}

struct judging {
	struct reading v[AUTHN_TOKENS_MAX];
	size_t         n;
	int64_t        now_s;
	size_t         signatures;
};

/*
 * What is wrong with the first of its tokens that is not good.  JWT_OK: *first is
 * the first of them, or NULL: it has none.
 */
static enum jwt_fault
judge_by(const struct authn *z, size_t rule, struct judging *j,
    const struct jwt **first)
{
	*first = NULL;
	for (size_t i = 0; i < j->n; i++) {
		struct reading *r = &j->v[i];
		enum jwt_fault fault;

		if (!is_of(r, rule))
			continue;
		fault = read_once(r);
		if (fault == JWT_OK)
			fault = verify_once(r, &z->rules[rule], j->now_s,
			    &j->signatures);
		if (fault != JWT_OK)
			return fault;
		if (*first == NULL)
			*first = &r->token;
	}
	return JWT_OK;
}

static void
add_taker(struct authn_proof *p, size_t rule, const struct judging *j)
{
	p->takers |= UINT64_C(1) << rule;
	for (size_t i = 0; i < j->n; i++)
		if (is_of(&j->v[i], rule) &&
		    authn_end(&j->v[i].token) < p->until_s)
			p->until_s = authn_end(&j->v[i].token);
}

/* Whether it looks at a token that no taker looks at. */
static bool
is_of_interest(const struct authn_proof *p, size_t rule,
    const struct judging *j)
{
	for (size_t i = 0; i < j->n; i++)
		if (is_of(&j->v[i], rule) &&
		    (j->v[i].found->rules & p->takers) == 0)
			return true;
	return false;
}

static void
fill_proof(struct authn_proof *p, const struct authn *z, size_t rule,
    const struct jwt *token, struct judging *j)
{
	const struct authn_rule *r = &z->rules[rule];
	const struct jwt *first;

	p->rule = rule;
	p->payload = token->payload;
	p->claims = token->claims;
	authn_token(&p->token, &p->arena, token->claims, r->spaced,
	    r->spaced_len);
	add_taker(p, rule, j);
	for (size_t i = rule + 1; i < z->rules_len; i++)
		if (is_of_interest(p, i, j) &&
		    judge_by(z, i, j, &first) == JWT_OK)
			add_taker(p, i, j);
}

/* That the issuer is another's says less than all else. */
static bool
says_more(enum jwt_fault fault, enum jwt_fault than)
{
	return than == JWT_OK || (than == JWT_ISSUER && fault != JWT_ISSUER);
}

void
authn_judge(const struct authn *z, const struct authn_found *found, size_t n,
    int64_t now_s, struct authn_verdict *out)
{
	struct authn_proof *p = proof_new();
	struct judging j = { .n = n, .now_s = now_s };
	const struct jwt *first = NULL;

	check(n <= AUTHN_TOKENS_MAX);
	*out = (struct authn_verdict){ .fault = JWT_OK };
	for (size_t i = 0; i < n; i++)
		j.v[i] = (struct reading){ .found = &found[i],
		    .arena = &p->arena };
	for (size_t i = 0; i < z->rules_len; i++) {
		enum jwt_fault fault = judge_by(z, i, &j, &first);

		out->signatures = j.signatures;
		if (fault == JWT_OK && first != NULL) {
			fill_proof(p, z, i, first, &j);
			*out = (struct authn_verdict){ p, JWT_OK, i,
				j.signatures };
			return;
		}
		if (fault != JWT_OK && says_more(fault, out->fault)) {
			out->fault = fault;
			out->rule = i;
		}
	}
	authn_proof_unref(p);
	if (out->fault == JWT_OK)
		out->fault = JWT_ISSUER;	/* of a rule that was left out */
}
