#include <string.h>

#include "base/mem.h"
#include "model/reference_grant.h"
#include "model/xbackend.h"
#include "modes/proxy/gateway_make.h"
#include "modes/proxy/rules.h"
#include "route/document.h"
#include "route/listeners.h"
#include "tls/clients.h"

void
gateway_report(const struct gateway_maker *m, const struct model_object *o,
    const struct err *err)
{
	if (m->in->fault != NULL)
		m->in->fault(m->in->fault_arg, o->key, err);
}

/* Every namespace has the label that Kubernetes gives it. */
static struct conf_pairs
labels_of(void *maker, const char *namespace)
{
	struct gateway_maker *m = maker;
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

bool
gateway_granted(const struct compile_input *in, const struct model_object *from,
    const struct model_object_ref *to)
{
	if (strcmp(from->head->meta.namespace, to->namespace) == 0)
		return true;
	for (size_t i = 0; i < in->len; i++)
		if (in->objects[i]->kind == &model_reference_grant_kind &&
		    model_grant_allows(in->objects[i], from, to->group,
		    to->kind, to->namespace, to->name))
			return true;
	return false;
}

/* The name is that of a Service, or of the one behind an XBackend. */
static bool
may_send(struct gateway_maker *m, const struct model_object *route,
    const struct service_name *to)
{
	struct slice own = model_xbackend_of(to->name);
	struct model_object_ref ref = { "", "Service", to->ns, to->name, 0 };

	if (own.len > 0) {
		ref.group = MODEL_X_GROUP;
		ref.kind = "XBackend";
		ref.name = arena_dup(&m->scratch, own).ptr;
	}
	return gateway_granted(m->in, route, &ref);
}

/* --- rules ---------------------------------------------------------------- */

static const struct service_port *
resolve(void *arg, const struct model_object *route,
    const struct service_name *name, uint16_t port)
{
	struct gateway_maker *m = arg;

	if (!may_send(m, route, name))
		return NULL;
	return snapshot_backend(m->out, route->kind, name, port);
}

static struct rule_book *
book_before(const struct gateway_maker *m, struct slice key)
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
make_rules(struct gateway_maker *m, struct gateway_site *site)
{
	const struct compile_input *in = m->in;
	const struct route_labels labels = { labels_of, m };
	const struct rule_world world = { resolve, m, m->extensions };
	size_t n = routes_of_listener((const struct model_object *const *)
	    in->objects, in->len, site->listener, &labels, m->found);

	for (size_t i = 0; i < n; i++)
		m->orders[i] = (struct rule_order){
			.route = m->found[i],
			.hostname = site->listener->doc->hostname,
		};
	if (n > 0)
		site->rules = rule_set_bind(&m->out->arena, rule_book_make(
		    m->orders, n, book_before(m, site->key), in->fault,
		    in->fault_arg), &world);
}

/* --- listeners ------------------------------------------------------------------ */

static struct gateway_site *
make_site(struct gateway_maker *m, const struct route_listener *l)
{
	struct gateway_site *site = arena_zalloc(&m->out->arena, sizeof(*site));

	site->listener = l;
	site->key = slice_str(arena_printf(&m->out->arena, "%s %s",
	    l->document->key, l->doc->name));
	site->is_stream = listener_is_stream(l->doc);
	site->is_passthrough = listener_is_passthrough(l->doc);
	return site;
}

static void
tell_conflicts(const struct gateway_maker *m, const struct gateway_listener *all,
    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct gateway_site *site = all[i].owner;
		struct err err = ERR_INIT;

		if (all[i].conflict == GATEWAY_DISTINCT)
			continue;
		err_set(&err, ERR_CONFIG, "listener %s: %s",
		    site->listener->doc->name,
		    gateway_conflict_reason(all[i].conflict));
		gateway_report(m, site->listener->document, &err);
	}
}

/* --- ports ------------------------------------------------------------------------- */

static struct gateway_site *
site_at(const struct gateway_port *p, size_t i)
{
	union { const void *from; struct gateway_site *to; } u = {
		p->listeners[i]->owner
	};

	return u.to;
}

