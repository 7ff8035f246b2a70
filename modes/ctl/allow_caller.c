#include <string.h>

#include "conf/nearest.h"
#include "model/closure.h"
#include "model/federated_trust_domain.h"
#include "model/gateway.h"
#include "model/service.h"
#include "model/workload.h"
#include "modes/ctl/allow_caller.h"
#include "modes/ctl/traffic.h"

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

bool
allow_is_known(const struct model_set *set, const char *namespace,
    const char *caller)
{
	struct arena a = { 0 };
	bool is_known = false;

	for (size_t i = 0; i < set->len && !is_known; i++) {
		const struct model_object *o = set->objects[i];
		const char *account = account_of(&a, o);

		is_known = account != NULL &&
		    strcmp(o->head->meta.namespace, namespace) == 0 &&
		    (strcmp(caller, "*") == 0 || strcmp(caller, account) == 0);
	}
	arena_fini(&a);
	return is_known;
}

/* The same name elsewhere is nearer than another name here. */
const char *
allow_near(struct arena *a, const struct model_set *set, const char *namespace,
    const char *caller)
{
	const char **here = arena_alloc(a, (set->len + 1) * sizeof(*here));
	const char *elsewhere = NULL, *near;
	size_t n = 0;

	for (size_t i = 0; i < set->len; i++) {
		const struct model_object *o = set->objects[i];
		const char *account = account_of(a, o);

		if (account == NULL)
			continue;
		if (strcmp(o->head->meta.namespace, namespace) == 0)
			here[n++] = account;
		else if (strcmp(account, caller) == 0)
			elsewhere = arena_printf(a, "%s/%s",
			    o->head->meta.namespace, account);
	}
	if (elsewhere != NULL)
		return elsewhere;
	near = conf_nearest(slice_str(caller), here, n);
	return near == NULL ? NULL : arena_printf(a, "%s/%s", namespace, near);
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
warn(struct ctl *c, const struct traffic *all, const char *namespace,
    const char *caller)
{
	const char *near = allow_near(&c->arena, &all->set, namespace, caller);
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

/* Who may not read them all is told nothing. */
void
allow_warn_account(struct ctl *c, const char *namespace, const char *caller)
{
	struct traffic here = { 0 }, all = { 0 };

	traffic_open_control(&here, c);
	if (load(&here, namespace) == 0 && !allow_is_known(&here.set, namespace,
	    caller)) {
		traffic_open_control(&all, c);
		load(&all, NULL);
		warn(c, &all, namespace, caller);
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
