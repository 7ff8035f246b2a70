#include <string.h>

#include "model/authorization_policy.h"
#include "modes/control/rights.h"

#define NOBODY		{ RIGHTS_NOBODY, MODEL_NO_ROLE }
#define ANYBODY		{ RIGHTS_ANYBODY, MODEL_NO_ROLE }
#define HERE(role)	{ RIGHTS_HERE, MODEL_##role }
#define SOMEWHERE(role)	{ RIGHTS_SOMEWHERE, MODEL_##role }
#define EVERYWHERE(role) { RIGHTS_EVERYWHERE, MODEL_##role }

const struct rights_row rights_table[] = {
	/* How traffic goes: those who run services. */
	{ "services", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "endpointslices", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "workloads", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "gateways", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "listenersets", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "httproutes", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "grpcroutes", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "tlsroutes", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "tcproutes", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "udproutes", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "backendtlspolicies", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "xbackendtrafficpolicies", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "xbackends", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "configmaps", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "backendpolicies", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "destinationrules", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "ratelimits", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "faultinjections", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "compressions", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "caches", { HERE(VIEWER), HERE(OPERATOR) } },
	{ "rollouts", { HERE(VIEWER), HERE(OPERATOR) } },

	/* Who may do what with a namespace: those who answer for it. */
	{ "referencegrants", { HERE(VIEWER), HERE(ADMIN) } },
	{ "secrets", { HERE(VIEWER), HERE(ADMIN) } },	/* never a value */
	{ "authorizationpolicies", { HERE(VIEWER), HERE(ADMIN) } },
	{ "requestauthentications", { HERE(VIEWER), HERE(ADMIN) } },
	{ "oidclogins", { HERE(VIEWER), HERE(ADMIN) } },
	{ "peerauthentications", { HERE(VIEWER), HERE(ADMIN) } },
	{ "hostattestors", { HERE(VIEWER), HERE(ADMIN) } },
	{ "rolebindings", { HERE(VIEWER), HERE(ADMIN) } },

	/* The mesh itself. */
	{ "namespaces", { HERE(VIEWER), EVERYWHERE(ADMIN) } },
	{ "meshconfigs", { SOMEWHERE(VIEWER), EVERYWHERE(ADMIN) } },
	{ "gatewayclasses", { SOMEWHERE(VIEWER), EVERYWHERE(ADMIN) } },
	{ "clusterfederatedtrustdomains", { SOMEWHERE(VIEWER), EVERYWHERE(ADMIN) } },
	{ "federatedbundles", { SOMEWHERE(VIEWER), NOBODY } },
	{ "clusterrolebindings", { EVERYWHERE(VIEWER), EVERYWHERE(ADMIN) } },

	/* Calls.  Documents are held against the rows of their kinds. */
	{ "documents", { SOMEWHERE(VIEWER), SOMEWHERE(VIEWER) } },
	{ "apply", { NOBODY, SOMEWHERE(VIEWER) } },
	{ "watch", { SOMEWHERE(VIEWER), NOBODY } },
	{ "kinds", { ANYBODY, NOBODY } },
	{ "rights", { ANYBODY, ANYBODY } },
	{ "proxies", { HERE(VIEWER), NOBODY } },
	{ "stat", { SOMEWHERE(VIEWER), NOBODY } },
	{ "ca", { SOMEWHERE(VIEWER), EVERYWHERE(ADMIN) } },
	{ "tokens", { EVERYWHERE(VIEWER), EVERYWHERE(ADMIN) } },
	{ "operators", { EVERYWHERE(VIEWER), EVERYWHERE(ADMIN) } },
	{ "users", { EVERYWHERE(VIEWER), EVERYWHERE(ADMIN) } },
	{ "logins", { EVERYWHERE(VIEWER), EVERYWHERE(ADMIN) } },
	{ "revocations", { EVERYWHERE(VIEWER), EVERYWHERE(ADMIN) } },
	{ "secret-keys", { EVERYWHERE(VIEWER), EVERYWHERE(ADMIN) } },
	{ "audit", { EVERYWHERE(VIEWER), NOBODY } },
	{ "backup", { NOBODY, EVERYWHERE(ADMIN) } },
	{ NULL, { NOBODY, NOBODY } },
};

static bool
is_root_namespace(struct slice ns)
{
	char name[64];

	if (ns.ptr == NULL || ns.len >= sizeof(name))
		return false;
	memcpy(name, ns.ptr, ns.len);
	name[ns.len] = '\0';
	return model_is_root_namespace(name);
}

struct rights_need
rights_need(struct slice resource, enum rights_verb verb, struct slice ns)
{
	const struct rights_row *r = rights_table;
	struct rights_need need;

	while (r->resource != NULL && !slice_is(resource, r->resource))
		r++;
	need = r->need[verb];
	if (need.reach == RIGHTS_HERE && verb == RIGHTS_WRITE &&
	    is_root_namespace(ns))
		need.reach = RIGHTS_EVERYWHERE;
	return need;
}

enum model_role
rights_in(const struct rights *r, struct slice ns)
{
	enum model_role role = r->everywhere;

	for (size_t i = 0; i < r->in_len; i++)
		if (slice_eq(r->in[i].ns, ns) && r->in[i].role > role)
			role = r->in[i].role;
	return role;
}

enum model_role
rights_somewhere(const struct rights *r)
{
	enum model_role role = r->everywhere;

	for (size_t i = 0; i < r->in_len; i++)
		if (r->in[i].role > role)
			role = r->in[i].role;
	return role;
}

bool
rights_meet(const struct rights *r, struct rights_need need, struct slice ns)
{
	switch (need.reach) {
	case RIGHTS_NOBODY:
		return false;
	case RIGHTS_ANYBODY:
		return true;
	case RIGHTS_HERE:
		return (ns.ptr == NULL ? rights_somewhere(r) :
		    rights_in(r, ns)) >= need.role;
	case RIGHTS_SOMEWHERE:
		return rights_somewhere(r) >= need.role;
	case RIGHTS_EVERYWHERE:
		return r->everywhere >= need.role;
	}
	return false;
}

/* Whether b has in each namespace what a has there. */
static bool
covers(const struct rights *a, const struct rights *b)
{
	for (size_t i = 0; i < a->in_len; i++)
		if (rights_in(b, a->in[i].ns) != rights_in(a, a->in[i].ns))
			return false;
	return true;
}

bool
rights_same(const struct rights *a, const struct rights *b)
{
	return a->everywhere == b->everywhere && covers(a, b) && covers(b, a);
}

void
rights_say(struct str *out, struct rights_need need, struct slice ns)
{
	if (need.reach == RIGHTS_NOBODY) {
		str_add(out, "control alone does that");
		return;
	}
	str_addf(out, "needs role %s", model_role_name(need.role));
	if (need.reach == RIGHTS_EVERYWHERE)
		str_add(out, " everywhere (ClusterRoleBinding)");
	else if (need.reach == RIGHTS_HERE && ns.ptr != NULL)
		str_addf(out, " (ClusterRoleBinding or RoleBinding in %.*s)",
		    SLICE_ARG(ns));
	else
		str_add(out, " (ClusterRoleBinding or RoleBinding)");
}
