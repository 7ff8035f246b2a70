#include <stdio.h>

#include "base/mem.h"
#include "model/authorization_policy.h"
#include "model/federation.h"
#include "model/gateway.h"
#include "model/mesh_config.h"
#include "modes/proxy/authorize.h"
#include "modes/proxy/ext_authz.h"
#include "modes/proxy/gateway.h"

/*
 * compile_authz: which policies hold where, and whom they ask.  A table is made
 * once for all ports about which the same policies are, and goes on while those
 * stay the same.
 */
struct tables {
	const struct compile_input *in;
	struct snapshot            *out;
	enum authz_default          fallback;
	const char                 *cluster_local;	/* as authz_new has it */
	struct model_object       **policies;	/* room for all */
	size_t                      policies_len;
};

static enum authz_default
fallback_of(const struct compile_input *in)
{
	enum authz_default d = AUTHZ_ALLOW_IDENTITIES;

	for (size_t i = 0; i < in->len; i++)
		if (in->objects[i]->kind == &model_mesh_config_kind)
			d = authz_default_of(model_mesh_config(in->objects[i])->
			    spec.inbound_policy);
	return d;
}

/* A port that takes plain text lets those in who cannot say who they are. */
static enum authz_default
fallback_at(enum authz_default d, const struct inbound_port *p)
{
	return (d == AUTHZ_ALLOW_IDENTITIES || d == AUTHZ_ALLOW_OWN) &&
	    (p->mode == MODEL_MTLS_PERMISSIVE ||
	    p->mode == MODEL_MTLS_DISABLE || p->settles_ms > 0) ?
	    AUTHZ_ALLOW_ALL : d;
}

static struct authz *
find(struct authz *const *v, size_t n, const struct tables *t,
    enum authz_default fallback)
{
	for (size_t i = 0; i < n; i++)
		if (authz_is_of(v[i], t->policies, t->policies_len, fallback,
		    t->cluster_local))
			return v[i];
	return NULL;
}

static const struct authz *
table_of(struct tables *t, const struct model_authz_place *place,
    enum authz_default fallback)
{
	const struct snapshot *before = t->in->before;
	struct snapshot *s = t->out;
	struct authz *z;

	t->policies_len = 0;
	for (size_t i = 0; i < t->in->len; i++)
		if (t->in->objects[i]->kind == &model_authorization_policy_kind &&
		    model_authz_is_for(t->in->objects[i], place))
			t->policies[t->policies_len++] = t->in->objects[i];
	z = find(s->authz, s->authz_len, t, fallback);
	if (z != NULL)
		return z;
	z = before == NULL ? NULL : find(before->authz, before->authz_len, t,
	    fallback);
	z = z != NULL ? authz_ref(z) : authz_new(t->policies, t->policies_len,
	    fallback, t->cluster_local);
	return s->authz[s->authz_len++] = z;
}

struct model_authz_place
authorize_place_of_port(const struct compile_input *in,
    const struct inbound_port *p)
{
	return (struct model_authz_place){
		.namespace = p->service.ns,
		.labels = &in->self->head->meta.labels,
		.service = p->service.name,
	};
}

struct model_authz_place
authorize_place_of_front(const struct compile_input *in,
    const struct gateway_front *f)
{
	const struct model_metadata *gateway = &f->of->head->meta;

	return (struct model_authz_place){
		.namespace = gateway->namespace,
		.labels = in->self == NULL ? NULL :
		    &in->self->head->meta.labels,
		.gateway = gateway->name,
		.gateway_class = model_gateway(f->of)->spec.class_name,
	};
}

static void
add_ports(struct tables *t, struct inbound_port *ports, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct model_authz_place place =
		    authorize_place_of_port(t->in, &ports[i]);

		ports[i].authz = table_of(t, &place, fallback_at(t->fallback,
		    &ports[i]));
	}
}

/* Strangers come in there: without a policy, anybody. */
static void
add_front(struct tables *t, struct gateway_front *f)
{
	const struct model_authz_place place =
	    authorize_place_of_front(t->in, f);

	f->authz = table_of(t, &place, AUTHZ_ALLOW_ALL);
	f->of = NULL;
}

/* All that the MeshConfig has; a service that is not here has no endpoint. */
static void
add_providers(const struct model_object *mesh, struct snapshot *s)
{
	const struct model_mesh_config_spec *spec =
	    &model_mesh_config(mesh)->spec;

	s->providers = arena_alloc(&s->arena,
	    (spec->providers_len + 1) * sizeof(struct ext_authz_provider *));
	for (size_t i = 0; i < spec->providers_len; i++) {
		const struct model_extension_provider *doc =
		    &spec->providers[i];
		const struct model_auth_provider *p = model_auth_provider(doc);
		const struct model_kind *kind = doc->grpc != NULL ?
		    &model_grpc_route_kind : &model_http_route_kind;
		struct service_name name;
		const struct service_port *port;

		snprintf(name.ns, sizeof(name.ns), "%s", p->namespace);
		snprintf(name.name, sizeof(name.name), "%s", p->service);
		port = snapshot_backend(s, kind, &name, p->port);
		s->providers[s->providers_len++] = ext_authz_provider_new(doc,
		    port == NULL ? NULL : port->cluster);
	}
}

void
compile_authorization(const struct compile_input *in, struct snapshot *s)
{
	struct tables t = { .in = in, .out = s, .fallback = fallback_of(in),
		.cluster_local = model_cluster_local(in->objects, in->len,
		in->trust_domain) };
	size_t fronts = s->gateway == NULL ? 0 : s->gateway->len;

	for (size_t i = 0; i < in->len; i++)
		if (in->objects[i]->kind == &model_mesh_config_kind)
			add_providers(in->objects[i], s);
	t.policies = mem_zalloc_array(in->len + 1, sizeof(*t.policies));
	s->authz = arena_zalloc(&s->arena, sizeof(*s->authz) *
	    (s->inbound_len + s->inbound_udp_len + s->lost_len +
	    s->lost_udp_len + fronts + 1));
	if (in->self != NULL) {
		add_ports(&t, s->inbound, s->inbound_len);
		add_ports(&t, s->inbound_udp, s->inbound_udp_len);
		add_ports(&t, s->lost, s->lost_len);
		add_ports(&t, s->lost_udp, s->lost_udp_len);
	}
	for (size_t i = 0; i < fronts; i++)
		add_front(&t, &s->gateway->fronts[i]);
	mem_free(t.policies);
}
