#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "filter/table.h"
#include "model/endpoints.h"
#include "model/mesh_config.h"
#include "model/service.h"
#include "model/service_index.h"
#include "model/workload.h"
#include "model/xbackend.h"
#include "modes/proxy/authenticate.h"
#include "modes/proxy/authorize.h"
#include "modes/proxy/compile.h"
#include "modes/proxy/extensions.h"
#include "modes/proxy/policy.h"
#include "modes/proxy/gateway.h"
#include "modes/proxy/late.h"
#include "modes/proxy/lost.h"
#include "modes/proxy/names.h"
#include "modes/proxy/outside.h"
#include "modes/proxy/plain.h"
#include "tls/tls.h"

struct compiler {
	const struct compile_input *in;
	struct snapshot            *out;
	struct map                  backends;	/* of routes, "ns/name" */
	struct map                  grpc_backends;	/* of GRPCRoutes, ports */
	struct service_index_found  about;	/* the service at hand */
	struct policies             policies;	/* for that */
	struct extensions           extensions;
	struct tls_edge            *shown;	/* to servers outside; or NULL */
	struct arena                scratch;
};

static void
report(struct compiler *c, const struct model_object *o, const struct err *err)
{
	if (c->in->fault != NULL)
		c->in->fault(c->in->fault_arg, o->key, err);
}

static bool
name_of(const struct model_object *o, struct service_name *out)
{
	const struct model_metadata *m = &o->head->meta;

	if (m->namespace == NULL || strlen(m->name) > SNI_LABEL_MAX ||
	    strlen(m->namespace) > SNI_LABEL_MAX)
		return false;
	memcpy(out->name, m->name, strlen(m->name) + 1);
	memcpy(out->ns, m->namespace, strlen(m->namespace) + 1);
	return true;
}

static bool
is_http(enum model_protocol p)
{
	return p == MODEL_HTTP || p == MODEL_WS || p == MODEL_H2C;
}

/* --- outbound: services that are called ------------------------------------------ */

static void
set_defaults(const struct compile_input *in, struct cluster *c)
{
	static const enum lb_policy policies[] = {
		[MODEL_LEAST_REQUEST] = LB_LEAST_REQUEST,
		[MODEL_ROUND_ROBIN] = LB_ROUND_ROBIN,
		[MODEL_RANDOM] = LB_RANDOM,
		[MODEL_PEAK_EWMA] = LB_PEAK_EWMA,
	};
	const struct model_proxy_spec *s = &in->settings->spec;

	c->lb = policies[s->balancer];
	c->connect_timeout_ms = (uint64_t)s->connect_ms;
	c->response_timeout_ms = (uint64_t)s->response_ms;
}

static struct slice
own_zone(const struct compile_input *in)
{
	return in->self == NULL ? SLICE_NONE :
	    slice_str(model_workload(in->self)->spec.zone);
}

/* A port that is being compiled. */
struct making {
	const struct model_object       *service;
	const struct service_name       *name;
	uint16_t                         port;
	enum cluster_protocol            protocol;
	struct cluster                  *cluster;
	struct model_backend_policy_spec policy;
	bool                             is_pending;	/* some host's addresses */
};

/* Each address of a host is an endpoint. */
static void
add_host(struct compiler *c, struct making *m, const char *host, uint16_t port,
    struct endpoint *e)
{
	struct names_answer found;

	names_find(c->in->names, slice_str(host), &found);
	m->is_pending |= found.state == NAMES_WAITING;
	m->cluster->is_unresolved |= found.state == NAMES_FAILED;
	for (size_t i = 0; i < found.len; i++) {
		e->addr = found.v[i];
		addr_set_port(&e->addr, port);
		cluster_add(m->cluster, c->in->registry, e);
	}
}

