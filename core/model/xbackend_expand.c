#include <string.h>

#include "model/service.h"
#include "model/xbackend.h"

/*
 * The Service and the BackendTLSPolicy that an XBackend stands for.  They are
 * no documents: node is the XBackend's, for faults to point at.
 */

struct slice
model_xbackend_of(const char *service)
{
	struct slice s = slice_str(service);

	return slice_has_suffix(s, SLICE(MODEL_XBACKEND_SUFFIX)) ?
	    slice_of(s.ptr, s.len - strlen(MODEL_XBACKEND_SUFFIX)) : SLICE_NONE;
}

static struct model_object *
make(struct arena *a, const struct model_object *from,
    const struct model_kind *kind, size_t size)
{
	struct model_object *o = arena_zalloc(a, sizeof(*o));

	o->kind = kind;
	o->node = from->node;
	o->revision = from->revision;
	refs_init(&o->refs);
	o->head = arena_zalloc(a, size);
	o->head->meta = from->head->meta;
	o->head->meta.name = arena_printf(a, "%s" MODEL_XBACKEND_SUFFIX,
	    from->head->meta.name);
	o->key = model_key(a, kind, from->head->meta.namespace,
	    o->head->meta.name);
	return o;
}

/* In words of appProtocol. */
static const char *
app_protocol(const char *protocol)
{
	static const char *const words[][2] = {
		{ "TCP", "tcp" }, { "HTTP", "http" }, { "HTTP11", "http" },
		{ "HTTP2", "h2c" }, { "H2C", "h2c" }, { "GRPC", "grpc" },
		{ "MCP", "http" }, { "WSS", "ws" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (protocol != NULL && strcmp(words[i][0], protocol) == 0)
			return words[i][1];
	return "http";
}

static struct model_object *
make_service(struct arena *a, const struct model_object *from)
{
	const struct model_xbackend *x = model_xbackend(from);
	struct model_object *o = make(a, from, &model_service_kind,
	    sizeof(struct model_service));
	struct model_service *s = (struct model_service *)(void *)o->head;

	s->spec.type = MODEL_EXTERNAL_NAME;
	s->spec.external_name = x->spec.host.hostname;
	s->spec.ports = arena_zalloc(a, sizeof(*s->spec.ports));
	s->spec.ports[0] = (struct model_service_port){
		.name = x->spec.port.name, .port = model_xbackend_port(x),
		.app_protocol = app_protocol(x->spec.protocol) };
	s->spec.ports_len = 1;
	return o;
}

static struct model_object *
make_policy(struct arena *a, const struct model_object *from)
{
	const struct model_backend_validation *v = model_validation_of(from);
	struct model_object *o = make(a, from, &model_backend_tls_policy_kind,
	    sizeof(struct model_backend_tls_policy));
	struct model_backend_tls_policy *p =
	    (struct model_backend_tls_policy *)(void *)o->head;

	if (v != NULL)
		p->spec.validation = *v;
	else
		p->spec.validation = (struct model_backend_validation){
			.well_known = "System",
			.hostname = model_xbackend(from)->spec.host.hostname };
	p->spec.certificate = model_xbackend_shown(from);
	p->spec.targets = arena_alloc(a, sizeof(*p->spec.targets));
	p->spec.targets[0] = (struct model_target_ref){ "", "Service",
		o->head->meta.name, NULL };
	p->spec.targets_len = 1;
	return o;
}

struct model_object *const *
model_xbackends_expand(struct arena *a, struct model_object *const *objects,
    size_t *len)
{
	struct model_object **out;
	size_t n = 0, hosts = 0;

	for (size_t i = 0; i < *len; i++)
		hosts += objects[i]->kind == &model_xbackend_kind &&
		    model_xbackend_is_host(objects[i]);
	if (hosts == 0)
		return objects;
	out = arena_alloc(a, (*len + 2 * hosts) * sizeof(*out));
	for (size_t i = 0; i < *len; i++) {
		out[n++] = objects[i];
		if (objects[i]->kind != &model_xbackend_kind ||
		    !model_xbackend_is_host(objects[i]))
			continue;
		out[n++] = make_service(a, objects[i]);
		if (model_xbackend_has_tls(objects[i]))
			out[n++] = make_policy(a, objects[i]);
	}
	*len = n;
	return out;
}
