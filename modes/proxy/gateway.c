#include <string.h>

#include "base/mem.h"
#include "model/gateway.h"
#include "model/reference_grant.h"
#include "model/secret.h"
#include "modes/proxy/gateway.h"
#include "modes/proxy/rules.h"
#include "route/http_route.h"

struct maker {
	const struct compile_input *in;
	struct extensions          *extensions;
	struct snapshot            *out;
	struct gateway             *gateway;
	struct rule_order          *orders;	/* as many as documents */
	struct arena                scratch;
};

static void
report(const struct maker *m, const struct model_object *o,
    const struct err *err)
{
	if (m->in->fault != NULL)
		m->in->fault(m->in->fault_arg, o->key, err);
}

static const char *
namespace_of(const struct model_object *o)
{
	return o->head->meta.namespace;
}

/* A reference without a namespace stays in that of its document. */
static const char *
namespace_in(const char *namespace, const struct model_object *o)
{
	return namespace != NULL ? namespace : namespace_of(o);
}

static bool
is_named(const struct model_object *o, const char *namespace, const char *name)
{
	return strcmp(namespace_of(o), namespace) == 0 &&
	    strcmp(o->head->meta.name, name) == 0;
}

/* Every namespace has the label that Kubernetes gives it. */
static struct conf_pairs
labels_of(struct maker *m, const char *namespace)
{
	const struct model_metadata *meta = NULL;
	struct conf_pairs labels = { 0 };

	for (size_t i = 0; i < m->in->len; i++) {
		const struct model_object *o = m->in->objects[i];

		if (o->kind == &model_namespace_kind &&
		    strcmp(o->head->meta.name, namespace) == 0)
			meta = &o->head->meta;
	}
	size_t n = meta == NULL ? 0 : meta->labels.len;

	labels.items = arena_alloc(&m->scratch,
	    (n + 1) * sizeof(*labels.items));
	for (size_t i = 0; i < n; i++)
		labels.items[labels.len++] = meta->labels.items[i];
	labels.items[labels.len++] = (struct conf_pair){
		"kubernetes.io/metadata.name", namespace
	};
	return labels;
}

/* Whether a document may refer to another: in its namespace, or by a grant. */
static bool
is_granted(const struct compile_input *in, const struct model_object *from,
    const char *kind, const char *namespace, const char *name)
{
	if (strcmp(namespace_of(from), namespace) == 0)
		return true;
	for (size_t i = 0; i < in->len; i++)
		if (in->objects[i]->kind == &model_reference_grant_kind &&
		    model_grant_allows(in->objects[i], from, "", kind,
		    namespace, name))
			return true;
	return false;
}

/* --- rules ---------------------------------------------------------------- */

static const struct service_port *
resolve(void *arg, const struct model_object *route,
    const struct service_name *name, uint16_t port)
{
	const struct maker *m = arg;

	if (!is_granted(m->in, route, "Service", name->ns, name->name))
		return NULL;
	return service_port(snapshot_service(m->out, name), port);
}

/* Whether a route's reference means this Gateway or ListenerSet. */
static bool
refers(const struct model_object *route, const struct model_parent_ref *ref,
    const struct model_object *document)
{
	const char *kind = document->kind == &model_gateway_kind ? "Gateway" :
	    "ListenerSet";

	return model_ref_is(ref->group, ref->kind, MODEL_GATEWAY_GROUP, kind) &&
	    is_named(document, namespace_in(ref->namespace, route), ref->name);
}

static bool
hangs_there(struct maker *m, const struct model_object *route,
    const struct gateway_site *site)
{
	const struct model_http_route_spec *spec = &model_http_route(route)->spec;
	const struct route_listener l = {
		site->doc, namespace_of(site->document)
	};
	struct conf_pairs labels = labels_of(m, namespace_of(route));

	for (size_t i = 0; i < spec->parents_len; i++)
		if (refers(route, &spec->parents[i], site->document) &&
		    http_route_meets_listener(route, &spec->parents[i], &l,
		    &labels) == ROUTE_ACCEPTED)
			return true;
	return false;
}

static struct rule_book *
book_before(const struct maker *m, struct slice key)
{
	const struct gateway *g = m->in->before == NULL ? NULL :
	    m->in->before->gateway;

	for (size_t i = 0; g != NULL && i < g->sites_len; i++)
		if (slice_eq(g->sites[i]->key, key))
			return g->sites[i]->rules == NULL ? NULL :
			    g->sites[i]->rules->book;
	return NULL;
}