static void
add_endpoint(struct compiler *c, struct making *m,
    const struct model_endpoint *from)
{
	struct endpoint e = {
		.workload = slice_str(from->workload),
		.id = slice_str(from->spiffe_id),
		.has_sidecar = from->has_sidecar,
		.zone = slice_str(from->zone), .weight = from->weight,
		.priority = policy_priority(&m->policy, from->labels),
		.is_degraded = policy_is_degraded(&m->policy, from->labels),
	};
	char sni[SNI_MAX];
	struct err err = ERR_INIT;

	if (!from->ready)
		return;
	bool is_host = addr_from_ip(slice_str(from->address), from->port,
	    &e.addr, &err) != 0;

	e.labels = policy_labels(&c->scratch, from->labels, &e.labels_len);
	if (is_host && c->in->names != NULL) {
		add_host(c, m, from->address, from->port, &e);
		return;
	}
	if (is_host) {
		err_wrap(&err, "endpoint");
		report(c, m->service, &err);
		return;
	}
	if (from->spiffe_id != NULL) {
		sni_format(m->name, m->port, sni);
		e.sni = slice_str(sni);
	}
	cluster_add(m->cluster, c->in->registry, &e);
}

/* Who is outside the mesh, and how it is known. */
static void
set_outside(struct compiler *c, const struct making *m,
    const struct model_object *tls, uint16_t port)
{
	const struct model_service_spec *s = &model_service(m->service)->spec;
	bool is_usual = port == (tls != NULL ? 443 : 80);

	if (tls != NULL)
		outside_apply(c->in, tls, c->shown, m->cluster);
	if (s->type != MODEL_EXTERNAL_NAME)
		return;
	bool is_ipv6 = strchr(s->external_name, ':') != NULL;

	m->cluster->authority = slice_str(is_usual ?
	    arena_printf(&c->scratch, is_ipv6 ? "[%s]" : "%s",
	    s->external_name) : arena_printf(&c->scratch, is_ipv6 ?
	    "[%s]:%u" : "%s:%u", s->external_name, port));
}

static enum cluster_protocol
protocol_of(const struct model_service_port *port, enum model_protocol p)
{
	return port->transport == MODEL_UDP ? CLUSTER_UDP :
	    is_http(p) ? CLUSTER_HTTP :
	    p == MODEL_AUTO ? CLUSTER_AUTO : CLUSTER_TCP;
}

static struct cluster *
make_cluster(struct compiler *c, struct making *m,
    const struct model_service_port *port,
    const struct model_endpoints *found, bool is_h2)
{
	const struct model_object *tls = outside_policy(&c->about, m->service,
	    port->name);
	char key[SERVICE_KEY_MAX], number[16];

	service_key(m->name, key);
	snprintf(number, sizeof(number), "%u%s", port->port,
	    port->transport == MODEL_UDP ? "/udp" : "");
	m->cluster = cluster_new(c->in->registry, slice_str(key),
	    slice_str(number));
	set_defaults(c->in, m->cluster);
	m->cluster->balance.zone = own_zone(c->in);
	policy_apply(&m->policy, m->cluster);
	if (m->policy.balancer == NULL &&
	    model_service(m->service)->spec.affinity ==
	    MODEL_AFFINITY_CLIENT_IP) {
		m->cluster->lb = LB_MAGLEV;
		m->cluster->affinity.kind = AFFINITY_SOURCE;
	}
	m->cluster->protocol = m->protocol;
	m->cluster->is_h2 = is_h2;
	set_outside(c, m, tls, found->len > 0 ? found->items[0].port :
	    port->port);
	for (size_t i = 0; i < found->len; i++)
		add_endpoint(c, m, &found->items[i]);
	cluster_seal(m->cluster);
	return m->cluster;
}

