#include <stdio.h>
#include <string.h>

#include "model/authorization_rules.h"
#include "model/service.h"
#include "model/warn_impl.h"

/* warn_loose: rules of AuthorizationPolicies that let in more than they seem to. */

/* --- ALLOW of whoever is not somebody ---------------------------------------------- */

/* Who has nothing of it, and so no value that a "not" could take away. */
static const char *const without[MODEL_AUTHZ_ATTRIBUTES] = {
	[MODEL_BY_PRINCIPAL] = "callers in plain text",
	[MODEL_BY_TRUST_DOMAIN] = "callers in plain text",
	[MODEL_BY_NAMESPACE] = "callers in plain text or of other trust domains",
	[MODEL_BY_ACCOUNT] = "callers in plain text or of other trust domains",
	[MODEL_BY_REQUEST_PRINCIPAL] = "requests without a token",
	[MODEL_BY_CLAIM] = "requests without that claim",
};

static bool
names_somebody(const struct model_authz_terms *t)
{
	for (int a = 0; a < MODEL_OF_SOURCE; a++)
		if (t->is[a].v_len > 0)
			return true;
	return false;
}

static bool
demands_something(const struct model_authz_rule *r)
{
	enum model_authz_attribute by;
	struct slice name;

	for (size_t i = 0; i < r->when_len; i++)
		if (r->when[i].is.v_len > 0 &&
		    model_authz_key(r->when[i].key, &by, &name) &&
		    (without[by] != NULL || by < MODEL_OF_SOURCE))
			return true;
	return false;
}

static void
look_at_source(struct warner *w, const struct model_authz_terms *t,
    const char *path)
{
	for (int i = 0; i < MODEL_OF_SOURCE && !names_somebody(t); i++) {
		enum model_authz_attribute a = (enum model_authz_attribute)i;

		if (t->not[a].v_len > 0 && without[a] != NULL)
			warn_at(w, "%s.%s: lets in %s, too, as they have none that "
			    "it could be; say beside it who may", path,
			    model_authz_word(a, true), without[a]);
	}
}

static void
look_at_allow(struct warner *w, const struct model_authz_rule *r, size_t rule)
{
	bool is_anybody = true;
	enum model_authz_attribute by;
	struct slice name;
	char path[64];

	if (demands_something(r))
		return;
	for (size_t i = 0; i < r->from_len; i++) {
		snprintf(path, sizeof(path), "rules[%zu].from[%zu].source", rule, i);
		look_at_source(w, &r->from[i].terms, path);
		is_anybody = is_anybody && !names_somebody(&r->from[i].terms);
	}
	for (size_t i = 0; is_anybody && i < r->when_len; i++)
		if (model_authz_key(r->when[i].key, &by, &name) &&
		    without[by] != NULL)
			warn_at(w, "rules[%zu].when[%zu].notValues: lets in %s, "
			    "too, as they have none that it could be; say beside "
			    "it who may", rule, i, without[by]);
}

/* --- DENY by a name that the caller chooses ------------------------------------------ */

/* Whether a host is one of the names that members have for a Service. */
static bool
is_own_name(const struct model_authorization_policy_spec *s, const char *host,
    const char *namespace)
{
	static const char *const ends[] = { ".mesh", ".svc", ".svc.cluster.local" };
	struct slice h = slice_str(host), rest, first;

	h.len = slice_find(h, ':') >= 0 ? (size_t)slice_find(h, ':') : h.len;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (slice_has_suffix(h, slice_str(ends[i])))
			return true;
	rest = h;
	slice_cut(&rest, '.', &first);
	for (size_t i = 0; i < s->targets_len; i++)
		if (model_ref_is(s->targets[i].group, s->targets[i].kind, "",
		    "Service") && slice_is(first, s->targets[i].name) &&
		    (rest.ptr == NULL || slice_is(rest, namespace)))
			return true;
	return false;
}

static void
look_at_deny(struct warner *w, const struct model_authz_terms *t,
    const char *path)
{
	const struct model_authorization_policy_spec *s =
	    &model_authorization_policy(w->object)->spec;
	const struct model_authz_values *hosts = &t->is[MODEL_BY_HOST];

	for (int a = MODEL_OF_SOURCE; a < MODEL_OF_REQUEST; a++)
		if (a != MODEL_BY_HOST && t->is[a].v_len > 0)
			return;
	for (size_t i = 0; i < hosts->v_len; i++)
		if (is_own_name(s, hosts->v[i],
		    w->object->head->meta.namespace)) {
			warn_at(w, "%s.hosts[%zu]: is what the caller wrote, and "
			    "whoever writes another of the service's names is not "
			    "denied; leave hosts out", path, i);
			return;
		}
}

void
warn_loose(struct warner *w)
{
	const struct model_authorization_policy_spec *s =
	    &model_authorization_policy(w->object)->spec;
	char path[64];

	for (size_t i = 0; i < s->rules_len; i++) {
		const struct model_authz_rule *r = &s->rules[i];

		if (s->action == MODEL_AUTHZ_ALLOW)
			look_at_allow(w, r, i);
		for (size_t j = 0; s->action == MODEL_AUTHZ_DENY &&
		    j < r->to_len; j++) {
			snprintf(path, sizeof(path), "rules[%zu].to[%zu].operation",
			    i, j);
			look_at_deny(w, &r->to[j].terms, path);
		}
	}
}
