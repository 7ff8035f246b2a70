#include <string.h>

#include "base/mem.h"
#include "model/closure.h"
#include "model/service.h"
#include "model/workload.h"

void
model_subject_init(struct model_subject *s, const char *namespace,
    const char *workload)
{
	*s = (struct model_subject){ .namespace = mem_strdup(namespace),
	    .workload = mem_strdup(workload) };
}

static void
interest_free(void *arg)
{
	struct model_interest *i = arg;

	mem_free(i->namespace);
	mem_free(i->name);
	model_object_unref(i->service);
	mem_free(i);
}

void
model_subject_fini(struct model_subject *s)
{
	map_fini(&s->interests, interest_free);
	mem_free(s->namespace);
	mem_free(s->workload);
	model_object_unref(s->self);
	*s = (struct model_subject){ 0 };
}

static struct model_interest *
find(const struct model_subject *s, const char *namespace, const char *name)
{
	char *key = mem_printf("%s/%s", namespace, name);
	struct model_interest *i = map_get(&s->interests, slice_str(key));

	mem_free(key);
	return i;
}

const struct model_interest *
model_subject_calls(const struct model_subject *s, const char *namespace,
    const char *name)
{
	return find(s, namespace, name);
}

bool
model_subject_call(struct model_subject *s, const char *namespace,
    const char *name)
{
	char *key = mem_printf("%s/%s", namespace, name);
	bool is_new = !map_has(&s->interests, slice_str(key));

	if (is_new) {
		struct model_interest *i = mem_zalloc(sizeof(*i));

		i->namespace = mem_strdup(namespace);
		i->name = mem_strdup(name);
		map_put(&s->interests, slice_str(key), i);
	}
	mem_free(key);
	return is_new;
}

bool
model_subject_uncall(struct model_subject *s, const char *namespace,
    const char *name)
{
	char *key = mem_printf("%s/%s", namespace, name);
	struct model_interest *i = map_del(&s->interests, slice_str(key));

	mem_free(key);
	if (i == NULL)
		return false;
	interest_free(i);
	return true;
}

/* Where the subject remembers this object, or NULL. */
static struct model_object **
place_of(struct model_subject *s, const struct model_object *o)
{
	const struct model_metadata *m = &o->head->meta;

	if (o->kind == &model_service_kind) {
		struct model_interest *i = find(s, m->namespace, m->name);

		return i == NULL ? NULL : &i->service;
	}
	if (o->kind == &model_workload_kind && strcmp(m->name, s->workload) == 0 &&
	    strcmp(m->namespace, s->namespace) == 0)
		return &s->self;
	return NULL;
}

/* Whether two versions would make model_concerns answer alike. */
static bool
selects_alike(const struct model_object *a, const struct model_object *b)
{
	return a != NULL && b != NULL &&
	    conf_equal(conf_find(a->node, "spec.selector"),
	    conf_find(b->node, "spec.selector")) &&
	    conf_equal(conf_find(a->node, "spec.services"),
	    conf_find(b->node, "spec.services")) &&
	    conf_equal(conf_find(a->node, "metadata.labels"),
	    conf_find(b->node, "metadata.labels"));
}

bool
model_subject_learn(struct model_subject *s, struct model_object *o)
{
	struct model_object **place = place_of(s, o), *old;

	if (place == NULL)
		return false;
	old = *place;
	*place = model_object_ref(o);
	bool alike = selects_alike(old, o);

	model_object_unref(old);
	return !alike;
}

bool
model_subject_unlearn(struct model_subject *s, const struct model_object *o)
{
	struct model_object **place = place_of(s, o);

	if (place == NULL || *place == NULL)
		return false;
	model_object_unref(*place);
	*place = NULL;
	return true;
}

bool
model_concerns(const struct model_subject *s, const struct model_object *o)
{
	return o->kind->delivery == MODEL_TO_MEMBERS && o->kind->concerns(s, o);
}

size_t
model_closure(struct model_subject *s, struct model_object *const *objects,
    size_t n, struct model_object **out)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		model_subject_learn(s, objects[i]);
	for (size_t i = 0; i < n; i++)
		if (model_concerns(s, objects[i]))
			out[len++] = objects[i];
	return len;
}

bool
model_subject_selects(const struct model_subject *s,
    const struct model_object *workload)
{
	const struct model_interest *i;
	size_t it = 0;
	void *value;

	while (map_next(&s->interests, &it, NULL, &value)) {
		i = value;
		if (i->service != NULL &&
		    model_workload_backs(workload, i->service))
			return true;
	}
	return false;
}

bool
model_subject_offers(const struct model_subject *s,
    const struct model_object *service)
{
	return s->self != NULL && model_workload_backs(s->self, service);
}

bool
model_subject_routes(const struct model_subject *s, const struct model_object *route,
    const struct model_parent_ref *parents, size_t n)
{
	const char *own = route->head->meta.namespace;

	for (size_t i = 0; i < n; i++) {
		const char *namespace = parents[i].namespace == NULL ? own :
		    parents[i].namespace;

		if (model_parent_is_service(&parents[i]) &&
		    (strcmp(namespace, own) == 0 ||
		    strcmp(s->namespace, own) == 0) &&
		    find(s, namespace, parents[i].name) != NULL)
			return true;
	}
	return false;
}

bool
model_subject_targets(const struct model_subject *s, const struct model_object *policy,
    const struct model_target_ref *targets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (model_ref_is(targets[i].group, targets[i].kind, "", "Service") &&
		    find(s, policy->head->meta.namespace, targets[i].name) != NULL)
			return true;
	return false;
}

bool
model_subject_knows(const struct model_subject *s, const char *namespace)
{
	size_t it = 0;
	void *value;

	while (map_next(&s->interests, &it, NULL, &value)) {
		const struct model_interest *i = value;

		if (strcmp(i->namespace, namespace) == 0)
			return true;
	}
	return strcmp(s->namespace, namespace) == 0;
}
