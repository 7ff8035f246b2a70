#include <stdlib.h>
#include <string.h>

#include "model/endpoint_slice.h"
#include "model/endpoints.h"
#include "model/service.h"
#include "model/workload.h"

struct build {
	struct arena                       *arena;
	const struct model_endpoints_query *query;
	const struct model_service_port    *port;
	bool                                plain;	/* plain text is allowed */
	size_t                              cap;
	struct model_endpoints             *out;
};

static void
add(struct build *b, struct model_endpoint e)
{
	if (e.spiffe_id == NULL && !b->plain && !e.has_sidecar) {
		b->out->refused++;
		return;
	}
	if (b->out->len == b->cap) {
		size_t cap = b->cap == 0 ? 8 : b->cap * 2;
		struct model_endpoint *items = arena_alloc(b->arena,
		    cap * sizeof(*items));

		if (b->out->len > 0)
			memcpy(items, b->out->items, b->out->len * sizeof(*items));
		b->out->items = items;
		b->cap = cap;
	}
	b->out->items[b->out->len++] = e;
}

/* The word says what flows there; without one it may be either. */
static bool
is_of_transport(const struct model_workload_port *own,
    const struct model_service_port *p)
{
	return own->protocol == NULL || model_workload_port_is_udp(own) ==
	    (p->transport == MODEL_UDP);
}

static const struct model_workload_port *
own_port(const struct model_workload *w, const struct model_service_port *p)
{
	uint16_t number = p->target.number != 0 ? p->target.number : p->port;

	for (size_t i = 0; i < w->spec.ports_len; i++) {
		const struct model_workload_port *own = &w->spec.ports[i];

		if (is_of_transport(own, p) && (p->target.name == NULL ?
		    own->port == number : own->name != NULL &&
		    strcmp(own->name, p->target.name) == 0))
			return own;
	}
	return NULL;
}

static uint16_t
target_of(const struct model_workload *w, const struct model_service_port *p)
{
	const struct model_workload_port *own = own_port(w, p);

	if (own != NULL)
		return own->port;
	return w->spec.ports_len > 0 || p->target.name != NULL ? 0 :
	    p->target.number != 0 ? p->target.number : p->port;
}

uint16_t
model_target_port(const struct model_object *workload,
    const struct model_service_port *p)
{
	return target_of(model_workload(workload), p);
}

static void
add_workload(struct build *b, const struct model_object *o)
{
	const struct model_workload *w = model_workload(o);
	const struct model_service *s = model_service(b->query->service);
	uint16_t target = target_of(w, b->port);

	if (target == 0 || !model_workload_backs(o, b->query->service))
		return;
	struct model_endpoint e = { .workload = model_object_name(o),
	    .uid = w->head.meta.uid, .address = w->spec.address, .port = target,
	    .zone = w->spec.zone, .labels = &w->head.meta.labels,
	    .weight = (uint32_t)w->spec.weight,
	    .ready = model_workload_state(o) == MODEL_ONLINE ||
	    model_workload_state(o) == MODEL_LOST ||
	    s->spec.publish_not_ready };

	if (w->spec.sidecar && !b->query->standalone) {
		const struct model_workload_port *own = own_port(w, b->port);

		e.has_sidecar = true;
		e.port = w->spec.inbound_port;
		if (own != NULL && own->plaintext) {
			e.port = own->exposed != 0 ? own->exposed : e.port;
			add(b, e);
			return;
		}
		e.spiffe_id = model_spiffe_id(b->arena, b->query->trust_domain,
		    w->head.meta.namespace, w->spec.service_account);
	}
	add(b, e);
}

static bool
same_name(const char *a, const char *b)
{
	return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

static void
add_slice(struct build *b, const struct model_object *o)
{
	const struct model_endpoint_slice *slice = model_endpoint_slice(o);
	const struct model_service *s = model_service(b->query->service);
	const struct model_slice_port *port = NULL;

	if (!same_name(model_slice_service(o), s->head.meta.name) ||
	    strcmp(slice->head.meta.namespace, s->head.meta.namespace) != 0)
		return;
	for (size_t i = 0; i < slice->ports_len && port == NULL; i++)
		if (same_name(slice->ports[i].name, b->port->name) &&
		    slice->ports[i].transport == b->port->transport)
			port = &slice->ports[i];
	if (port != NULL && b->out->app_protocol == NULL)
		b->out->app_protocol = port->app_protocol;
	for (size_t i = 0; port != NULL && i < slice->endpoints_len; i++) {
		const struct model_slice_endpoint *from = &slice->endpoints[i];

		add(b, (struct model_endpoint){ .address = from->addresses[0],
		    .port = port->port, .zone = from->zone,
		    .labels = &slice->head.meta.labels,
		    .weight = model_slice_weight(o),
		    .ready = from->conditions.ready || s->spec.publish_not_ready });
	}
}

static int
by_place(const void *a, const void *b)
{
	const struct model_endpoint *x = a, *y = b;
	int c = strcmp(x->address, y->address);

	if (c == 0)
		c = (x->port > y->port) - (x->port < y->port);
	if (c == 0)
		c = strcmp(x->workload == NULL ? "" : x->workload,
		    y->workload == NULL ? "" : y->workload);
	return c;
}

/* Slices may name one address twice; it is ready if one of them says so. */
static void
drop_duplicates(struct model_endpoints *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < e->len; i++) {
		if (kept > 0 && by_place(&e->items[kept - 1], &e->items[i]) == 0)
			e->items[kept - 1].ready |= e->items[i].ready;
		else
			e->items[kept++] = e->items[i];
	}
	e->len = kept;
}

static uint16_t
external_port(const struct model_service_port *p, uint16_t port)
{
	return p != NULL && p->target.number != 0 ? p->target.number : port;
}

void
model_endpoints(struct arena *a, const struct model_endpoints_query *q,
    struct model_endpoints *out)
{
	const struct model_service *s = model_service(q->service);
	struct build b = { .arena = a, .query = q, .out = out,
	    .port = model_service_port_on(s, q->port, q->transport),
	    .plain = q->standalone || q->ends_tls ||
	    model_service_allows_plaintext(q->service) };

	*out = (struct model_endpoints){ 0 };
	if (s->spec.type == MODEL_EXTERNAL_NAME) {
		b.plain = true;
		add(&b, (struct model_endpoint){ .address = s->spec.external_name,
		    .port = external_port(b.port, q->port), .weight = 1,
		    .ready = true });
		return;
	}
	if (b.port == NULL)
		return;
	for (size_t i = 0; i < q->backends_len; i++) {
		if (q->backends[i]->kind == &model_workload_kind)
			add_workload(&b, q->backends[i]);
		else if (q->backends[i]->kind == &model_endpoint_slice_kind)
			add_slice(&b, q->backends[i]);
	}
	if (out->len > 0)
		qsort(out->items, out->len, sizeof(*out->items), by_place);
	drop_duplicates(out);
}

enum model_protocol
model_endpoints_protocol(const struct model_endpoints *e,
    const struct model_service_port *p)
{
	enum model_protocol found;

	if (e->app_protocol == NULL || model_port_is_declared(p))
		return model_port_protocol(p);
	model_protocol_named(slice_str(e->app_protocol), &found);
	return found;
}

const char *
model_endpoints_word(const struct model_endpoints *e,
    const struct model_service_port *p)
{
	return p->transport == MODEL_UDP ? "udp" :
	    model_protocol_name(model_endpoints_protocol(e, p));
}
