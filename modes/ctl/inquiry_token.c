#include "filter/token_places.h"
#include "model/oidc_login.h"
#include "modes/ctl/inquiry_token.h"

const char *
inquiry_token_word(enum inquiry_token_is is)
{
	static const char *const words[] = {
		[INQUIRY_TOKEN_NONE] = "none",
		[INQUIRY_TOKEN_GOOD] = "verified",
		[INQUIRY_TOKEN_ASSUMED] = "assumed",
		[INQUIRY_TOKEN_REFUSED] = "refused",
		[INQUIRY_TOKEN_UNKNOWN] = "unverified",
		[INQUIRY_TOKEN_LOGIN] = "login",
	};

	return words[is];
}

/* --- the request ------------------------------------------------------------------ */

static void
make_head(struct inquiry_token *t, struct http_head *head)
{
	http_head_init(head, &t->c->arena);
	head->query = t->asked->request.query;
	for (size_t i = 0; i < t->seen.headers.len; i++)
		http_fields_add(&head->fields, t->seen.headers.v[i].name,
		    t->seen.headers.v[i].value);
}

/* The rule takes it: what stays of the token, and what it becomes. */
static void
let_by(struct inquiry_token *t, struct http_head *head,
    const struct authn_proof *p)
{
	const struct authn_rule *r = &t->rules->rules[p->rule];

	token_places_strip(t->rules, p, head, &t->c->arena);
	token_outputs_put(t->rules, p, head, &t->c->arena);
	t->policy = r->policy;
	t->token = &p->token;
}

/* Of claims that came without a token. */
static const char *
claims_text(enum jwt_fault fault)
{
	static const char *const texts[JWT_FAULTS] = {
		[JWT_ISSUER] = "the claims are of another issuer",
		[JWT_AUDIENCE] = "the claims are for another audience",
		[JWT_EXPIRED] = "the claims have expired",
		[JWT_EARLY] = "the claims do not hold yet",
	};

	return texts[fault] != NULL ? texts[fault] : jwt_fault_text(fault);
}

static void
refuse(struct inquiry_token *t, size_t rule, enum jwt_fault fault,
    const char *text)
{
	t->is = INQUIRY_TOKEN_REFUSED;
	t->fault = jwt_fault_name(fault);
	t->policy = t->rules->rules_len == 0 ? NULL :
	    t->rules->rules[rule].policy;
	t->why = arena_printf(&t->c->arena, "answered 401: %s%s%s",
	    text, t->policy == NULL ? "" :
	    ", by RequestAuthentication ", t->policy == NULL ? "" : t->policy);
}

/* --- a token ---------------------------------------------------------------------- */

/* The typed one stands where the first rule of its issuer looks first. */
static uint64_t
place_of(const struct inquiry_token *t, struct slice issuer)
{
	const struct authn *z = t->rules;

	for (size_t i = 0; i < z->rules_len; i++)
		for (size_t k = 0; k < z->places_len; k++)
			if (slice_eq(z->rules[i].trust.issuer, issuer) &&
			    (z->places[k].rules & UINT64_C(1) << i) != 0)
				return z->places[k].rules;
	return z->places_len == 0 ? 0 : z->places[0].rules;
}

static bool
add_typed(struct inquiry_token *t, struct authn_found *found, size_t *n)
{
	struct jwt read;

	if (t->typed->text.ptr == NULL)
		return true;
	if (*n == AUTHN_TOKENS_MAX)
		return false;
	jwt_read(&read, &t->c->arena, t->typed->text);
	found[(*n)++] = (struct authn_found){ t->typed->text,
		place_of(t, read.issuer) };
	return true;
}

/*
 * Whether only keys that are not at hand could refuse it; *claims: of the first
 * token.  Else *fault, if the rule looks at any.
 */
static bool
may_be_good(const struct inquiry_token *t, size_t rule,
    const struct authn_found *found, size_t n, const struct conf_node **claims,
    enum jwt_fault *fault)
{
	const struct authn_rule *r = &t->rules->rules[rule];

