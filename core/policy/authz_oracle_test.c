#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "policy/authz_test.h"

/*
 * The oracle: written from the words of the kind's definition, without any of
 * what the structure has; slow and plain.
 */
struct asked {
	const struct authz_facts *f;
	const char *namespace;	/* of the policy */
};

static bool
glob(const char *pattern, struct slice s)
{
	size_t n = strlen(pattern);

	if (s.ptr == NULL)
		return false;
	if (strcmp(pattern, "*") == 0)
		return s.len > 0;
	if (n > 0 && pattern[n - 1] == '*')
		return s.len >= n - 1 && memcmp(s.ptr, pattern, n - 1) == 0;
	if (pattern[0] == '*')
		return s.len >= n - 1 && memcmp(s.ptr + s.len - (n - 1),
		    pattern + 1, n - 1) == 0;
	return s.len == n && memcmp(s.ptr, pattern, n) == 0;
}

/* Both cut into segments; {**} is last, or has text behind it. */
static bool
path_matches(const char *pattern, struct slice path)
{
	const char *one = strstr(pattern, "{*}"), *any = strstr(pattern, "{**}");
	const char *at = one == NULL || (any != NULL && any < one) ? any : one;
	size_t head = at == NULL ? 0 : (size_t)(at - pattern);

	if (at == NULL)
		return strchr(pattern, '{') != NULL || strchr(pattern, '*') ==
		    NULL ? slice_is(path, pattern) : glob(pattern, path);
	if (path.len < head || memcmp(path.ptr, pattern, head) != 0)
		return false;
	path = slice_from(path, head);
	if (at == any)
		return slice_has_suffix(path, slice_str(any + 4));
	for (size_t n = 1; n <= path.len && path.ptr[n - 1] != '/'; n++) {
		char *rest = mem_strdup(at + 3);
		bool hit = strchr(rest, '{') == NULL ? slice_is(slice_from(path,
		    n), rest) : path_matches(rest, slice_from(path, n));

		mem_free(rest);
		if (hit)
			return true;
	}
	return false;
}

static bool
in_block(const char *block, const struct authz_ip *ip)
{
	char text[64];
	char *slash;
	unsigned char want[16] = { [10] = 0xff, [11] = 0xff };
	int bits = 128;

	snprintf(text, sizeof(text), "%s", block);
	slash = strchr(text, '/');
	if (slash != NULL)
		*slash = '\0';
	bool is_v4 = inet_pton(AF_INET, text, want + 12) == 1;

	if (!is_v4)
		inet_pton(AF_INET6, text, want);
	if (slash != NULL)
		bits = atoi(slash + 1) + (is_v4 ? 96 : 0);
	for (int i = 0; i < bits; i++)
		if (((want[i / 8] ^ ip->bytes[i / 8]) >> (7 - i % 8) & 1) != 0)
			return false;
	return ip->is_known;
}

/* The parts of spiffe://TD/ns/NS/sa/NAME, empty strings when there are none. */
static void
parts_of(const struct authz_facts *f, char td[64], char ns[64], char sa[64])
{
	char id[256];

	td[0] = ns[0] = sa[0] = '\0';
	snprintf(id, sizeof(id), "%.*s", SLICE_ARG(f->id));
	sscanf(id, "spiffe://%63[^/]/ns/%63[^/]/sa/%63[^/]", td, ns, sa);
	if (f->is_foreign)
		ns[0] = sa[0] = '\0';
}

/* "a][b" is b of a. */
static const struct conf_node *
claim_at(const struct conf_node *n, struct slice name)
{
	char text[64];
	char *next = text, *end;

	snprintf(text, sizeof(text), "%.*s", SLICE_ARG(name));
	do {
		end = strstr(next, "][");
		if (end != NULL)
			*end = '\0';
		n = conf_get(n, next);
		next = end == NULL ? NULL : end + 2;
	} while (next != NULL);
	return n;
}

static bool
claim_is(const struct conf_node *n, const char *value)
{
	if (n != NULL && n->kind == CONF_LIST)
		CONF_FOREACH(e, n)
			if (e->node->kind == CONF_STRING &&
			    glob(value, e->node->text))
				return true;
	return n != NULL && n->kind == CONF_STRING && glob(value, n->text);
}

