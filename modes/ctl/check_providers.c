#include <string.h>

#include "filter/ext_authz.h"
#include "model/authorization_policy.h"
#include "model/closure.h"
#include "model/endpoint_slice.h"
#include "model/endpoints.h"
#include "model/extension_provider.h"
#include "model/federation.h"
#include "model/mesh_config.h"
#include "model/service.h"
#include "model/workload.h"
#include "modes/ctl/checks_impl.h"
#include "modes/ctl/traffic.h"
#include "modes/ctl/trust_domain.h"
#include "policy/authz.h"

/*
 * check_providers: whether those whom CUSTOM policies ask can be asked: they are
 * there, and let in the proxies that ask.
 */
struct tally {
	struct ctl                *c;
	struct checks             *checks;
	struct traffic             t;
	const char                *trust_domain;
	const struct model_object *config;	/* MeshConfig, or NULL */
	const struct model_object **workloads;
	size_t                     workloads_len;
};

/* One provider, and what was found of it. */
struct provider {
	const struct model_extension_provider *doc;
	const struct model_auth_provider      *at;
	const struct model_object             *service;
	const struct model_service_port       *port;
	size_t                                 asking, barred;
	const char                            *who, *why;	/* the first */
	bool                                   is_denied;	/* by a rule */
};

/* --- who asks --------------------------------------------------------------------- */

static bool
is_for(const struct model_object *policy, const struct model_object *workload,
    const char *service, const char *gateway)
{
	const struct model_metadata *m = &workload->head->meta;
	const struct model_authz_place place = { .namespace = m->namespace,
		.labels = &m->labels, .service = service, .gateway = gateway };

	return model_authz_is_for(policy, &place);
}

static bool
is_target(struct tally *y, const struct model_object *policy,
    const struct model_object *workload, const struct model_target_ref *ref)
{
	const char *account = model_workload(workload)->spec.service_account;
	const struct model_object *service;
	struct err err = ERR_INIT;

	if (strcmp(ref->kind, "Gateway") == 0)
		return account != NULL && strncmp(account,
		    MODEL_GATEWAY_ACCOUNT, strlen(MODEL_GATEWAY_ACCOUNT)) == 0 &&
		    strcmp(account + strlen(MODEL_GATEWAY_ACCOUNT),
		    ref->name) == 0 && is_for(policy, workload, NULL,
		    ref->name);
	service = traffic_find(&y->t, &model_service_kind,
	    policy->head->meta.namespace, ref->name, &err);
	return service != NULL && model_workload_backs(workload, service) &&
	    is_for(policy, workload, ref->name, NULL);
}

static bool
is_about(struct tally *y, const struct model_object *policy,
    const struct model_object *workload)
{
	const struct model_authorization_policy_spec *s =
	    &model_authorization_policy(policy)->spec;

	if (!model_workload(workload)->spec.sidecar)
		return false;
	for (size_t i = 0; i < s->targets_len; i++)
		if (is_target(y, policy, workload, &s->targets[i]))
			return true;
	return s->targets_len == 0 && is_for(policy, workload, NULL, NULL);
}

/* --- whether it may --------------------------------------------------------------- */

static struct authz *
table_of(struct tally *y, const struct provider *p,
    const struct model_object *workload)
{
	const struct model_set *set = &y->t.set;
	struct model_object **v = arena_alloc(&y->c->arena,
	    (set->len + 1) * sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < set->len; i++)
		if (set->objects[i]->kind == &model_authorization_policy_kind &&
		    is_for(set->objects[i], workload, p->at->service, NULL))
			v[n++] = set->objects[i];
	return authz_new(v, n, authz_default_of(y->config == NULL ?
	    MODEL_ALL_AUTHENTICATED : (enum model_inbound_policy)
	    model_mesh_config(y->config)->spec.inbound_policy), model_cluster_local(
	    set->objects, set->len, y->trust_domain));
}

/* As an HTTP provider is asked about "/". */
static struct slice
path_of(const struct provider *p)
{
	return p->doc->grpc != NULL ? SLICE(EXT_AUTHZ_GRPC_PATH) :
	    p->at->path != NULL ? slice_str(p->at->path) : SLICE("/");
}

static void
ask(struct tally *y, struct provider *p, const struct authz *z,
    const struct model_object *from, uint16_t app_port)
{
	const char *account = model_workload(from)->spec.service_account;
	const struct authz_facts f = {
		.id = slice_str(arena_printf(&y->c->arena, "spiffe://%s/ns/%s/"
		    "sa/%s", y->trust_domain, from->head->meta.namespace,
		    account)),
		.port = p->at->port, .app_port = app_port, .is_http = true,
		.method = p->doc->grpc != NULL ? SLICE("POST") : SLICE("GET"),
		.path = path_of(p), .sni = SLICE(""), .host = SLICE(""),
		.authority = SLICE(""),
	};
	struct authz_verdict v;

	authz_decide(z, &f, &v);
	if (!v.answer.is_denied)
		return;
	p->barred++;
	if (p->who != NULL)
		return;
	p->who = arena_printf(&y->c->arena, "%s/%s",
	    from->head->meta.namespace, account);
	p->is_denied = v.answer.policy != NULL;
	p->why = !p->is_denied ? "no AuthorizationPolicy allows it" :
	    arena_printf(&y->c->arena, "rule %d of AuthorizationPolicy %s "
	    "refuses it", v.answer.rule, v.answer.policy);
}

