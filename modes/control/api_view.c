#include <string.h>

#include "base/mem.h"
#include "model/endpoint_slice.h"
#include "model/endpoints.h"
#include "model/service.h"
#include "model/workload.h"
#include "modes/control/api_caller.h"
#include "modes/control/api_mtls.h"
#include "modes/control/api_rows.h"
#include "modes/control/sessions.h"
#include "modes/control/traffic_mismatch.h"
#include "modes/control/traffic_seen.h"
#include "modes/control/view.h"

/* api_view: what the registry and the proxies make of each other. */

/* All that may back services, as proxies see it. */
struct backends {
	struct api_mtls       mtls;
	struct model_object **v;	/* references */
	size_t                n;
};

static void
backends_read(struct backends *b, const struct server *s, const char *ns)
{
	struct registry_query w = { .kind = &model_workload_kind,
	    .namespace = ns };
	struct registry_query e = { .kind = &model_endpoint_slice_kind,
	    .namespace = ns };
	size_t nw, ne;
	struct model_object **workloads = registry_list(s->registry, &w, &nw);
	struct model_object **slices = registry_list(s->registry, &e, &ne);

	b->v = mem_zalloc_array(nw + ne + 1, sizeof(struct model_object *));
	b->n = 0;
	for (size_t i = 0; i < nw; i++)
		b->v[b->n++] = view_object(s, workloads[i]);
	for (size_t i = 0; i < ne; i++)
		b->v[b->n++] = model_object_ref(slices[i]);
	api_mtls_read(&b->mtls, s->registry);
	mem_free(workloads);
	mem_free(slices);
}

static void
backends_fini(struct backends *b)
{
	for (size_t i = 0; i < b->n; i++)
		model_object_unref(b->v[i]);
	api_mtls_fini(&b->mtls);
	mem_free(b->v);
}

static const char *
trust_domain(struct api_call *call)
{
	return arena_dup(&call->arena, call->server->ca->bundle->domain).ptr;
}

static void
find_endpoints(struct api_call *call, const struct model_object *service,
    const struct model_service_port *port, const struct backends *b,
    struct model_endpoints *out)
{
	struct model_endpoints_query q = {
		.service = service, .port = port->port,
		.transport = (enum model_transport)port->transport,
		.backends = b->v,
		.backends_len = b->n, .trust_domain = trust_domain(call),
	};

	model_endpoints(&call->arena, &q, out);
}

/* --- services ------------------------------------------------------------------------ */

static void
add_ports(struct api_call *call, struct conf_node *row,
    const struct model_object *o, const struct backends *b)
{
	const struct model_service *s = model_service(o);
	struct conf_node *ports = conf_set_list(row, "ports");

	for (size_t i = 0; i < s->spec.ports_len; i++) {
		const struct model_service_port *p = &s->spec.ports[i];
		struct conf_node *at = conf_add_map(ports);
		struct model_endpoints e = { 0 };

		if (!model_port_is_declared(p))
			find_endpoints(call, o, p, b, &e);
		conf_set_string(at, "name", p->name);
		conf_set_int(at, "port", p->port);
		conf_set_string(at, "protocol", model_endpoints_word(&e, p));
	}
}

static void
add_service(struct api_call *call, struct conf_node *list,
    const struct model_object *o, const struct backends *b)
{
	const struct model_service *s = model_service(o);
	const char *made = model_annotation(o, MODEL_AUTO_CREATED);
	struct conf_node *row = conf_add_map(list);
	int64_t workloads = 0, online = 0, ready = 0;
	size_t endpoints = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->v[i]->kind == &model_workload_kind &&
		    model_workload_backs(b->v[i], o)) {
			workloads++;
			online += model_workload_state(b->v[i]) == MODEL_ONLINE;
		}
	if (s->spec.ports_len > 0) {
		struct model_endpoints e;

		find_endpoints(call, o, &s->spec.ports[0], b, &e);
		endpoints = e.len;
		for (size_t i = 0; i < e.len; i++)
			ready += e.items[i].ready;
	}
	conf_set_string(row, "namespace", s->head.meta.namespace);
	conf_set_string(row, "name", s->head.meta.name);
	add_ports(call, row, o, b);
	conf_set_int(row, "workloads", workloads);
	conf_set_int(row, "online", online);
	conf_set_int(row, "endpoints", (int64_t)endpoints);
	conf_set_int(row, "ready", ready);
	conf_set_bool(row, "autoCreated", made != NULL);
}

void
api_services(struct api_call *call)
{
	const struct server *s = call->server;
	struct slice ns = api_query(call, "namespace");
	struct slice text = api_query(call, "selector");
	struct registry_query q = { .kind = &model_service_kind,
	    .namespace = ns.len > 0 ? ns.ptr : NULL };
	struct registry_selector selector;
	struct conf_node *map = conf_map_new(&call->arena), *list;
	struct model_object **all;
	struct backends b;
	struct err err = ERR_INIT;
	size_t n;

	if (text.len > 0) {
		if (registry_selector_read(&selector, &call->arena, text,
		    &err) < 0) {
			api_answer_err(call, &err);
			return;
		}
		q.selector = &selector;
	}
	conf_set_int(map, "revision", (int64_t)registry_revision(s->registry));
	list = conf_set_list(map, "items");
	all = registry_list(s->registry, &q, &n);
	backends_read(&b, s, q.namespace);
	for (size_t i = 0; i < n; i++)
		if (api_caller_sees_key(call, slice_str(all[i]->key)))
			add_service(call, list, all[i], &b);
	backends_fini(&b);
	mem_free(all);
	api_answer_node(call, 200, map);
}

