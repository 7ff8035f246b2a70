#include <string.h>

#include "conf/nearest.h"
#include "model/closure.h"
#include "model/federated_trust_domain.h"
#include "model/gateway.h"
#include "model/service.h"
#include "model/workload.h"
#include "modes/ctl/allow_caller.h"
#include "modes/ctl/call.h"
#include "modes/ctl/traffic.h"
#include "pki/spiffe.h"

/* The account that goes with it, or NULL; in the arena. */
static const char *
account_of(struct arena *a, const struct model_object *o)
{
	if (o->kind == &model_workload_kind)
		return model_workload(o)->spec.service_account;
	if (o->kind == &model_service_kind)
		return o->head->meta.name;
	return o->kind != &model_gateway_kind ? NULL : arena_printf(a,
	    MODEL_GATEWAY_ACCOUNT "%s", o->head->meta.name);
}

/* "shop/web" of an identity; NULL: it is none of a workload. */
static const char *
account_of_id(struct arena *a, const char *text)
{
	struct spiffe id;

	return text == NULL || !spiffe_parse(&id, slice_str(text)) ||
	    id.kind != SPIFFE_WORKLOAD ? NULL : arena_printf(a, "%.*s/%.*s",
	    SLICE_ARG(id.ns), SLICE_ARG(id.name));
}

struct allow_accounts
allow_accounts(struct arena *a, const struct model_set *set,
    const struct conf_node *proxies)
{
	struct allow_accounts all = { .names = arena_alloc(a, (set->len +
	    conf_len(proxies) + 1) * sizeof(*all.names)) };
	const char *name;

	for (size_t i = 0; i < set->len; i++)
		if ((name = account_of(a, set->objects[i])) != NULL)
			all.names[all.len++] = arena_printf(a, "%s/%s",
			    set->objects[i]->head->meta.namespace, name);
	CONF_FOREACH(e, proxies)
		if ((name = account_of_id(a, conf_get_string(e->node,
		    "identity"))) != NULL)
			all.names[all.len++] = name;
	return all;
}

/* The account's name, if it is one of the namespace; else NULL. */
static const char *
name_in(const char *account, const char *namespace)
{
	size_t len = strlen(namespace);

	return strncmp(account, namespace, len) == 0 && account[len] == '/' ?
	    account + len + 1 : NULL;
}

bool
allow_is_known(const struct allow_accounts *all, const char *namespace,
    const char *caller)
{
	for (size_t i = 0; i < all->len; i++) {
		const char *name = name_in(all->names[i], namespace);

		if (name != NULL && (strcmp(caller, "*") == 0 ||
		    strcmp(caller, name) == 0))
			return true;
	}
	return false;
}

/* The same name elsewhere is nearer than another name here. */
const char *
allow_near(struct arena *a, const struct allow_accounts *all,
    const char *namespace, const char *caller)
{
	const char **here = arena_alloc(a, (all->len + 1) * sizeof(*here));
	const char *elsewhere = NULL, *name;
	size_t n = 0;

	for (size_t i = 0; i < all->len; i++)
		if ((name = name_in(all->names[i], namespace)) != NULL)
			here[n++] = name;
		else if (strcmp(strchr(all->names[i], '/') + 1, caller) == 0)
			elsewhere = all->names[i];
	if (elsewhere != NULL)
		return elsewhere;
	name = conf_nearest(slice_str(caller), here, n);
	return name == NULL ? NULL : arena_printf(a, "%s/%s", namespace, name);
}

static int
load(struct traffic *t, const char *namespace)
{
	static const struct model_kind *const kinds[] = {
		&model_service_kind, &model_workload_kind, &model_gateway_kind,
	};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (traffic_load(t, kinds[i], namespace, &err) < 0)
			return -1;
	return 0;
}

static void
warn(struct ctl *c, const struct allow_accounts *all, const char *namespace,
    const char *caller)
{
	const char *near = allow_near(&c->arena, all, namespace, caller);
	bool is_nobody = strcmp(caller, "nobody") == 0;

	if (strcmp(caller, "*") == 0)
		ctl_warn(c, "namespace %s has no workload and no service yet",
		    namespace);
	else
		ctl_warn(c, "no workload and no service has the account %s/%s "
		    "yet%s%s%s%s", namespace, caller, near == NULL ? "" :
		    "; did you mean ", near == NULL ? "" : near,
		    near == NULL ? "" : "?", !is_nobody ? "" : "; who proves no "
		    "identity is known by address alone: --from-ip CIDR");
}

/* Who may not read them all is told nothing.  Who only calls has no document. */
void
allow_warn_account(struct ctl *c, const char *namespace, const char *caller)
{
	struct traffic here = { 0 }, all = { 0 };
	struct err err = ERR_INIT;
	struct allow_accounts known;
	const struct conf_node *proxies;

	traffic_open_control(&here, c);
	if (load(&here, namespace) == 0 &&
	    (proxies = call_list(c, "/v1/proxies", "items", &err)) != NULL) {
		known = allow_accounts(&c->arena, &here.set, proxies);
		if (!allow_is_known(&known, namespace, caller)) {
			traffic_open_control(&all, c);
			load(&all, NULL);
			known = allow_accounts(&c->arena, &all.set, proxies);
			warn(c, &known, namespace, caller);
		}
	}
	traffic_close(&here);
	traffic_close(&all);
}

/* Whoever is of a domain that is not federated does not get to any policy. */
void
allow_warn_domain(struct ctl *c, struct slice domain)
{
	const struct model_object **all;
	struct traffic t = { 0 };
	struct err err = ERR_INIT;
	bool is_known;

	traffic_open_control(&t, c);
	is_known = traffic_load(&t, &model_federated_trust_domain_kind, NULL,
	    &err) < 0;
	for (size_t i = 0, n = traffic_of_kind(&t,
	    &model_federated_trust_domain_kind, &all); i < n; i++)
		is_known |= slice_is(domain, model_federated_trust_domain(
		    all[i])->spec.trust_domain);
	traffic_close(&t);
	if (!is_known)
		ctl_warn(c, "no ClusterFederatedTrustDomain is about %.*s, so "
		    "nobody of it gets this far", SLICE_ARG(domain));
}