static struct cluster *
compile_port(struct compiler *c, const struct model_object *o,
    const struct service_name *name, const struct model_service_port *port,
    bool for_grpc, bool *is_pending)
{
	struct model_endpoints_query q = {
		.service = o, .port = port->port,
		.transport = (enum model_transport)port->transport,
		.backends = c->about.v,
		.backends_len = c->about.len,
		.trust_domain = c->in->trust_domain,
		.standalone = c->in->settings->spec.standalone,
		.ends_tls = outside_policy(&c->about, o, port->name) != NULL,
	};
	struct model_endpoints found;
	struct making m = { .service = o, .name = name, .port = port->port };

	policy_of(&c->policies, name->ns, name->name, port->name, &m.policy);
	model_endpoints(&c->scratch, &q, &found);
	enum model_protocol spoken = model_endpoints_protocol(&found, port);

	m.protocol = for_grpc ? CLUSTER_HTTP : protocol_of(port, spoken);
	struct cluster *cluster = make_cluster(c, &m, port, &found, for_grpc ||
	    (m.protocol == CLUSTER_HTTP && spoken == MODEL_H2C));

	if (cluster->protocol == CLUSTER_AUTO)
		cluster->as_h2 = make_cluster(c, &m, port, &found, true);
	*is_pending |= m.is_pending;
	return cluster;
}

/* The cluster of the snapshot before, if it says the same. */
static struct cluster *
share(const struct compile_input *in, const struct service_name *name,
    const struct service_port *now)
{
	const struct service *s = in->before == NULL ? NULL :
	    snapshot_service(in->before, name);
	const struct service_port *before = service_port_like(s, now);

	if (before == NULL || !cluster_is_same(before->cluster, now->cluster))
		return now->cluster;
	cluster_unref(now->cluster);
	return cluster_ref(before->cluster);
}

static bool
has_sidecars(const struct cluster *c)
{
	for (size_t i = 0; i < c->len; i++)
		if (c->v[i].has_sidecar)
			return true;
	return false;
}

/* Where endpoints have no sidecar, nobody else does it. */
static void
add_policies(struct compiler *c, const struct service_name *name,
    const struct model_service_port *doc, struct service_port *port)
{
	unsigned sides = EXTENSION_SIDE(AT_CALLER);

	if (!has_sidecars(port->cluster))
		sides |= EXTENSION_SIDE(AT_SERVICE);
	port->policies = extensions_of_service(&c->extensions, name, port->port,
	    doc->name, sides);
}

static void
add_port(struct compiler *c, const struct model_object *o, struct service *s,
    const struct model_service_port *doc, bool for_grpc)
{
	struct service_port *p = &s->ports[s->len++];

	*p = (struct service_port){ .port = doc->port,
		.name = arena_dup(&c->out->arena, slice_str(doc->name)),
		.cluster = compile_port(c, o, &s->name, doc, for_grpc,
		    &s->is_pending),
		.is_for_grpc = for_grpc };
	p->cluster = share(c->in, &s->name, p);
	if (doc->transport == MODEL_TCP)
		add_policies(c, &s->name, doc, p);
}

static void
compile_service(struct compiler *c, const struct model_object *o)
{
	const struct model_service_spec *spec = &model_service(o)->spec;
	struct service *s = arena_zalloc(&c->out->arena, sizeof(*s));
	char key[SERVICE_KEY_MAX];

	if (!name_of(o, &s->name))
		return;
	service_key(&s->name, key);
	if (c->in->is_called != NULL &&
	    !c->in->is_called(c->in->is_called_arg, &s->name) &&
	    !map_has(&c->backends, slice_str(key)) &&
	    !outside_is_ours(c->in, o))
		return;
	c->about = service_index_find(c->in->index, o);
	policies_find(&c->policies, c->about.v, c->about.len);
	s->ports = arena_zalloc(&c->out->arena,
	    sizeof(*s->ports) * 2 * spec->ports_len + 1);
	for (size_t i = 0; i < spec->ports_len; i++) {
		const struct model_service_port *p = &spec->ports[i];

		if (p->transport == MODEL_SCTP)
			continue;
		add_port(c, o, s, p, false);
		if (p->transport == MODEL_TCP &&
		    model_port_protocol(p) != MODEL_H2C &&
		    compile_is_grpc_backend(&c->grpc_backends, &s->name,
		    p->port))
			add_port(c, o, s, p, true);
	}
	policies_fini(&c->policies);
	map_put(&c->out->services, slice_str(key), s);
}

/* --- inbound: services that our workload backs ------------------------------------- */