/* --- endpoints ------------------------------------------------------------------------ */

static const char lost[] = REGISTRY_LOST;

static const char *
why_out(struct api_call *call, const struct model_endpoint *e)
{
	const struct server *s = call->server;
	const char *key;

	key = e->workload == NULL ? NULL :
	    arena_printf(&call->arena, "/mesh/workloads/%s", e->workload);
	if (e->ready && key != NULL && registry_workload_is_lost(s->workloads,
	    slice_str(key), sessions_has(s->sessions, slice_str(e->workload))))
		return lost;
	if (e->ready)
		return e->weight == 0 ? "its weight is 0" : NULL;
	if (e->workload == NULL)
		return "its EndpointSlice says that it is not ready";
	return registry_workload_status(s->workloads, slice_str(key)) ==
	    LIVE_NOT_READY ? "its application does not answer" :
	    "its proxy is silent";
}

/* Datagrams stay inside mutual TLS. */
static void
add_mtls(struct conf_node *row, const struct model_endpoint *e,
    const struct model_service_port *p, const struct backends *b)
{
	for (size_t i = 0; i < b->n && p->transport == MODEL_TCP; i++)
		if (b->v[i]->kind == &model_workload_kind &&
		    e->workload != NULL && strcmp(e->workload,
		    model_object_name(b->v[i])) == 0)
			api_mtls_add(&b->mtls, row, b->v[i],
			    model_target_port(b->v[i], p));
}

static void
add_endpoint(struct api_call *call, struct conf_node *list,
    const struct model_endpoint *e, const struct model_service_port *p,
    const struct backends *b, const char *protocol)
{
	struct conf_node *row = conf_add_map(list);
	const char *why = why_out(call, e);

	conf_set_int(row, "port", p->port);
	conf_set_string(row, "protocol", protocol);
	conf_set_string(row, "address", e->address);
	conf_set_int(row, "targetPort", e->port);
	conf_set_string(row, "workload", e->workload);
	conf_set_string(row, "identity", e->spiffe_id);
	add_mtls(row, e, p, b);
	conf_set_string(row, "zone", e->zone);
	conf_set_int(row, "weight", e->weight);
	conf_set_bool(row, "ready", e->ready);
	conf_set_string(row, "state", !e->ready ? "Offline" :
	    why == lost ? "Lost" : "Online");
	conf_set_string(row, "why", why);
}

static bool
is_among(const struct model_endpoints *e, const struct model_object *workload)
{
	for (size_t i = 0; i < e->len; i++)
		if (e->items[i].workload != NULL && strcmp(e->items[i].workload,
		    model_object_name(workload)) == 0)
			return true;
	return false;
}

static const char *
why_left_out(struct api_call *call, const struct model_object *workload,
    const struct model_service_port *p)
{
	if (model_target_port(workload, p) != 0)
		return "it has no sidecar, and the Service does not allow plain "
		    "text";
	if (p->target.name != NULL)
		return arena_printf(&call->arena, "none of its ports has the "
		    "name of the Service's targetPort, \"%s\"",
		    p->target.name);
	return arena_printf(&call->arena, "port %u, to which the Service leads, "
	    "is none of its own", p->target.number != 0 ? p->target.number :
	    p->port);
}

/* Workloads that back the service and yet are never called at this port. */
static void
add_left_out(struct api_call *call, struct conf_node *list,
    const struct model_object *service, const struct model_service_port *p,
    const struct backends *b, const struct model_endpoints *e)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct model_object *o = b->v[i];
		struct conf_node *row;

		if (o->kind != &model_workload_kind ||
		    !model_workload_backs(o, service) || is_among(e, o))
			continue;
		row = conf_add_map(list);
		conf_set_int(row, "port", p->port);
		conf_set_string(row, "protocol", model_endpoints_word(e, p));
		conf_set_string(row, "address", model_workload(o)->spec.address);
		conf_set_string(row, "workload", model_object_name(o));
		conf_set_bool(row, "ready", false);
		conf_set_string(row, "state", "LeftOut");
		conf_set_string(row, "why", why_left_out(call, o, p));
	}
}

