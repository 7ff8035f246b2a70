#include "base/mem.h"
#include "model/closure_learn.h"
#include "model/extension.h"
#include "model/workload.h"

/* closure_policy: what a subject offers, and what its routes refer to. */

static struct model_object *
offered(const struct model_subject *s, const char *namespace, const char *name)
{
	char *key = mem_printf("/core/services/%s/%s", namespace, name);
	struct model_object *o = map_get(&s->offers, slice_str(key));

	mem_free(key);
	return o;
}

bool
model_subject_note_offer(struct model_subject *s, struct model_object *o,
    bool is_there)
{
	struct slice key = slice_str(o->key);
	struct model_object *old = map_get(&s->offers, key);

	is_there = is_there && s->self != NULL &&
	    model_workload_backs(s->self, o);
	if (old == (is_there ? o : NULL))
		return false;
	if (is_there)
		map_put(&s->offers, key, model_object_ref(o));
	else
		map_del(&s->offers, key);
	model_object_unref(old);
	return (old != NULL) != is_there;
}

struct noting {
	struct map *to;
	const char *namespace;	/* of the route */
};

static void
note_extension(void *arg, const struct model_object_ref *ref)
{
	const struct noting *n = arg;
	const struct model_kind *kind = model_extension_kind(ref->group,
	    ref->kind);
	struct arena a = { 0 };

	if (kind != NULL)
		map_put(n->to, slice_str(model_key(&a, kind, n->namespace,
		    ref->name)), NULL);
	arena_fini(&a);
}

bool
model_subject_renew_extensions(struct model_subject *s)
{
	struct map before = s->extensions;
	size_t it = 0, kept = 0;
	struct slice key;
	void *value;

	map_init(&s->extensions);
	while (map_next(&s->routes, &it, NULL, &value)) {
		const struct model_object *route = value;
		struct noting n = { &s->extensions, route->head->meta.namespace };

		if (route->kind->extensions != NULL)
			route->kind->extensions(route, note_extension, &n);
	}
	for (it = 0; map_next(&before, &it, &key, NULL);)
		kept += map_has(&s->extensions, key);
	bool is_same = kept == before.len && kept == s->extensions.len;

	map_fini(&before, NULL);
	return !is_same;
}

bool
model_subject_has_offer(const struct model_subject *s, const char *namespace,
    const struct model_target_ref *t)
{
	return s->offers.len > 0 &&
	    model_ref_is(t->group, t->kind, "", "Service") &&
	    offered(s, namespace, t->name) != NULL;
}

bool
model_subject_is_targeted(const struct model_subject *s,
    const struct model_object *policy, const struct model_target_ref *targets,
    size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (model_subject_has_offer(s, policy->head->meta.namespace,
		    &targets[i]))
			return true;
	return model_subject_targets(s, policy, targets, n);
}

bool
model_subject_extends(const struct model_subject *s, const struct model_object *o)
{
	return map_has(&s->extensions, slice_str(o->key));
}