static void
make_rules(struct maker *m, struct gateway_site *site)
{
	const struct compile_input *in = m->in;
	size_t n = 0;

	for (size_t i = 0; i < in->len; i++)
		if (in->objects[i]->kind == &model_http_route_kind &&
		    hangs_there(m, in->objects[i], site))
			m->orders[n++] = (struct rule_order){
				.route = in->objects[i],
				.hostname = site->doc->hostname,
			};
	if (n > 0)
		site->rules = rule_set_bind(&m->out->arena, rule_book_make(
		    m->orders, n, book_before(m, site->key), in->fault,
		    in->fault_arg), &(const struct rule_world){ resolve, m,
		    m->extensions });
}

/* --- certificates --------------------------------------------------------------- */

static const struct model_object *
find_secret(const struct compile_input *in, const char *namespace,
    const char *name)
{
	for (size_t i = 0; i < in->len; i++)
		if (in->objects[i]->kind == &model_secret_kind &&
		    is_named(in->objects[i], namespace, name))
			return in->objects[i];
	return NULL;
}

static int
show(struct maker *m, const struct gateway_listener *l,
    const struct model_object_ref *ref, struct gateway_front *f,
    struct hash *shown, struct err *err)
{
	const struct gateway_site *site = l->owner;
	const char *namespace = namespace_in(ref->namespace, site->document);
	const struct model_object *secret;
	struct slice chain, key;

	if (!model_ref_is(ref->group, ref->kind, "", "Secret"))
		return err_set(err, ERR_DATA, "%s: a certificate in a %s",
		    site->doc->name, ref->kind);
	if (!is_granted(m->in, site->document, "Secret", namespace, ref->name))
		return err_set(err, ERR_DENIED, "%s: no ReferenceGrant lets it "
		    "use Secret %s/%s", site->doc->name, namespace, ref->name);
	secret = find_secret(m->in, namespace, ref->name);
	if (secret == NULL)
		return err_set(err, ERR_NOT_FOUND, "%s: there is no Secret "
		    "%s/%s", site->doc->name, namespace, ref->name);
	chain = model_secret_bytes(secret, "tls.crt", &m->scratch);
	key = model_secret_bytes(secret, "tls.key", &m->scratch);
	if (tls_edge_add(f->edge, l->hostname, chain, key, err) < 0)
		return err_wrap(err, "%s: Secret %s/%s", site->doc->name,
		    namespace, ref->name);
	hash_add(shown, l->hostname);
	hash_add(shown, SLICE("\n"));
	hash_add(shown, chain);
	hash_add(shown, key);
	return 0;
}

static const struct gateway_front *
front_before(const struct maker *m, const struct addr *addr)
{
	return m->in->before == NULL ? NULL :
	    gateway_front(m->in->before->gateway, addr);
}

/* The port's certificates, most specific name first; false: there are none. */
static bool
make_edge(struct maker *m, struct gateway_front *f)
{
	const struct gateway_front *before = front_before(m, &f->addr);
	size_t shown_len = 0;
	struct hash shown;

	f->edge = tls_edge_new();
	hash_init(&shown);
	for (size_t i = 0; i < f->port.len; i++) {
		const struct gateway_listener *l = f->port.listeners[i];
		const struct gateway_site *site = l->owner;
		const struct model_listener_tls *tls = site->doc->tls;

		for (size_t k = 0; tls != NULL && k < tls->certificates_len;
		    k++) {
			struct err err = ERR_INIT;

			if (show(m, l, &tls->certificates[k], f, &shown,
			    &err) == 0)
				shown_len++;
			else
				report(m, site->document, &err);
		}
	}
	hash_out(&shown, f->shown);
	if (before != NULL && before->edge != NULL &&
	    memcmp(before->shown, f->shown, HASH_LEN) == 0) {
		tls_edge_unref(f->edge);
		f->edge = tls_edge_ref(before->edge);
	}
	if (shown_len > 0)
		return true;
	tls_edge_unref(f->edge);
	f->edge = NULL;
	return false;
}

/* --- listeners -------------------------------------------------------------------- */

static bool
protocol_of(const struct model_listener *l, enum gateway_protocol *out)
{
	static const enum gateway_protocol protocols[] = {
		[MODEL_LISTENER_HTTP] = GATEWAY_HTTP,
		[MODEL_LISTENER_HTTPS] = GATEWAY_HTTPS,
		[MODEL_LISTENER_TLS] = GATEWAY_TLS,
		[MODEL_LISTENER_TCP] = GATEWAY_TCP,
		[MODEL_LISTENER_UDP] = GATEWAY_UDP,
	};
	enum model_listener_protocol p = model_listener_protocol(l);

	if (p == MODEL_LISTENER_OTHER)
		return false;
	*out = protocols[p];
	return true;
}