	*claims = NULL;
	for (size_t i = 0; i < n; i++) {
		struct jwt read;

		if ((found[i].rules & UINT64_C(1) << rule) == 0)
			continue;
		*fault = jwt_read(&read, &t->c->arena, found[i].text);
		if (*fault == JWT_OK)
			*fault = jwt_verify_claims(&read, &r->trust, t->now_s);
		if (*fault != JWT_OK)
			return false;
		if (*claims == NULL)
			*claims = read.claims;
	}
	return *claims != NULL;
}

static void
assume(struct inquiry_token *t, struct http_head *head, size_t rule,
    const struct conf_node *claims, enum inquiry_token_is is)
{
	const struct authn_rule *r = &t->rules->rules[rule];
	struct authn_proof *p = arena_zalloc(&t->c->arena, sizeof(*p));

	p->rule = rule;
	p->claims = claims;
	authn_token(&p->token, &t->c->arena, claims, r->spaced, r->spaced_len);
	t->is = is;
	let_by(t, head, p);
}

static void
refuse_or_wonder(struct inquiry_token *t, struct http_head *head,
    const struct authn_found *found, size_t n, const struct authn_verdict *v)
{
	enum jwt_fault fault = v->fault, by_claims = JWT_OK;
	const struct conf_node *claims;

	for (size_t i = 0; i < t->rules->rules_len; i++) {
		const struct authn_rule *r = &t->rules->rules[i];

		if (r->source.ptr == NULL)
			continue;
		if (may_be_good(t, i, found, n, &claims, &by_claims)) {
			t->why = arena_printf(&t->c->arena, "the keys of %.*s "
			    "are not at hand (--jwks-file), so the token is "
			    "not verified", SLICE_ARG(r->source));
			assume(t, head, i, claims, INQUIRY_TOKEN_UNKNOWN);
			return;
		}
		if (i == v->rule && fault == JWT_KEY && by_claims != JWT_OK)
			fault = by_claims;
	}
	refuse(t, v->rule, fault, jwt_fault_text(fault));
}

static void
judge_tokens(struct inquiry_token *t, struct http_head *head,
    const struct authn_found *found, size_t n)
{
	struct authn_verdict v;

	authn_judge(t->rules, found, n, t->now_s, &v);
	t->proof = v.proof;
	if (v.proof == NULL) {
		refuse_or_wonder(t, head, found, n, &v);
		return;
	}
	t->is = INQUIRY_TOKEN_GOOD;
	let_by(t, head, v.proof);
	t->why = arena_printf(&t->c->arena, "the token is good by "
	    "RequestAuthentication %s", t->policy);
}

/* --- a login ---------------------------------------------------------------------- */

/*
 * Fields by which the application learns who has logged in are not the caller's:
 * they are empty, or with these claims in them.
 */
static void
forward(struct inquiry_token *t, const struct conf_node *claims)
{
	const struct model_oidc_login_spec *s = model_oidc_login(t->login);
	struct arena *a = &t->c->arena;
	struct authn_rule r = { .policy = NULL };
	struct http_head head;

	authn_outputs(&r, a, NULL, s->claims, s->claims_len);
	make_head(t, &head);
	token_outputs_drop(&r, &head.fields);
	if (claims != NULL)
		token_outputs_fill(&r, SLICE_NONE, claims, &head, a);
	t->seen.headers = head.fields;
}

/* Claims may be those of a session: of the ID token that it began with. */
static enum jwt_fault
judge_session(const struct inquiry_token *t)
{
	const struct model_oidc_login_spec *s = model_oidc_login(t->login);
	const char *const audiences[] = { s->client_id };
	const struct jwt_trust trust = { slice_str(s->provider.issuer),
		audiences, 1, NULL };
	struct jwt of;

	jwt_of_claims(&of, t->typed->claims);
	return jwt_verify_claims(&of, &trust, t->now_s);
}