void
api_service_endpoints(struct api_call *call)
{
	struct arena *a = &call->arena;
	const char *ns = arena_printf(a, "%.*s", SLICE_ARG(call->params[0]));
	const char *name = arena_printf(a, "%.*s", SLICE_ARG(call->params[1]));
	const struct model_object *o = registry_find(call->server->registry,
	    slice_str(model_key(a, &model_service_kind, ns, name)));
	const struct model_service *s;
	struct conf_node *map, *list;
	struct backends b;

	if (o == NULL) {
		api_answer_fail(call, ERR_NOT_FOUND, "Service %s/%s not found",
		    ns, name);
		return;
	}
	s = model_service(o);
	map = conf_map_new(a);
	conf_set_string(map, "service", model_object_name(o));
	list = conf_set_list(map, "items");
	backends_read(&b, call->server, ns);
	for (size_t i = 0; i < s->spec.ports_len; i++) {
		const struct model_service_port *port = &s->spec.ports[i];
		struct model_endpoints e;

		find_endpoints(call, o, port, &b, &e);
		for (size_t k = 0; k < e.len; k++)
			add_endpoint(call, list, &e.items[k], port, &b,
			    model_endpoints_word(&e, port));
		add_left_out(call, list, o, port, &b, &e);
	}
	backends_fini(&b);
	api_answer_node(call, 200, map);
}

/* --- proxies --------------------------------------------------------------------------- */

void
api_proxies(struct api_call *call)
{
	static const char *const members[2] = { "workload" };
	static const char *const accounts[2] = { "account" };
	struct conf_node *map = conf_map_new(&call->arena), *list;

	conf_set_int(map, "revision",
	    (int64_t)registry_revision(call->server->registry));
	list = conf_set_list(map, "items");
	sessions_write(call->server->sessions, list);
	api_caller_sift(call, list, "proxies", members);
	list = conf_set_list(map, "unrecorded");
	unrecorded_write(&call->server->unrecorded, list,
	    loop_now_ms(call->server->loop));
	api_caller_sift(call, list, "proxies", accounts);
	api_answer_node(call, 200, map);
}

/* Names are joined as "control, documents, ...". */
static int
no_part(struct api_call *call, const char *part, const struct conf_node *config)
{
	struct str names = { 0 };

	CONF_FOREACH(e, config)
		str_addf(&names, "%s%.*s", names.len > 0 ? ", " : "",
		    SLICE_ARG(e->key));
	api_answer_fail(call, ERR_NOT_FOUND, "what a proxy runs has no part "
	    "\"%s\"; its parts are %s", part, str_ptr(&names));
	str_fini(&names);
	return -1;
}

/* Leaves of the proxy's answer the part alone that was asked for. */
static int
choose_part(struct api_call *call, const struct conf_node **config)
{
	const char *part = call->state;
	struct conf_node *found, *alone;

	if (part == NULL)
		return 0;
	found = conf_get(*config, part);
	if (found == NULL)
		return no_part(call, part, *config);
	alone = conf_map_new(&call->arena);
	conf_set(alone, part, conf_copy(&call->arena, found));
	*config = alone;
	return 0;
}

static void
on_config(void *ctx, const struct err *err, const struct conf_node *body)
{
	struct api_call *call = ctx;

	if (err->kind != ERR_NONE)
		api_answer_err(call, err);
	else if (body == NULL)
		api_answer_fail(call, ERR_UNAVAILABLE, "the proxy gave an empty "
		    "answer");
	else if (choose_part(call, &body) == 0)
		api_answer_node(call, 200, body);
	api_call_unref(call);
}

void
api_proxy_config(struct api_call *call)
{
	const char *name = arena_printf(&call->arena, "%.*s/%.*s",
	    SLICE_ARG(call->params[0]), SLICE_ARG(call->params[1]));
	struct slice what = api_query(call, "what");

	if (what.len > 0 && !slice_is(what, "all"))
		call->state = arena_printf(&call->arena, "%.*s",
		    SLICE_ARG(what));
	sessions_ask(call->server->sessions, name, "config", on_config,
	    api_call_ref(call));
}

void
api_proxy_calls(struct api_call *call)
{
	const char *name = arena_printf(&call->arena, "%.*s/%.*s",
	    SLICE_ARG(call->params[0]), SLICE_ARG(call->params[1]));

	sessions_ask(call->server->sessions, name, "calls", on_config,
	    api_call_ref(call));
}

/* Of either end somebody may speak who sees its namespace. */
void
api_stat(struct api_call *call)
{
	static const char *const ends[2] = { "source", "destination" };
	struct conf_node *map = conf_map_new(&call->arena);
	struct conf_node *services = conf_set_list(map, "services");
	struct conf_node *streams = conf_set_list(map, "streams");
	struct conf_node *mismatches = conf_set_list(map, "mismatches");
	struct slice service = api_query(call, "callers"), rest = service, ns;
	uint64_t now_ms = loop_now_ms(call->server->loop);

	traffic_write(call->server->traffic, now_ms, services, streams);
	traffic_mismatches_write(call->server->traffic, now_ms, mismatches);
	api_caller_sift(call, services, "services", ends);
	api_caller_sift(call, streams, "services", ends);
	api_caller_sift(call, mismatches, "services", ends);
	if (service.len > 0 && slice_cut(&rest, '/', &ns) &&
	    api_caller_sees(call, "services", ns))
		traffic_seen_write(call->server->traffic, service, now_ms,
		    conf_set_list(map, "callers"));
	api_answer_node(call, 200, map);
}
