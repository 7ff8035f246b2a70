#include "route/listeners.h"

#include <stdlib.h>
#include <string.h>

static const enum gateway_protocol protocols[] = {
	[MODEL_LISTENER_HTTP] = GATEWAY_HTTP,
	[MODEL_LISTENER_HTTPS] = GATEWAY_HTTPS,
	[MODEL_LISTENER_TLS] = GATEWAY_TLS,
	[MODEL_LISTENER_TCP] = GATEWAY_TCP,
	[MODEL_LISTENER_UDP] = GATEWAY_UDP,
};

const struct model_gateway_address *
listeners_odd_address(const struct model_object *gateway)
{
	const struct model_gateway_spec *s = &model_gateway(gateway)->spec;

	for (size_t i = 0; i < s->addresses_len; i++)
		if (strcmp(s->addresses[i].type, "IPAddress") != 0)
			return &s->addresses[i];
	return NULL;
}

bool
listener_is_stream(const struct model_listener *l)
{
	enum model_listener_protocol p = model_listener_protocol(l);

	return p == MODEL_LISTENER_TLS || p == MODEL_LISTENER_TCP;
}

bool
listener_is_passthrough(const struct model_listener *l)
{
	return l->tls != NULL && l->tls->mode == MODEL_TLS_PASSTHROUGH;
}

/* --- who may add ---------------------------------------------------------- */

bool
listeners_name(const struct model_object *set,
    const struct model_object *gateway)
{
	const struct model_object_ref *ref = &model_listener_set(set)->spec.parent;
	const char *ns = ref->namespace != NULL ? ref->namespace :
	    set->head->meta.namespace;

	return model_ref_is(ref->group, ref->kind, MODEL_GATEWAY_GROUP,
	    "Gateway") && strcmp(ref->name, gateway->head->meta.name) == 0 &&
	    strcmp(ns, gateway->head->meta.namespace) == 0;
}

bool
listeners_allow(const struct model_object *gateway,
    const struct model_object *set, const struct route_labels *labels)
{
	const struct model_allowed_listeners *allowed =
	    &model_gateway(gateway)->spec.allowed_listeners;
	const char *ns = set->head->meta.namespace;
	struct conf_pairs own = labels->of(labels->arg, ns);

	return model_namespaces_allow(&allowed->namespaces,
	    gateway->head->meta.namespace, ns, &own);
}

static int
by_age(const void *a, const void *b)
{
	const struct model_object *const *x = a, *const *y = b;

	return model_object_by_age(*x, *y);
}

/* --- all of them ---------------------------------------------------------- */

struct collecting {
	struct arena            *arena;
	struct gateway_listener *v;
	size_t                   len;
	unsigned int             documents;
};

static void
add(struct collecting *c, const struct model_object *document)
{
	size_t n;
	const struct model_listener *docs = model_listeners(document, &n);

	for (size_t i = 0; i < n; i++) {
		enum model_listener_protocol p = model_listener_protocol(&docs[i]);
		struct route_listener *l;

		if (p == MODEL_LISTENER_OTHER)
			continue;
		l = arena_alloc(c->arena, sizeof(*l));
		*l = (struct route_listener){ &docs[i], document };
		c->v[c->len++] = (struct gateway_listener){
			.name = arena_dup(c->arena, slice_str(docs[i].name)),
			.hostname = docs[i].hostname == NULL ? SLICE("") :
			    arena_dup(c->arena, slice_str(docs[i].hostname)),
			.port = docs[i].port, .protocol = protocols[p],
			.document = c->documents, .owner = l,
		};
	}
	c->documents++;
}

struct gateway_listener *
listeners_of(struct arena *a, const struct model_object *gateway,
    const struct model_object *const *documents, size_t n,
    const struct route_labels *labels, size_t *len)
{
	const struct model_object **sets = arena_alloc(a, (n + 1) *
	    sizeof(const struct model_object *));
	struct collecting c = { .arena = a };
	size_t sets_len = 0, room, own;

	model_listeners(gateway, &room);
	for (size_t i = 0; i < n; i++) {
		const struct model_object *set = documents[i];

		if (set->kind != &model_listener_set_kind ||
		    !listeners_name(set, gateway) ||
		    !listeners_allow(gateway, set, labels))
			continue;
		sets[sets_len++] = set;
		model_listeners(set, &own);
		room += own;
	}
	qsort(sets, sets_len, sizeof(const struct model_object *), by_age);
	c.v = arena_zalloc(a, (room + 1) * sizeof(*c.v));
	add(&c, gateway);
	for (size_t i = 0; i < sets_len; i++)
		add(&c, sets[i]);
	*len = c.len;
	return c.v;
}
