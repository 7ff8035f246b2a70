#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "model/authorities.h"
#include "model/backend_tls_policy.h"
#include "model/federated_trust_domain.h"
#include "model/gateway_tls.h"
#include "model/secret.h"
#include "model/service.h"
#include "model/xbackend.h"
#include "modes/proxy/gateway_make.h"
#include "model/service_index.h"
#include "modes/proxy/outside.h"
#include "tls/outside.h"
#include "tls/system_roots.h"
#include "tls/tls.h"

/* --- which policy -------------------------------------------------------- */

static bool
is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* 0: not at all; 1: all ports; 2: this one. */
static int
aims(const struct model_object *policy, const struct model_object *service,
    const char *port_name)
{
	const struct model_backend_tls_policy_spec *s =
	    &model_backend_tls_policy(policy)->spec;
	const struct model_metadata *m = &service->head->meta;
	int best = 0;

	if (!is_same(policy->head->meta.namespace, m->namespace))
		return 0;
	for (size_t i = 0; i < s->targets_len; i++) {
		const struct model_target_ref *t = &s->targets[i];

		if (!model_ref_is(t->group, t->kind, "", "Service") ||
		    !is_same(t->name, m->name))
			continue;
		if (t->section == NULL && best < 1)
			best = 1;
		else if (is_same(t->section, port_name))
			best = 2;
	}
	return best;
}

const struct model_object *
outside_policy(const struct service_index_found *about,
    const struct model_object *service, const char *port_name)
{
	const struct model_object *best = NULL;
	int best_aim = 0;

	for (size_t i = 0; i < about->len; i++) {
		const struct model_object *o = about->v[i];
		int aim = o->kind == &model_backend_tls_policy_kind ?
		    aims(o, service, port_name) : 0;

		if (aim > best_aim || (aim > 0 && aim == best_aim &&
		    model_object_by_age(o, best) < 0)) {
			best = o;
			best_aim = aim;
		}
	}
	return best;
}

/* --- whom it trusts ------------------------------------------------------ */

static const struct model_object *
find(void *arg, const struct model_kind *kind, const char *namespace,
    const char *name)
{
	return service_index_authority(arg, kind, namespace, name);
}

/* Gives a reference, or NULL. */
static struct web_roots *
roots_of(const struct compile_input *in, const struct model_object *policy,
    struct err *err)
{
	const struct model_backend_validation *v =
	    &model_backend_tls_policy(policy)->spec.validation;
	struct web_roots *roots;

	if (v->well_known != NULL) {
		roots = in->system == NULL ? NULL :
		    system_roots_get(in->system, err);
		return roots == NULL ? NULL : web_roots_ref(roots);
	}
	roots = web_roots_new();
	model_authorities(policy, find, in->index, roots, err);
	if (web_roots_len(roots) > 0)
		return roots;
	web_roots_unref(roots);
	return NULL;
}

/* By roots, or by the domain. */
static struct tls_outside *
make_outside(const struct model_backend_validation *v, struct web_roots *roots,
    const char *domain, struct tls_edge *shown)
{
	size_t n = v->sans_len > 0 ? v->sans_len : 1;
	struct web_name *names = mem_zalloc_array(n, sizeof(*names));
	const struct tls_outside_options o = {
		.sni = slice_str(v->hostname), .roots = roots, .names = names,
		.names_len = n, .shown = shown, .domain = slice_str(domain),
	};

	names[0].text = slice_str(v->hostname);
	for (size_t i = 0; i < v->sans_len; i++) {
		names[i].is_uri = v->sans[i].type == MODEL_SAN_URI;
		names[i].text = slice_str(names[i].is_uri ? v->sans[i].uri :
		    v->sans[i].hostname);
	}
	struct tls_outside *made = tls_outside_new(&o);

	mem_free(names);
	return made;
}

/* Then it was said already. */
static bool
was_barred(const struct compile_input *in, const struct cluster *c)
{
	const struct service *s = in->before == NULL ? NULL :
	    map_get(&in->before->services, c->service);

	for (size_t i = 0; s != NULL && i < s->len; i++)
		if (slice_eq(s->ports[i].cluster->name, c->name))
			return s->ports[i].cluster->barred != NULL;
	return false;
}

/* --- what is shown ------------------------------------------------------- */

static void
report(const struct compile_input *in, const struct model_object *o,
    const struct err *err)
{
	if (in->fault != NULL)
		in->fault(in->fault_arg, o->key, err);
}

static int
show(const struct compile_input *in, const struct model_object *of,
    const struct model_object_ref *ref, struct tls_edge *e, struct err *err)
{
	const struct model_object *secret;
	struct arena a;
	int result;

	if (gateway_find_pair(in, of, ref, &secret, err) < 0)
		return -1;
	arena_init(&a);
	result = tls_edge_add(e, SLICE(""), model_secret_bytes(secret,
	    "tls.crt", &a), model_secret_bytes(secret, "tls.key", &a), err);
	arena_fini(&a);
	return result == 0 ? 0 : err_wrap(err, "Secret %s",
	    model_object_name(secret));
}