/* Whether a connection must say which listener it means before TLS begins. */
static bool
needs_hello(const struct gateway_port *p)
{
	const struct gateway_site *first = p->listeners[0]->owner;

	for (size_t i = 0; i < p->len; i++) {
		const struct gateway_site *site = p->listeners[i]->owner;

		if (site->is_passthrough || site->is_stream != first->is_stream)
			return true;
	}
	return false;
}

static void
take_sites(struct gateway_maker *m, const struct gateway_port *p)
{
	struct gateway *g = m->gateway;

	for (size_t i = 0; i < p->len; i++) {
		struct gateway_site *site = site_at(p, i);

		make_rules(m, site);
		g->sites[g->sites_len++] = site;
	}
}

static int
open_front(struct gateway_maker *m, const struct gateway_front *like,
    const char *ip, struct err *err)
{
	struct gateway *g = m->gateway;
	struct gateway_front *f = &g->fronts[g->len];
	uint16_t number = like->port.number;

	*f = *like;
	if ((ip != NULL ? addr_from_ip(slice_str(ip), number, &f->addr, err) :
	    addr_parse(slice_str(arena_printf(&m->out->arena, ":%u", number)),
	    &f->addr, err)) != 0)
		return err_wrap(err, "address");
	if (gateway_front(g, &f->addr, like->port.protocol == GATEWAY_UDP) !=
	    NULL)
		return err_set(err, ERR_CONFIG, "port %u: another Gateway has "
		    "it at this address", number);
	if (f->edge != NULL)
		tls_edge_ref(f->edge);
	if (f->clients != NULL)
		tls_clients_ref(f->clients);
	g->len++;
	return 0;
}

/* What is wrong with each reference was told. */
static void
tell_closed(const struct gateway_maker *m, const struct gateway_port *port,
    const char *why)
{
	for (size_t i = 0; i < port->len; i++) {
		const struct route_listener *l = site_at(port, i)->listener;
		struct err err = ERR_INIT;

		err_set(&err, ERR_CONFIG, "listener %s: port %u is closed, as "
		    "%s", l->doc->name, port->number, why);
		gateway_report(m, l->document, &err);
	}
}

/* False: it is not served, and that was told. */
static bool
make_front(struct gateway_maker *m, const struct model_object *gateway,
    const struct gateway_port *port, struct gateway_front *f)
{
	*f = (struct gateway_front){ .port = *port };
	if (port->protocol != GATEWAY_HTTPS)
		return true;
	f->needs_hello = needs_hello(port);
	gateway_make_clients(m, gateway, f);
	gateway_make_edge(m, f);
	for (size_t i = 0; i < port->len; i++)
		if (site_at(port, i)->is_passthrough || (f->edge != NULL &&
		    (f->asks != GATEWAY_BARRED || site_at(port, i)->is_stream)))
			return true;
	tell_closed(m, port, f->edge == NULL ? "no listener of it has a "
	    "certificate" : "there is no authority to trust for clients'");
	return false;
}

/* At each address: as we are told, as the Gateway says, or everywhere. */
static void
open_port(struct gateway_maker *m, const struct model_object *gateway,
    const struct gateway_port *port)
{
	const struct model_gateway_spec *spec = &model_gateway(gateway)->spec;
	const char *told = m->in->settings->spec.listen_address;
	size_t before = m->gateway->len;
	struct gateway_front f;
	struct err err = ERR_INIT;
	bool is_bad = false, any = told == NULL;

	if (!make_front(m, gateway, port, &f))
		goto out;
	f.of = gateway;
	f.name = arena_strdup(&m->out->arena, model_object_name(gateway));
	for (size_t i = 0; !is_bad && told == NULL && i < spec->addresses_len;
	    i++) {
		const struct model_gateway_address *a = &spec->addresses[i];

		if (a->value == NULL)
			continue;
		any = false;
		is_bad = open_front(m, &f, a->value, &err) != 0;
	}
	if (!is_bad && (any || told != NULL))
		is_bad = open_front(m, &f, told, &err) != 0;
	if (is_bad)
		gateway_report(m, gateway, &err);
	if (m->gateway->len > before)
		take_sites(m, port);
out:
	tls_edge_unref(f.edge);
	tls_clients_unref(f.clients);
}

