#include <string.h>

#include "model/backend_policy.h"
#include "model/extension.h"
#include "modes/ctl/choice.h"

/* choice_policies: what else a request meets, at the services it may go to. */

static const struct model_kind *const kinds[] = {
	&model_backend_policy_kind, &model_fault_injection_kind,
	&model_rate_limit_kind, &model_compression_kind, &model_cache_kind,
};
#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

int
choice_load_policies(struct choice *q, struct err *err)
{
	for (size_t i = 0; i < KINDS; i++)
		if (traffic_load(&q->traffic, kinds[i], NULL, err) < 0)
			return -1;
	return 0;
}

static bool
is_about(const struct model_object *o, const char *namespace, const char *name,
    const char *port)
{
	if (model_backend_policy(o) != NULL)
		return model_backend_policy_is_for(o, namespace, name, port);
	return model_extension_is_for(o, namespace, name, port);
}

static const char *
port_name(struct choice *q, const char *namespace, const char *name,
    uint16_t port)
{
	const struct model_object **all;
	size_t n = traffic_of_kind(&q->traffic, &model_service_kind, &all);

	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i]->head->meta.namespace, namespace) == 0 &&
		    strcmp(all[i]->head->meta.name, name) == 0) {
			const struct model_service_port *p = model_service_port(
			    model_service(all[i]), port);

			return p == NULL ? NULL : p->name;
		}
	return NULL;
}

static void
add_policies(struct choice *q, const char *namespace, const char *name,
    uint16_t port)
{
	const char *called = port_name(q, namespace, name, port);
	const struct model_object **all;

	for (size_t i = 0; i < KINDS; i++) {
		size_t n = traffic_of_kind(&q->traffic, kinds[i], &all);

		for (size_t j = 0; j < n; j++) {
			struct conf_node *row;

			if (!is_about(all[j], namespace, name, called))
				continue;
			row = conf_add_map(q->policies);
			conf_set_string(row, "service", arena_printf(
			    &q->c->arena, "%s/%s", namespace, name));
			conf_set_string(row, "kind", kinds[i]->kind);
			conf_set_string(row, "name", all[j]->head->meta.name);
		}
	}
}

/* The service's own are looked at by name even if it was not asked for. */
static void
add_backend(struct choice *q, const struct model_backend_ref *b)
{
	const char *namespace = b->namespace != NULL ? b->namespace :
	    q->winner->route->head->meta.namespace;
	struct err ignored = ERR_INIT;

	if (!model_backend_is_service(b))
		return;
	traffic_find(&q->traffic, &model_service_kind, namespace, b->name,
	    &ignored);
	add_policies(q, namespace, b->name, b->port);
}

void
choice_find_policies(struct choice *q)
{
	q->policies = conf_list_new(&q->c->arena);
	if (q->winner != NULL) {
		const struct model_route_rule rule = model_route_rule(
		    q->winner->route, q->winner->rule);

		for (size_t i = 0; i < rule.backends_len; i++)
			add_backend(q, &rule.backends[i]);
	} else if (choice_is_free(q)) {
		add_policies(q, q->service->head->meta.namespace,
		    q->service->head->meta.name, q->to.port);
	}
}