static void
judge_by_login(struct inquiry_token *t)
{
	const char *to = model_oidc_login(t->login)->provider.issuer;
	struct arena *a = &t->c->arena;
	enum jwt_fault fault = t->typed->claims == NULL ? JWT_OK :
	    judge_session(t);

	t->policy = model_object_name(t->login);
	if (t->typed->claims == NULL || fault != JWT_OK) {
		t->is = INQUIRY_TOKEN_LOGIN;
		t->why = arena_printf(a, "OIDCLogin %s asks for a login at %s "
		    "first: browsers are sent there (302), others are answered "
		    "401%s%s", t->policy, to, fault == JWT_OK ? "" :
		    "; ", fault == JWT_OK ? "" : claims_text(fault));
		return;
	}
	struct authz_token *made = arena_zalloc(a, sizeof(*made));

	authn_token(made, a, t->typed->claims, NULL, 0);
	forward(t, t->typed->claims);
	t->token = made;
	t->is = INQUIRY_TOKEN_ASSUMED;
	t->why = arena_printf(a, "the claims count as those of a login by "
	    "OIDCLogin %s", t->policy);
}

/* --- claims ----------------------------------------------------------------------- */

/* The first rule that would take a token of them. */
static void
judge_claims(struct inquiry_token *t, struct http_head *head)
{
	enum jwt_fault fault = JWT_ISSUER;
	size_t at = 0;
	struct jwt of;

	jwt_of_claims(&of, t->typed->claims);
	for (size_t i = 0; i < t->rules->rules_len; i++) {
		enum jwt_fault f = jwt_verify_claims(&of,
		    &t->rules->rules[i].trust, t->now_s);

		if (f == JWT_OK) {
			assume(t, head, i, t->typed->claims,
			    INQUIRY_TOKEN_ASSUMED);
			t->why = arena_printf(&t->c->arena, "the claims count "
			    "as if signed for RequestAuthentication %s",
			    t->policy);
			return;
		}
		if (fault == JWT_ISSUER && f != JWT_ISSUER) {
			fault = f;
			at = i;
		}
	}
	refuse(t, at, fault, claims_text(fault));
}

/* --- places ----------------------------------------------------------------------- */

/* False: the documents have nothing to do with this request. */
static bool
judge_by_rules(struct inquiry_token *t)
{
	struct authn_found found[AUTHN_TOKENS_MAX];
	struct http_head head;
	size_t n;

	make_head(t, &head);
	bool are_few = token_places_find(t->rules, &head, &t->c->arena, found,
	    &n);

	token_outputs_clear(t->rules, &head.fields);
	if (!are_few || !add_typed(t, found, &n)) {
		t->is = INQUIRY_TOKEN_REFUSED;
		t->fault = "too-many";
		t->why = "answered 401: it has too many tokens";
	} else if (n > 0) {
		judge_tokens(t, &head, found, n);
	} else if (t->typed->claims != NULL && (t->login == NULL ||
	    judge_session(t) != JWT_OK)) {
		judge_claims(t, &head);
	}
	t->seen.headers = head.fields;
	return t->is != INQUIRY_TOKEN_NONE;
}

static struct issuer_keys *
keys_at_hand(void *arg, const struct model_jwt_rule *r, struct slice *source)
{
	const struct inquiry_token *t = arg;
	struct err err = ERR_INIT;

	if (t->typed->jwks.ptr != NULL)
		return issuer_keys_new(t->typed->jwks, &err);
	*source = slice_str(r->jwks_uri != NULL ? r->jwks_uri : r->issuer);
	return NULL;
}

void
inquiry_token_judge(struct inquiry_token *t)
{
	const struct authn_sources sources = { keys_at_hand, t };

	t->is = INQUIRY_TOKEN_NONE;
	t->seen = *t->asked;
	if (t->login != NULL)
		forward(t, NULL);
	t->rules = authn_new(t->policies, t->policies_len, &sources);
	if (t->policies_len > 0 && judge_by_rules(t))
		return;
	if (t->login != NULL)
		judge_by_login(t);
	else if (t->typed->text.ptr != NULL || t->typed->claims != NULL)
		t->why = t->typed->claims == NULL ? "no RequestAuthentication is "
		    "about it, so nobody looks at the token" : "no "
		    "RequestAuthentication is about it: the claims have no "
		    "source and do not count";
}

void
inquiry_token_fini(struct inquiry_token *t)
{
	authn_proof_unref(t->proof);
	authn_unref(t->rules);
}