static bool
value_is(const struct asked *q, enum model_authz_attribute by,
    struct slice name, const char *value)
{
	const struct authz_facts *f = q->f;
	char td[64], ns[64], sa[64], account[140];

	parts_of(f, td, ns, sa);
	switch (by) {
	case MODEL_BY_PRINCIPAL:
		if (strncmp(value, "spiffe://", 9) == 0)
			value += 9;
		return f->id.len > 0 && glob(value, slice_from(f->id, 9));
	case MODEL_BY_NAMESPACE:
		return ns[0] != '\0' && glob(value, slice_str(ns));
	case MODEL_BY_TRUST_DOMAIN:
		return td[0] != '\0' && glob(value, slice_str(td));
	case MODEL_BY_ACCOUNT:
		snprintf(account, sizeof(account), "%s/%s", ns, sa);
		return strchr(value, '/') != NULL ? strcmp(value, account) == 0 :
		    strcmp(ns, q->namespace) == 0 && strcmp(value, sa) == 0;
	case MODEL_BY_IP:
		return in_block(value, &f->source);
	case MODEL_BY_REMOTE_IP:
		return in_block(value, &f->remote);
	case MODEL_BY_DESTINATION_IP:
		return in_block(value, &f->destination);
	case MODEL_BY_PORT:
		return atoi(value) == f->port || atoi(value) == f->app_port;
	case MODEL_BY_SNI:
		return glob(value, f->sni);
	case MODEL_BY_METHOD:
		return glob(value, f->method);
	case MODEL_BY_PATH:
		return path_matches(value, f->path);
	case MODEL_BY_HOST: {
		char low[128];
		size_t n = strlen(value);

		for (size_t i = 0; i <= n; i++)
			low[i] = (char)(value[i] >= 'A' && value[i] <= 'Z' ?
			    value[i] + 32 : value[i]);
		return glob(low, strchr(low, ':') ? f->authority : f->host);
	}
	case MODEL_BY_HEADER: {
		char low[64];

		for (size_t i = 0; i < name.len; i++)
			low[i] = (char)tolower((unsigned char)name.ptr[i]);
		return glob(value, f->header(f->header_arg, slice_of(low,
		    name.len)));
	}
	case MODEL_BY_REQUEST_PRINCIPAL:
		return f->token != NULL && glob(value, f->token->principal);
	case MODEL_BY_CLAIM:
		return f->token != NULL && claim_is(claim_at(f->token->claims,
		    name), value);
	default:
		return false;
	}
}

/* -1: cannot be known. */
static int
values_hold(const struct asked *q, enum model_authz_attribute by,
    struct slice name, const struct model_authz_values *is,
    const struct model_authz_values *not)
{
	bool is_http = by == MODEL_BY_HOST || by == MODEL_BY_METHOD ||
	    by == MODEL_BY_PATH || by == MODEL_BY_HEADER ||
	    by == MODEL_BY_CLAIM || by == MODEL_BY_REQUEST_PRINCIPAL;
	bool hit = is->v_len == 0;

	if (is->v_len + not->v_len == 0)
		return 1;
	if (is_http && !q->f->is_http)
		return -1;
	for (size_t i = 0; i < is->v_len; i++)
		hit |= value_is(q, by, name, is->v[i]);
	for (size_t i = 0; i < not->v_len; i++)
		if (value_is(q, by, name, not->v[i]))
			return 0;
	return hit;
}

static bool
sides_hold(const struct asked *q, const struct model_authz_side *v, size_t n,
    bool is_allow)
{
	for (size_t i = 0; i < n; i++) {
		bool all = true;

		for (int by = 0; by < MODEL_OF_REQUEST; by++) {
			int h = values_hold(q, (enum model_authz_attribute)by,
			    SLICE(""), &v[i].terms.is[by], &v[i].terms.not[by]);

			all &= h < 0 ? !is_allow : h > 0;
		}
		if (all)
			return true;
	}
	return n == 0;
}