static void
make_gateway(struct gateway_maker *m, const struct model_object *o)
{
	struct arena *a = &m->out->arena;
	const struct route_labels labels = { labels_of, m };
	const struct model_gateway_spec *spec = &model_gateway(o)->spec;
	struct gateway *g = m->gateway;
	struct gateway_plan plan;
	struct gateway_front *fronts;
	struct gateway_site **sites;
	size_t n;
	struct gateway_listener *all = listeners_of(a, o,
	    (const struct model_object *const *)m->in->objects, m->in->len,
	    &labels, &n);

	for (size_t i = 0; i < n; i++)
		all[i].owner = make_site(m, all[i].owner);
	gateway_plan(a, all, n, &plan);
	tell_conflicts(m, all, n);
	fronts = arena_zalloc(a, (g->len + plan.len *
	    (spec->addresses_len + 1) + 1) * sizeof(*fronts));
	sites = arena_zalloc(a, (g->sites_len + n + 1) *
	    sizeof(struct gateway_site *));
	if (g->len > 0)
		memcpy(fronts, g->fronts, g->len * sizeof(*fronts));
	for (size_t i = 0; i < g->sites_len; i++)
		sites[i] = g->sites[i];
	g->fronts = fronts;
	g->sites = sites;
	for (size_t i = 0; i < plan.len; i++)
		open_port(m, o, &plan.ports[i]);
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
bool
gateway_is_ours(const struct compile_input *in, const struct model_object *o)
{
	const struct model_proxy_spec *s = &in->settings->spec;

	if (o->kind != &model_gateway_kind)
		return false;
	if (s->gateway != NULL)
		return strcmp(s->gateway, model_object_name(o)) == 0;
	return s->standalone &&
	    is_class_ours(in, model_gateway(o)->spec.class_name);
}

/* To listen elsewhere than where it was asked for could open it to strangers. */
static bool
is_address_usable(const struct compile_input *in, const struct model_object *o)
{
	const struct model_gateway_address *odd = listeners_odd_address(o);
	struct err err = ERR_INIT;

	if (odd == NULL)
		return true;
	err_set(&err, ERR_CONFIG, "spec.addresses: nobody can listen at a %s, "
	    "only at an IPAddress", odd->type);
	if (in->fault != NULL)
		in->fault(in->fault_arg, o->key, &err);
	return false;
}

void
compile_gateway(const struct compile_input *in, struct extensions *extensions,
    struct snapshot *out)
{
	struct gateway_maker m = { .in = in, .extensions = extensions,
		.out = out };

	for (size_t i = 0; i < in->len; i++) {
		if (!gateway_is_ours(in, in->objects[i]) ||
		    !is_address_usable(in, in->objects[i]))
			continue;
		if (m.gateway == NULL) {
			arena_init(&m.scratch);
			m.gateway = arena_zalloc(&out->arena,
			    sizeof(*m.gateway));
			m.orders = mem_zalloc_array(in->len,
			    sizeof(*m.orders));
			m.found = mem_zalloc_array(in->len,
			    sizeof(const struct model_object *));
		}
		make_gateway(&m, in->objects[i]);
	}
	out->gateway = m.gateway;
	if (m.gateway == NULL)
		return;
	/* Documents live shorter than snapshots. */
	for (size_t i = 0; i < m.gateway->sites_len; i++)
		m.gateway->sites[i]->listener = NULL;
	mem_free(m.orders);
	mem_free(m.found);
	arena_fini(&m.scratch);
}

void
gateway_fini(struct gateway *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->sites_len; i++)
		rule_set_fini(g->sites[i]->rules);
	for (size_t i = 0; i < g->len; i++) {
		tls_edge_unref(g->fronts[i].edge);
		tls_clients_unref(g->fronts[i].clients);
	}
}

const struct gateway_front *
gateway_front(const struct gateway *g, const struct addr *addr, bool is_udp)
{
	for (size_t i = 0; g != NULL && i < g->len; i++) {
		const struct gateway_front *f = &g->fronts[i];

		if ((f->port.protocol == GATEWAY_UDP) == is_udp &&
		    addr_eq(&f->addr, addr))
			return f;
	}
	return NULL;
}