/* Gives a reference, or NULL; where says which field names it. */
static struct tls_edge *
make_shown(const struct compile_input *in, const struct model_object *of,
    const struct model_object_ref *ref, const char *where)
{
	struct tls_edge *e = tls_edge_new();
	struct err err = ERR_INIT;

	if (show(in, of, ref, e, &err) == 0)
		return e;
	tls_edge_unref(e);
	err_wrap(&err, "%s", where);
	report(in, of, &err);
	return NULL;
}

struct tls_edge *
outside_shown(const struct compile_input *in)
{
	for (size_t i = 0; i < in->len; i++) {
		const struct model_object *o = in->objects[i];
		const struct model_object_ref *ref = gateway_is_ours(in, o) ?
		    model_gateway_backend_ref(o) : NULL;

		if (ref != NULL)
			return make_shown(in, o, ref,
			    "spec.tls.backend.clientCertificateRef");
	}
	return NULL;
}

/* The document behind a policy that an XBackend stands for. */
static const struct model_object *
xbackend_of(const struct compile_input *in, const struct model_object *policy)
{
	const struct model_metadata *m = &policy->head->meta;
	struct slice name = model_xbackend_of(m->name);

	for (size_t i = 0; i < in->len; i++) {
		const struct model_object *o = in->objects[i];

		if (o->kind == &model_xbackend_kind &&
		    slice_is(name, o->head->meta.name) &&
		    is_same(o->head->meta.namespace, m->namespace))
			return o;
	}
	return NULL;
}

/* Its own goes before ours.  Gives a reference, or NULL. */
static struct tls_edge *
shown_to(const struct compile_input *in, const struct model_object *policy,
    struct tls_edge *ours)
{
	const struct model_object_ref *ref =
	    model_backend_tls_policy(policy)->spec.certificate;
	const struct model_object *x = ref == NULL ? NULL :
	    xbackend_of(in, policy);

	if (x != NULL)
		return make_shown(in, x, ref, "spec.tls.clientCertificateRef");
	return ours == NULL ? NULL : tls_edge_ref(ours);
}

static void
bar(const struct compile_input *in, const struct model_object *policy,
    const struct err *err, struct cluster *c)
{
	c->barred = "tls_no_authority";
	if (!was_barred(in, c))
		log_warn("tls", "%s: %s; nothing is sent to %.*s until there "
		    "is an authority to trust", policy->key, err->text,
		    SLICE_ARG(c->name));
}

/* Who is asked for is a member of another trust domain, and sees who we are. */
static void
apply_domain(const struct compile_input *in, const struct model_object *policy,
    const struct model_backend_validation *v, struct cluster *c)
{
	const struct model_object *domain = service_index_authority(in->index,
	    &model_federated_trust_domain_kind, NULL, model_backend_domain(v));
	struct err err = ERR_INIT;

	if (domain != NULL) {
		c->outside = make_outside(v, NULL, model_federated_trust_domain(
		    domain)->spec.trust_domain, NULL);
		return;
	}
	err_set(&err, ERR_CONFIG, "there is no ClusterFederatedTrustDomain %s",
	    model_backend_domain(v));
	bar(in, policy, &err, c);
}

void
outside_apply(const struct compile_input *in, const struct model_object *policy,
    struct tls_edge *ours, struct cluster *c)
{
	const struct model_backend_validation *v =
	    &model_backend_tls_policy(policy)->spec.validation;
	struct err err = ERR_INIT;
	struct web_roots *roots;

	/* The header would come in front of TLS, which a pool cannot do. */
	if (c->announce != PROXY_NONE)
		c->barred = "proxy_protocol_with_tls";
	if (model_backend_domain(v) != NULL) {
		apply_domain(in, policy, v, c);
		return;
	}
	roots = roots_of(in, policy, &err);
	if (roots == NULL) {
		bar(in, policy, &err, c);
		return;
	}
	struct tls_edge *shown = shown_to(in, policy, ours);

	c->outside = make_outside(v, roots, NULL, shown);
	tls_edge_unref(shown);
	web_roots_unref(roots);
}

/* --- hosts --------------------------------------------------------------- */

bool
outside_is_ours(const struct compile_input *in,
    const struct model_object *service)
{
	return model_service(service)->spec.type == MODEL_EXTERNAL_NAME &&
	    slice_is(in->namespace, service->head->meta.namespace);
}

static void
index_service(struct snapshot *s, const struct model_object *o)
{
	struct service *service = map_get(&s->services,
	    slice_str(model_object_name(o)));
	char key[SNAPSHOT_HOST_MAX];

	for (size_t i = 0; service != NULL && i < service->len; i++) {
		if (!snapshot_host_key(slice_str(
		    model_service(o)->spec.external_name),
		    service->ports[i].port, key) ||
		    map_has(&s->outside, slice_str(key)))
			continue;
		map_put(&s->outside, slice_str(key), service);
	}
}

void
outside_index(const struct compile_input *in, struct snapshot *s)
{
	for (size_t i = 0; i < in->len; i++)
		if (in->objects[i]->kind == &model_service_kind &&
		    outside_is_ours(in, in->objects[i]))
			index_service(s, in->objects[i]);
}
