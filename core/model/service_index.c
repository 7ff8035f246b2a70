#include <string.h>

#include "base/mem.h"
#include "model/backend_policy.h"
#include "model/backend_tls_policy.h"
#include "model/endpoint_slice.h"
#include "model/route.h"
#include "model/secret.h"
#include "model/service.h"
#include "model/service_index.h"
#include "model/workload.h"

struct index_list {
	struct model_object **v;
	size_t                len, cap;
};

static void
index_list_free(void *arg)
{
	struct index_list *l = arg;

	mem_free(l->v);
	mem_free(l);
}

/* --- noting ------------------------------------------------------------------ */

static void
note(struct map *m, char *key, struct model_object *o)
{
	struct index_list *l = map_get(m, slice_str(key));

	if (l == NULL) {
		l = mem_zalloc(sizeof(*l));
		map_put(m, slice_str(key), l);
	}
	mem_free(key);
	if (l->len > 0 && l->v[l->len - 1] == o)
		return;		/* it names the service twice */
	if (l->len == l->cap) {
		l->cap = 2 * l->cap + 2;
		l->v = mem_realloc(l->v, l->cap * sizeof(*l->v));
	}
	l->v[l->len++] = o;
}

static void
note_name(struct service_index *x, const char *namespace, const char *name,
    struct model_object *o)
{
	note(&x->by_name, mem_printf("%s/%s", namespace, name), o);
}

static void
note_workload(struct service_index *x, struct model_object *o)
{
	const struct model_metadata *m = &o->head->meta;
	const struct model_workload_spec *s = &model_workload(o)->spec;

	for (size_t i = 0; i < s->services_len; i++)
		note_name(x, m->namespace, s->services[i], o);
	for (size_t i = 0; i < m->labels.len; i++)
		note(&x->by_label, mem_printf("%s %s=%s", m->namespace,
		    m->labels.items[i].key, m->labels.items[i].value), o);
}

static void
note_targets(struct service_index *x, struct model_object *o,
    const struct model_target_ref *t, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (model_ref_is(t[i].group, t[i].kind, "", "Service"))
			note_name(x, o->head->meta.namespace, t[i].name, o);
}

static void
note_route(struct service_index *x, struct model_object *o)
{
	const struct model_route_at *at = model_route(o);

	for (size_t i = 0; i < at->parents_len; i++)
		if (model_parent_is_service(&at->parents[i]))
			note_name(x, at->parents[i].namespace != NULL ?
			    at->parents[i].namespace : o->head->meta.namespace,
			    at->parents[i].name, o);
}

static void
note_one(struct service_index *x, struct model_object *o)
{
	if (o->kind == &model_workload_kind) {
		note_workload(x, o);
	} else if (o->kind == &model_endpoint_slice_kind) {
		if (model_slice_service(o) != NULL)
			note_name(x, o->head->meta.namespace,
			    model_slice_service(o), o);
	} else if (o->kind == &model_backend_tls_policy_kind) {
		note_targets(x, o, model_backend_tls_policy(o)->spec.targets,
		    model_backend_tls_policy(o)->spec.targets_len);
	} else if (o->kind == &model_config_map_kind ||
	    o->kind == &model_federated_trust_domain_kind) {
		map_put(&x->authorities, slice_str(o->key), o);
	} else if (model_backend_policy(o) != NULL) {
		note_targets(x, o, model_backend_policy(o)->targets,
		    model_backend_policy(o)->targets_len);
	} else if (model_route(o) != NULL) {
		note_route(x, o);
	}
}

void
service_index_init(struct service_index *x, struct model_object *const *v,
    size_t len)
{
	*x = (struct service_index){ .cap = 0 };
	for (size_t i = 0; i < len; i++)
		note_one(x, v[i]);
}

void
service_index_fini(struct service_index *x)
{
	map_fini(&x->by_name, index_list_free);
	map_fini(&x->by_label, index_list_free);
	map_fini(&x->authorities, NULL);
	mem_free(x->found);
	*x = (struct service_index){ .cap = 0 };
}

/* --- finding ------------------------------------------------------------------- */

static void
add(struct service_index *x, size_t *n, struct model_object *o)
{
	if (*n == x->cap) {
		x->cap = 2 * x->cap + 16;
		x->found = mem_realloc(x->found, x->cap * sizeof(*x->found));
	}
	x->found[(*n)++] = o;
}

static bool
names(const struct model_object *workload, const char *service)
{
	const struct model_workload_spec *s = &model_workload(workload)->spec;

	for (size_t i = 0; i < s->services_len; i++)
		if (strcmp(s->services[i], service) == 0)
			return true;
	return false;
}

/* Those with that label of the selector which the fewest have. */
static const struct index_list *
by_selector(const struct service_index *x, const struct model_object *service)
{
	const struct conf_pairs *s = &model_service(service)->spec.selector;
	const struct index_list *best = NULL;

	for (size_t i = 0; i < s->len; i++) {
		char *key = mem_printf("%s %s=%s",
		    service->head->meta.namespace, s->items[i].key,
		    s->items[i].value);
		const struct index_list *l = map_get(&x->by_label,
		    slice_str(key));

		mem_free(key);
		if (l == NULL)
			return NULL;	/* nobody has it */
		if (best == NULL || l->len < best->len)
			best = l;
	}
	return best;
}

struct service_index_found
service_index_find(struct service_index *x, const struct model_object *service)
{
	const struct model_metadata *m = &service->head->meta;
	char *key = mem_printf("%s/%s", m->namespace, m->name);
	const struct index_list *l = map_get(&x->by_name, slice_str(key));
	size_t n = 0;

	mem_free(key);
	for (size_t i = 0; l != NULL && i < l->len; i++)
		add(x, &n, l->v[i]);
	l = by_selector(x, service);
	for (size_t i = 0; l != NULL && i < l->len; i++)
		if (!names(l->v[i], m->name))
			add(x, &n, l->v[i]);
	return (struct service_index_found){ x->found, n };
}

const struct model_object *
service_index_authority(const struct service_index *x,
    const struct model_kind *kind, const char *namespace, const char *name)
{
	struct arena a = { 0 };
	const struct model_object *o = map_get(&x->authorities,
	    slice_str(model_key(&a, kind, namespace, name)));

	arena_fini(&a);
	return o;
}
