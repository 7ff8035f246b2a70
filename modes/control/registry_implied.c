#include "conf/node.h"
#include "model/service.h"
#include "modes/control/registry_implied.h"

/* A name for a port that has none, where several need to be told apart. */
static const char *
port_name(struct arena *a, const struct model_workload_port *p)
{
	if (p->name != NULL)
		return p->name;
	return arena_printf(a, model_workload_port_is_udp(p) ?
	     "port-%u-udp" : "port-%u", p->port);
}

struct conf_node *
registry_implied_service(struct arena *a, const struct model_workload *w,
    const char *service)
{
	struct conf_node *doc = conf_map_new(a), *meta, *ports;

	if (w->spec.ports_len == 0)
		return NULL;
	conf_set_string(doc, "apiVersion", "v1");
	conf_set_string(doc, "kind", "Service");
	meta = conf_set_map(doc, "metadata");
	conf_set_string(meta, "name", service);
	conf_set_string(meta, "namespace", w->head.meta.namespace);
	conf_set_string(conf_set_map(meta, "annotations"),
	    MODEL_AUTO_CREATED, "true");
	ports = conf_set_list(conf_set_map(doc, "spec"), "ports");
	for (size_t i = 0; i < w->spec.ports_len; i++) {
		const struct model_workload_port *from = &w->spec.ports[i];
		struct conf_node *to = conf_add_map(ports);

		if (from->name != NULL || w->spec.ports_len > 1)
			conf_set_string(to, "name", port_name(a, from));
		conf_set_int(to, "port", from->port);
		if (model_workload_port_is_udp(from))
			conf_set_string(to, "protocol", "UDP");
		else
			conf_set_string(to, "appProtocol", from->protocol);
	}
	return doc;
}