static bool
rule_matches(const struct asked *q, const struct model_authz_rule *r,
    bool is_allow)
{
	if (!sides_hold(q, r->from, r->from_len, is_allow) ||
	    !sides_hold(q, r->to, r->to_len, is_allow))
		return false;
	for (size_t i = 0; i < r->when_len; i++) {
		enum model_authz_attribute by;
		struct slice name;

		assert_true(model_authz_key(r->when[i].key, &by, &name));
		int h = values_hold(q, by, name, &r->when[i].is,
		    &r->when[i].not);

		if (h < 0 ? is_allow : h == 0)
			return false;
	}
	return true;
}

/* The rule of that action that matches first; *any: some policy has it. */
static bool
find(struct model_object *const *policies, size_t n, int action, bool with_dry,
    bool dry_alone, const struct authz_facts *f, bool *any,
    struct authz_answer *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct model_authorization_policy_spec *s =
		    &model_authorization_policy(policies[i])->spec;
		struct asked q = { f, policies[i]->head->meta.namespace };
		bool is_dry = model_authz_is_dry_run(policies[i]);

		if (s->action != action || (is_dry && !with_dry) ||
		    (!is_dry && dry_alone))
			continue;
		*any = true;
		for (size_t k = 0; k < s->rules_len; k++)
			if (rule_matches(&q, &s->rules[k],
			    action == MODEL_AUTHZ_ALLOW)) {
				out->policy = model_object_name(policies[i]);
				out->rule = (int)k;
				return true;
			}
	}
	return false;
}

/* Those in force are named before those that are not. */
static bool
find_both(struct model_object *const *policies, size_t n, int action,
    bool with_dry, const struct authz_facts *f, bool *any,
    struct authz_answer *out)
{
	bool found = find(policies, n, action, false, false, f, any, out);

	return found || (with_dry && find(policies, n, action, true, true, f,
	    any, out));
}

static struct authz_answer
judge(struct model_object *const *policies, size_t n, enum authz_default d,
    bool with_dry, const struct authz_facts *f)
{
	struct authz_answer a = { .is_denied = true };
	bool any = false, ignored = false;

	if (find_both(policies, n, MODEL_AUTHZ_DENY, with_dry, f, &ignored, &a))
		return a;
	if (find_both(policies, n, MODEL_AUTHZ_ALLOW, with_dry, f, &any, &a))
		a.is_denied = false;
	else if (!any)
		a.is_denied = d == AUTHZ_DENY_ALL ||
		    (d == AUTHZ_ALLOW_IDENTITIES && f->id.len == 0) ||
		    (d == AUTHZ_ALLOW_OWN && (f->id.len == 0 || f->is_foreign));
	return a;
}

/* Each provider that a rule in force asks, by the first that does. */
static void
find_asks(struct model_object *const *policies, size_t n,
    const struct authz_facts *f, struct authz_verdict *out)
{
	bool has_refused = false;

	for (size_t i = 0; i < n; i++) {
		const struct model_authorization_policy_spec *s =
		    &model_authorization_policy(policies[i])->spec;
		struct authz_answer by = { .is_denied = true };
		bool ignored, is_new = true, is_full;

		if (!find(&policies[i], 1, MODEL_AUTHZ_CUSTOM, false, false, f,
		    &ignored, &by))
			continue;
		for (size_t k = 0; k < out->asks_len; k++)
			is_new = is_new && strcmp(out->asks[k].provider,
			    s->provider->name) != 0;
		is_full = out->asks_len == AUTHZ_ASKS_MAX;
		if (is_new && !is_full)
			out->asks[out->asks_len++] = (struct authz_ask){
				s->provider->name, by.policy, by.rule };
		if (is_new && is_full && !has_refused) {
			has_refused = true;
			out->answer = out->dry = by;
		}
	}
}

void
oracle_decide(struct model_object *const *policies, size_t n,
    enum authz_default d, const struct authz_facts *f,
    struct authz_verdict *out)
{
	*out = (struct authz_verdict){
		.answer = judge(policies, n, d, false, f),
		.dry = judge(policies, n, d, true, f),
	};
	find_asks(policies, n, f, out);
	for (size_t i = 0; i < n; i++)
		out->is_dry |= model_authz_is_dry_run(policies[i]);
}