struct listeners {
	struct gateway_listener *v;
	size_t                   len;
};

/* Those of one document, behind those that are there. */
static void
add_listeners(struct maker *m, const struct model_object *gateway,
    const struct model_object *document, const struct model_listener *docs,
    size_t n, struct listeners *out)
{
	struct arena *a = &m->out->arena;
	struct gateway_listener *v = arena_alloc(a,
	    (out->len + n + 1) * sizeof(*v));

	if (out->len > 0)
		memcpy(v, out->v, out->len * sizeof(*v));
	out->v = v;
	for (size_t i = 0; i < n; i++) {
		struct gateway_site *site = arena_zalloc(a, sizeof(*site));
		struct gateway_listener *l = &v[out->len];

		*l = (struct gateway_listener){
			.name = arena_dup(a, slice_str(docs[i].name)),
			.hostname = arena_dup(a, docs[i].hostname == NULL ?
			    SLICE("") : slice_str(docs[i].hostname)),
			.port = docs[i].port, .owner = site,
			.document = document == gateway ? 0 :
			    1 + (unsigned int)out->len,
		};
		if (!protocol_of(&docs[i], &l->protocol))
			continue;
		site->doc = &docs[i];
		site->document = document;
		site->key = slice_str(arena_printf(a, "%s %s", document->key,
		    docs[i].name));
		out->len++;
	}
}

/* Whether a ListenerSet adds to this Gateway, and may. */
static bool
belongs(struct maker *m, const struct model_object *set,
    const struct model_object *gateway)
{
	const struct model_object_ref *ref = &model_listener_set(set)->spec.parent;
	const struct model_allowed_listeners *allowed =
	    &model_gateway(gateway)->spec.allowed_listeners;
	struct conf_pairs labels = labels_of(m, namespace_of(set));

	return model_ref_is(ref->group, ref->kind, MODEL_GATEWAY_GROUP,
	    "Gateway") && is_named(gateway, namespace_in(ref->namespace, set),
	    ref->name) && model_namespaces_allow(&allowed->namespaces,
	    namespace_of(gateway), namespace_of(set), &labels);
}

static void
find_listeners(struct maker *m, const struct model_object *gateway,
    struct listeners *out)
{
	const struct model_gateway_spec *spec = &model_gateway(gateway)->spec;

	add_listeners(m, gateway, gateway, spec->listeners,
	    spec->listeners_len, out);
	for (size_t i = 0; i < m->in->len; i++) {
		const struct model_object *set = m->in->objects[i];

		if (set->kind == &model_listener_set_kind &&
		    belongs(m, set, gateway))
			add_listeners(m, gateway, set,
			    model_listener_set(set)->spec.listeners,
			    model_listener_set(set)->spec.listeners_len, out);
	}
}

/* --- ports ------------------------------------------------------------------------- */

/* Where the Gateway's ports open: as we are told, as it says, or everywhere. */
static int
address_of(const struct maker *m, const struct model_object *gateway,
    uint16_t port, struct addr *out, struct err *err)
{
	const struct model_gateway_spec *spec = &model_gateway(gateway)->spec;
	const char *ip = m->in->settings->spec.listen_address;

	for (size_t i = 0; ip == NULL && i < spec->addresses_len; i++)
		if (strcmp(spec->addresses[i].type, "IPAddress") == 0)
			ip = spec->addresses[i].value;
	if (ip != NULL)
		return addr_from_ip(slice_str(ip), port, out, err);
	return addr_parse(slice_str(arena_printf(&m->out->arena, ":%u", port)),
	    out, err);
}

static void
take_sites(struct maker *m, const struct gateway_front *f)
{
	struct gateway *g = m->gateway;

	for (size_t i = 0; i < f->port.len; i++) {
		union { const void *from; struct gateway_site *to; } site = {
			f->port.listeners[i]->owner
		};

		make_rules(m, site.to);
		g->sites[g->sites_len++] = site.to;
	}
}

static int
open_front(struct maker *m, const struct model_object *gateway,
    const struct gateway_port *port, struct err *err)
{
	struct gateway *g = m->gateway;
	struct gateway_front f = { .port = *port };

	if (port->protocol != GATEWAY_HTTP && port->protocol != GATEWAY_HTTPS)
		return err_set(err, ERR_CONFIG, "port %u: listeners of TCP, TLS "
		    "and UDP are not served yet", port->number);
	if (address_of(m, gateway, port->number, &f.addr, err) != 0)
		return err_wrap(err, "address");
	if (gateway_front(g, &f.addr) != NULL)
		return err_set(err, ERR_CONFIG, "port %u: another Gateway has "
		    "it at this address", port->number);
	/* What is wrong with each certificate was told. */
	if (port->protocol == GATEWAY_HTTPS && !make_edge(m, &f))
		return err_set(err, ERR_CONFIG, "port %u: no listener has a "
		    "certificate", port->number);
	take_sites(m, &f);
	g->fronts[g->len++] = f;
	return 0;
}

