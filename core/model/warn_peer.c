#include <string.h>

#include "model/peer_authentication.h"
#include "model/warn_impl.h"
#include "model/workload.h"

/* warn_peer: a PeerAuthentication that nobody obeys, or that was to be temporary. */

static bool
has_port(const struct model_object *workload, struct slice number)
{
	const struct model_workload_spec *w = &model_workload(workload)->spec;
	uint64_t port = 0;

	slice_u64(number, &port);
	for (size_t i = 0; i < w->ports_len; i++)
		if (w->ports[i].port == port)
			return true;
	return w->ports_len == 0;	/* it takes any */
}

/* Only workloads that are known tell. */
static void
warn_ports(struct warner *w)
{
	const struct model_peer_authentication *p =
	    model_peer_authentication(w->object);

	CONF_FOREACH(e, p->spec.ports) {
		size_t members = 0, having = 0;

		for (size_t i = 0; i < w->set->len; i++) {
			const struct model_object *o = w->set->objects[i];

			if (o->kind != &model_workload_kind ||
			    !model_peer_is_for(w->object,
			    o->head->meta.namespace, &o->head->meta.labels))
				continue;
			members++;
			having += has_port(o, e->key);
		}
		if (members > 0 && having == 0)
			warn_at(w, "portLevelMtls.%.*s: none of the workloads that "
			    "it is about has that port; it is the port of --app, "
			    "not that of a Service", SLICE_ARG(e->key));
	}
}

/* What was for the time in which callers move is easily forgotten. */
static void
warn_open(struct warner *w)
{
	const struct model_peer_authentication *p =
	    model_peer_authentication(w->object);

	if (p->spec.mtls.mode == MODEL_MTLS_PERMISSIVE)
		warn_at(w, "mtls.mode: PERMISSIVE lets plain text in; mesh ctl "
		    "check says whether anybody still comes so");
	CONF_FOREACH(e, p->spec.ports) {
		const char *mode = conf_get_string(e->node, "mode");

		if (mode != NULL && strcmp(mode, "PERMISSIVE") == 0)
			warn_at(w, "portLevelMtls.%.*s.mode: PERMISSIVE lets plain "
			    "text in; mesh ctl check says whether anybody still "
			    "comes so", SLICE_ARG(e->key));
	}
}

void
warn_peer(struct warner *w)
{
	if (model_peer_is_for_nobody(w->object)) {
		warn_at(w, "selector: in a root namespace it matches nobody");
		return;
	}
	for (size_t i = 0; i < w->set->len; i++) {
		const struct model_object *o = w->set->objects[i];

		if (o->kind != &model_peer_authentication_kind ||
		    !model_peer_displaces(o, w->object))
			continue;
		warn_at(w, ": PeerAuthentication %s is about the same and goes "
		    "first, so this one counts nowhere", model_object_name(o));
		return;
	}
	if (w->is_all) {
		warn_ports(w);
		warn_open(w);
	}
}