static const struct compile_app *
app_at(const struct compile_input *in, uint16_t target, bool is_udp)
{
	for (size_t i = 0; i < in->apps_len; i++)
		if (in->apps[i].port == target && in->apps[i].is_udp == is_udp)
			return &in->apps[i];
	return NULL;
}

static struct cluster *
make_app_cluster(struct compiler *c, const struct service_name *name,
    const struct compile_app *app, bool is_h2)
{
	struct endpoint e = { .addr = app->addr, .weight = 1 };
	char key[SERVICE_KEY_MAX], number[16];

	service_key(name, key);
	snprintf(number, sizeof(number), "app-%u%s", app->port,
	    app->is_udp ? "/udp" : "");
	struct cluster *cluster = cluster_new(c->in->registry, slice_str(key),
	    slice_str(number));

	set_defaults(c->in, cluster);
	cluster->protocol = app->is_udp ? CLUSTER_UDP : app->is_http ?
	    CLUSTER_HTTP : app->is_auto ? CLUSTER_AUTO : CLUSTER_TCP;
	cluster->announce = app->announce;
	cluster->is_h2 = is_h2;
	cluster_add(cluster, c->in->registry, &e);
	cluster_seal(cluster);
	return cluster;
}

static struct cluster *
app_cluster(struct compiler *c, const struct service_name *name, uint16_t port,
    const struct compile_app *app)
{
	const struct snapshot *before = c->in->before;
	const struct inbound_port *old = before == NULL ? NULL : app->is_udp ?
	    snapshot_inbound_udp(before, name, port) :
	    snapshot_inbound(before, name, port);
	struct cluster *cluster = make_app_cluster(c, name, app, app->is_h2);

	if (app->is_auto)
		cluster->as_h2 = make_app_cluster(c, name, app, true);
	if (old == NULL || !cluster_is_same(old->cluster, cluster))
		return cluster;
	cluster_unref(cluster);
	return cluster_ref(old->cluster);
}

static void
compile_inbound(struct compiler *c, const struct model_object *o)
{
	const struct model_service_spec *spec = &model_service(o)->spec;
	struct service_name name;

	if (!name_of(o, &name) || !model_workload_backs(c->in->self, o))
		return;
	for (size_t i = 0; i < spec->ports_len; i++) {
		bool is_udp = spec->ports[i].transport == MODEL_UDP;
		const struct compile_app *app = app_at(c->in,
		    model_target_port(c->in->self, &spec->ports[i]), is_udp);

		if (app == NULL || spec->ports[i].transport == MODEL_SCTP)
			continue;
		if (is_udp) {
			c->out->inbound_udp[c->out->inbound_udp_len++] =
			    (struct inbound_port){ .service = name,
			    .port = spec->ports[i].port,
			    .app_port = app->port, .cluster = app_cluster(
			    c, &name, spec->ports[i].port, app) };
			continue;
		}
		c->out->inbound[c->out->inbound_len++] = (struct inbound_port){
			.service = name, .port = spec->ports[i].port,
			.app_port = app->port,
			.cluster = app_cluster(c, &name, spec->ports[i].port,
			    app),
			.policies = extensions_of_service(&c->extensions,
			    &name, spec->ports[i].port, spec->ports[i].name,
			    EXTENSION_SIDE(AT_SERVICE)),
		};
	}
}

static void
compile_http(const struct model_http_listeners *from,
    struct http_conn_settings *out)
{
	const struct model_keep_alive *k = from->http2.keep_alive;

	policy_http2(&from->http2, &out->h2);
	out->age = (struct age_limits){
		.max_ms = (uint64_t)from->max_age_ms,
		.grace_ms = (uint64_t)from->grace_ms,
		.requests = (uint64_t)from->max_requests,
	};
	if (k != NULL) {
		out->ping_ms = (uint64_t)k->interval_ms;
		out->pong_ms = (uint64_t)k->timeout_ms;
	}
}