static void
tell_conflicts(const struct maker *m, const struct listeners *all)
{
	for (size_t i = 0; i < all->len; i++) {
		const struct gateway_listener *l = &all->v[i];
		const struct gateway_site *site = l->owner;
		struct err err = ERR_INIT;

		if (l->conflict == GATEWAY_DISTINCT)
			continue;
		err_set(&err, ERR_CONFIG, "listener %s: %s",
		    site->doc->name, gateway_conflict_reason(l->conflict));
		report(m, site->document, &err);
	}
}

static void
make_gateway(struct maker *m, const struct model_object *o)
{
	struct gateway *g = m->gateway;
	struct listeners all = { NULL, 0 };
	struct gateway_plan plan;
	struct gateway_front *fronts;
	struct gateway_site **sites;

	find_listeners(m, o, &all);
	gateway_plan(&m->out->arena, all.v, all.len, &plan);
	tell_conflicts(m, &all);
	fronts = arena_zalloc(&m->out->arena,
	    (g->len + plan.len + 1) * sizeof(*fronts));
	sites = arena_zalloc(&m->out->arena,
	    (g->sites_len + all.len + 1) * sizeof(*sites));
	if (g->len > 0)
		memcpy(fronts, g->fronts, g->len * sizeof(*fronts));
	for (size_t i = 0; i < g->sites_len; i++)
		sites[i] = g->sites[i];
	g->fronts = fronts;
	g->sites = sites;
	for (size_t i = 0; i < plan.len; i++) {
		struct err err = ERR_INIT;

		if (open_front(m, o, &plan.ports[i], &err) != 0)
			report(m, o, &err);
	}
}

/* A Gateway of a class that says it is somebody else's is not ours. */
static bool
is_class_ours(const struct compile_input *in, const char *name)
{
	for (size_t i = 0; i < in->len; i++)
		if (in->objects[i]->kind == &model_gateway_class_kind &&
		    strcmp(in->objects[i]->head->meta.name, name) == 0)
			return strcmp(model_gateway_class(in->objects[i])->spec.
			    controller, MODEL_CONTROLLER) == 0;
	return true;
}

/* The one that we are for; without control, all in the files. */
static bool
is_ours(const struct compile_input *in, const struct model_object *o)
{
	const struct model_proxy_spec *s = &in->settings->spec;

	if (o->kind != &model_gateway_kind)
		return false;
	if (s->gateway != NULL)
		return strcmp(s->gateway, model_object_name(o)) == 0;
	return s->standalone &&
	    is_class_ours(in, model_gateway(o)->spec.class_name);
}

void
compile_gateway(const struct compile_input *in, struct extensions *extensions,
    struct snapshot *out)
{
	struct maker m = { .in = in, .extensions = extensions, .out = out };

	for (size_t i = 0; i < in->len; i++) {
		if (!is_ours(in, in->objects[i]))
			continue;
		if (m.gateway == NULL) {
			arena_init(&m.scratch);
			m.gateway = arena_zalloc(&out->arena,
			    sizeof(*m.gateway));
			m.orders = mem_zalloc_array(in->len,
			    sizeof(*m.orders));
		}
		make_gateway(&m, in->objects[i]);
	}
	out->gateway = m.gateway;
	if (m.gateway == NULL)
		return;
	/* Documents live shorter than snapshots. */
	for (size_t i = 0; i < m.gateway->sites_len; i++) {
		m.gateway->sites[i]->doc = NULL;
		m.gateway->sites[i]->document = NULL;
	}
	mem_free(m.orders);
	arena_fini(&m.scratch);
}

void
gateway_fini(struct gateway *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->sites_len; i++)
		rule_set_fini(g->sites[i]->rules);
	for (size_t i = 0; i < g->len; i++)
		tls_edge_unref(g->fronts[i].edge);
}

const struct gateway_front *
gateway_front(const struct gateway *g, const struct addr *addr)
{
	for (size_t i = 0; g != NULL && i < g->len; i++)
		if (addr_eq(&g->fronts[i].addr, addr))
			return &g->fronts[i];
	return NULL;
}
