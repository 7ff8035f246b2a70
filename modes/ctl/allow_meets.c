#include <stdio.h>
#include <string.h>

#include "model/authorization_rules.h"
#include "modes/ctl/allow_meets.h"

#define NONE	ALLOW_MEETS_NONE
#define PART	ALLOW_MEETS_PART
#define ALL	ALLOW_MEETS_ALL

static enum allow_meets
least(enum allow_meets a, enum allow_meets b)
{
	return a < b ? a : b;
}

static enum allow_meets
most(enum allow_meets a, enum allow_meets b)
{
	return a > b ? a : b;
}

/* "*", "x*", "*x" and "x" of one word. */
static bool
fits(struct slice p, struct slice word)
{
	if (p.len > 0 && p.ptr[p.len - 1] == '*')
		return slice_has_prefix(word, slice_of(p.ptr, p.len - 1));
	if (p.len > 0 && p.ptr[0] == '*')
		return slice_has_suffix(word, slice_from(p, 1));
	return slice_eq(p, word);
}

/* --- callers ------------------------------------------------------------------------ */

static bool
is_everybody(const struct allow_words *w)
{
	return w->namespace == NULL && w->id == NULL && !w->is_nobody;
}

/* "td/ns/shop/sa/web", its trust domain or (of "*x") its beginning left open. */
static enum allow_meets
by_principal(const struct allow_words *w, const char *v)
{
	struct slice rest = slice_str(v), ours;
	char text[512];
	int len;

	if (strcmp(v, "*") == 0)
		return ALL;
	if (slice_has_prefix(rest, SLICE("spiffe://")))
		rest = slice_from(rest, 9);
	if (w->id != NULL)
		return fits(rest, slice_from(slice_str(w->id), 9)) ? ALL : NONE;
	if (is_everybody(w) || strcmp(w->caller, "*") == 0)
		return PART;
	len = snprintf(text, sizeof(text), "/ns/%s/sa/%s", w->namespace,
	    w->caller);
	if (len < 0 || (size_t)len >= sizeof(text))
		return PART;
	ours = slice_str(text);
	if (rest.ptr[0] == '*')
		return fits(rest, ours) ? ALL : NONE;
	ptrdiff_t slash = slice_find(rest, '/');

	if (slash < 0)
		return PART;
	return fits(slice_from(rest, (size_t)slash), ours) ? ALL : NONE;
}

static enum allow_meets
by_namespace(const struct allow_words *w, const char *v)
{
	if (is_everybody(w))
		return strcmp(v, "*") == 0 ? ALL : PART;
	return w->namespace != NULL && fits(slice_str(v), slice_str(w->namespace)) ? ALL :
	    NONE;
}

/* "shop/web", or "web" of the policy's namespace. */
static enum allow_meets
by_account(const struct allow_words *w, const char *v)
{
	const char *slash = strchr(v, '/');
	struct slice ns = slash == NULL ? slice_str(w->to_namespace) :
	    slice_of(v, (size_t)(slash - v));

	if (is_everybody(w))
		return PART;
	if (w->namespace == NULL || !slice_is(ns, w->namespace))
		return NONE;
	return strcmp(w->caller, "*") == 0 ? PART :
	    strcmp(slash == NULL ? v : slash + 1, w->caller) == 0 ? ALL : NONE;
}

/* --- requests ----------------------------------------------------------------------- */

static enum allow_meets
by_port(const struct allow_words *w, const char *v)
{
	uint64_t port;

	if (w->port == 0)
		return PART;
	return slice_u64(slice_str(v), &port) && port == w->port ? ALL : NONE;
}

/* How much of one word that was typed a value is about. */
static enum allow_meets
of_word(const char *v, struct slice word, bool is_path)
{
	bool is_odd = is_path && (model_authz_is_template(v) ||
	    slice_find(word, '{') >= 0);

	if (slice_is(word, v) || (!is_odd && fits(slice_str(v), word)))
		return ALL;
	if (is_odd || (strchr(v, '*') != NULL && slice_find(word, '*') >= 0))
		return PART;
	return fits(word, slice_str(v)) ? PART : NONE;
}

static enum allow_meets
by_words(const char *typed, const struct model_authz_values *is, bool is_path)
{
	enum allow_meets all = ALL, any = NONE;
	struct slice rest = slice_str(typed), word;

	if (typed == NULL)
		return PART;
	while (slice_cut(&rest, ',', &word)) {
		enum allow_meets best = NONE;

		for (size_t i = 0; i < is->v_len; i++)
			best = most(best, of_word(is->v[i], slice_trim(word),
			    is_path));
		all = least(all, best);
		any = most(any, best);
	}
	return any == NONE ? NONE : all == ALL ? ALL : PART;
}

/* --- a rule --------------------------------------------------------------------------- */

static enum allow_meets
by_each(const struct allow_words *w, const struct model_authz_values *is,
    enum allow_meets (*one)(const struct allow_words *, const char *))
{
	enum allow_meets best = NONE;

	for (size_t i = 0; i < is->v_len; i++)
		best = most(best, one(w, is->v[i]));
	return best;
}

static enum allow_meets
by_values(const struct allow_words *w, enum model_authz_attribute a,
    const struct model_authz_values *is)
{
	switch (a) {
	case MODEL_BY_PRINCIPAL:
		return w->is_nobody ? NONE : by_each(w, is, by_principal);
	case MODEL_BY_NAMESPACE:
		return w->is_nobody ? NONE : by_each(w, is, by_namespace);
	case MODEL_BY_ACCOUNT:
		return w->is_nobody ? NONE : by_each(w, is, by_account);
	case MODEL_BY_PORT:
		return by_each(w, is, by_port);
	case MODEL_BY_METHOD:
		return by_words(w->methods, is, false);
	case MODEL_BY_PATH:
		return by_words(w->paths, is, true);
	default:
		return PART;
	}
}

static enum allow_meets
by_terms(const struct allow_words *w, const struct model_authz_terms *t)
{
	enum allow_meets all = ALL;

	for (int i = 0; i < MODEL_OF_REQUEST; i++) {
		enum model_authz_attribute a = (enum model_authz_attribute)i;

		if (t->is[a].v_len > 0)
			all = least(all, by_values(w, a, &t->is[a]));
		if (t->not[a].v_len > 0)
			all = least(all, (enum allow_meets)(ALL - by_values(w, a,
			    &t->not[a])));
	}
	return all;
}

static enum allow_meets
by_sides(const struct allow_words *w, const struct model_authz_side *v, size_t n)
{
	enum allow_meets best = n == 0 ? ALL : NONE;

	for (size_t i = 0; i < n; i++)
		best = most(best, by_terms(w, &v[i].terms));
	return best;
}

enum allow_meets
allow_meets(const struct model_object *policy, const struct allow_words *w)
{
	const struct model_authorization_policy_spec *s =
	    &model_authorization_policy(policy)->spec;
	enum allow_meets best = NONE;

	for (size_t i = 0; i < s->rules_len; i++) {
		const struct model_authz_rule *r = &s->rules[i];

		best = most(best, least(r->when_len > 0 ? PART : ALL, least(
		    by_sides(w, r->from, r->from_len),
		    by_sides(w, r->to, r->to_len))));
	}
	return best;
}