/* Whether a policy in force has it asked, at that workload (NULL: at any). */
static bool
asks(struct tally *y, const char *provider, const struct model_object *w)
{
	const struct model_object **all;
	size_t n = traffic_of_kind(&y->t, &model_authorization_policy_kind,
	    &all);

	for (size_t i = 0; i < n; i++) {
		const struct model_authorization_policy_spec *s =
		    &model_authorization_policy(all[i])->spec;

		if (s->provider != NULL && strcmp(s->provider->name,
		    provider) == 0 && !model_authz_is_dry_run(all[i]) &&
		    (w == NULL || is_about(y, all[i], w)))
			return true;
	}
	return false;
}

/* By each workload behind it, until one lets somebody not in. */
static void
find_barred(struct tally *y, struct provider *p)
{
	for (size_t i = 0; i < y->workloads_len && p->barred == 0; i++) {
		const struct model_object *w = y->workloads[i];
		struct authz *z;

		if (!model_workload(w)->spec.sidecar ||
		    !model_workload_backs(w, p->service))
			continue;
		z = table_of(y, p, w);
		p->asking = 0;
		for (size_t k = 0; k < y->workloads_len; k++)
			if (asks(y, p->doc->name, y->workloads[k])) {
				p->asking++;
				ask(y, p, z, y->workloads[k],
				    model_target_port(w, p->port));
			}
		authz_unref(z);
	}
}

/* --- one provider ------------------------------------------------------------------ */

/* NULL: somebody is there. */
static const char *
missing(struct tally *y, struct provider *p)
{
	struct model_endpoints found;
	struct err err = ERR_INIT;

	p->service = traffic_find(&y->t, &model_service_kind, p->at->namespace,
	    p->at->service, &err);
	if (p->service == NULL)
		return "there is no such Service";
	p->port = model_service_port(model_service(p->service), p->at->port);
	if (p->port == NULL)
		return arena_printf(&y->c->arena, "Service %s has no port %u",
		    model_object_name(p->service), p->at->port);
	const struct model_endpoints_query q = { .service = p->service,
		.port = p->at->port, .transport = MODEL_TCP,
		.backends = y->t.set.objects, .backends_len = y->t.set.len,
		.trust_domain = y->trust_domain };

	model_endpoints(&y->c->arena, &q, &found);
	for (size_t i = 0; i < found.len; i++)
		if (found.items[i].ready)
			return NULL;
	return arena_printf(&y->c->arena, "nobody serves port %u of "
	    "Service %s now", p->at->port, model_object_name(p->service));
}

static void
check_one(struct tally *y, struct provider *p)
{
	struct arena *a = &y->c->arena;
	const char *why = missing(y, p);
	struct check_line *l;

	if (why == NULL)
		find_barred(y, p);
	l = checks_add(y->checks, "providers", why != NULL || p->barred > 0 ?
	    CHECK_WARNING : CHECK_SUCCESS, arena_printf(a,
	    "asking provider %s", p->doc->name));
	if (why != NULL) {
		l->why = arena_printf(a, "%s, so %s", why, p->at->fails_open ?
		    "all pass, as failOpen says" :
		    "what its policies are about is refused");
		l->hint = arena_printf(a, "mesh ctl endpoints %s/%s",
		    p->at->namespace, p->at->service);
	} else if (p->barred > 0) {
		l->why = arena_printf(a, "%zu of %zu proxies that ask it may "
		    "not, such as that of %s: %s", p->barred, p->asking,
		    p->who, p->why);
		l->hint = arena_printf(a, "mesh ctl %s %s%s%s/%s", p->is_denied ?
		    "authz check --from" : "allow", p->who, p->is_denied ?
		    " --to " : " ", p->at->namespace, p->at->service);
	}
}

static void
check_all(struct tally *y)
{
	const struct model_mesh_config_spec *m =
	    &model_mesh_config(y->config)->spec;

	for (size_t i = 0; i < m->providers_len; i++) {
		struct provider p = { .doc = &m->providers[i],
			.at = model_auth_provider(&m->providers[i]) };

		if (asks(y, p.doc->name, NULL))
			check_one(y, &p);
	}
}

static int
load(struct tally *y, struct err *err)
{
	static const struct model_kind *const kinds[] = {
		&model_mesh_config_kind, &model_authorization_policy_kind,
		&model_service_kind, &model_workload_kind,
		&model_endpoint_slice_kind, &model_federated_trust_domain_kind };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (traffic_load(&y->t, kinds[i], NULL, err) < 0)
			return -1;
	y->trust_domain = trust_domain_of_control(y->c, err);
	return y->trust_domain == NULL ? -1 : 0;
}

void
check_providers(struct ctl *c, struct checks *k)
{
	struct tally y = { .c = c, .checks = k };
	const struct model_object **configs;
	struct err err = ERR_INIT;

	traffic_open_control(&y.t, c);
	if (load(&y, &err) < 0) {
		/* A control of before there were policies has none. */
		if (err.kind != ERR_NOT_FOUND)
			checks_add(k, "providers", CHECK_ERROR,
			    "who is asked by policies")->why =
			    arena_strdup(&c->arena, err.text);
	} else if (traffic_of_kind(&y.t, &model_mesh_config_kind,
	    &configs) > 0) {
		y.config = configs[0];
		y.workloads_len = traffic_of_kind(&y.t, &model_workload_kind,
		    &y.workloads);
		check_all(&y);
	}
	traffic_close(&y.t);
}