/* Without a MeshConfig: any identity of the mesh, which TLS sees to. */
static void
compile_policy(struct compiler *c, const struct model_object *o)
{
	compile_http(&model_mesh_config(o)->spec.http, &c->out->http);
	c->out->allow_any = model_mesh_config(o)->spec.outbound.mode ==
	    MODEL_ALLOW_ANY;
	c->out->audit_inbound = model_mesh_config(o)->spec.inbound_policy ==
	    MODEL_AUDIT;
}

static size_t
count_service_ports(const struct compile_input *in)
{
	size_t n = 0;

	for (size_t i = 0; i < in->len; i++)
		if (in->objects[i]->kind == &model_service_kind)
			n += model_service(in->objects[i])->spec.ports_len;
	return n;
}

static struct slice
account_of(const struct model_object *self, struct arena *a)
{
	return self == NULL ? SLICE_NONE : slice_str(arena_printf(a, "%s/%s",
	    self->head->meta.namespace,
	    model_workload(self)->spec.service_account));
}

static void
compile_absent(const struct compile_input *in, struct snapshot *out)
{
	for (size_t i = 0; i < in->absent_len; i++) {
		char key[SERVICE_KEY_MAX];

		service_key(&in->absent[i], key);
		map_put(&out->absent, slice_str(key), NULL);
	}
}

/* --- the whole ------------------------------------------------------------------------ */

static void
compile_services(struct compiler *c)
{
	const struct compile_input *in = c->in;

	if (in->names != NULL)
		names_begin(in->names);
	for (size_t i = 0; i < in->len; i++) {
		const struct model_object *o = in->objects[i];

		if (o->kind == &model_mesh_config_kind)
			compile_policy(c, o);
		if (o->kind != &model_service_kind)
			continue;
		compile_service(c, o);
		if (in->self != NULL)
			compile_inbound(c, o);
		arena_reset(&c->scratch);
	}
	if (in->names != NULL)
		names_end(in->names);
}

static struct snapshot *
compile_all(const struct compile_input *in)
{
	struct compiler c = { .in = in, .out = snapshot_new() };
	struct snapshot *s = c.out;
	struct err err = ERR_INIT;

	arena_init(&c.scratch);
	compile_backends(in, &c.backends);
	compile_grpc_backends(in, &c.grpc_backends);
	extensions_init(&c.extensions, in, s);
	s->revision = in->revision;
	s->late = late_chain_new(in->filter_stats);
	s->grpc_web = l7_chain_new("grpc_web", in->filter_stats);
	l7_chain_add(s->grpc_web, filter_find_l7("grpc_web")->l7, NULL);
	s->account = account_of(in->self, &s->arena);
	s->inbound = arena_zalloc(&s->arena,
	    sizeof(*s->inbound) * count_service_ports(in) + 1);
	s->inbound_udp = arena_zalloc(&s->arena,
	    sizeof(*s->inbound) * count_service_ports(in) + 1);
	c.shown = outside_shown(in);
	compile_services(&c);
	outside_index(in, s);
	compile_routes(in, &c.extensions, s);
	compile_gateway(in, &c.extensions, s);
	compile_absent(in, s);
	compile_lost(in, s);
	compile_plain(in, s);
	compile_authentication(in, s);
	compile_authorization(in, s);
	if (compile_chains(in, s, &err) != 0 && in->fault != NULL)
		in->fault(in->fault_arg, "/mesh/proxies/-/settings", &err);
	map_fini(&c.backends, NULL);
	map_fini(&c.grpc_backends, NULL);
	extensions_fini(&c.extensions);
	tls_edge_unref(c.shown);
	arena_fini(&c.scratch);
	return s;
}

struct snapshot *
compile(const struct compile_input *in)
{
	struct compile_input all = *in;
	struct service_index index;
	struct arena a;

	arena_init(&a);
	all.objects = model_xbackends_expand(&a, in->objects, &all.len);
	service_index_init(&index, all.objects, all.len);
	all.index = &index;
	struct snapshot *s = compile_all(&all);

	service_index_fini(&index);
	arena_fini(&a);
	return s;
}
