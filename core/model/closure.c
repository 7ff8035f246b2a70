#include <string.h>

#include "base/mem.h"
#include "model/closure_learn.h"
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

static void
object_free(void *arg)
{
	model_object_unref(arg);
}

void
model_subject_fini(struct model_subject *s)
{
	map_fini(&s->interests, interest_free);
	map_fini(&s->backends, interest_free);
	map_fini(&s->routes, object_free);
	map_fini(&s->fronts, object_free);
	map_fini(&s->grants, object_free);
	map_fini(&s->logins, object_free);
	map_fini(&s->tls, object_free);
	map_fini(&s->offers, object_free);
	map_fini(&s->extensions, NULL);
	map_fini(&s->asking, object_free);
	model_object_unref(s->mesh);
	mem_free(s->gateway);
	mem_free(s->namespace);
	mem_free(s->workload);
	model_object_unref(s->self);
	*s = (struct model_subject){ 0 };
}

static struct model_interest *
find(const struct map *in, const char *namespace, const char *name)
{
	char *key = mem_printf("%s/%s", namespace, name);
	struct model_interest *i = map_get(in, slice_str(key));

	mem_free(key);
	return i;
}

const struct model_interest *
model_subject_calls(const struct model_subject *s, const char *namespace,
    const char *name)
{
	const struct model_interest *i = find(&s->interests, namespace, name);

	return i != NULL || s->backends.len == 0 ? i :
	    find(&s->backends, namespace, name);
}

static bool
add(struct map *to, const char *namespace, const char *name)
{
	char *key = mem_printf("%s/%s", namespace, name);
	bool is_new = !map_has(to, slice_str(key));

	if (is_new) {
		struct model_interest *i = mem_zalloc(sizeof(*i));

		i->namespace = mem_strdup(namespace);
		i->name = mem_strdup(name);
		map_put(to, slice_str(key), i);
	}
	mem_free(key);
	return is_new;
}

bool
model_subject_call(struct model_subject *s, const char *namespace,
    const char *name)
{
	return add(&s->interests, namespace, name);
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

/* --- what passes by ------------------------------------------------------------ */

static bool
is_self(const struct model_subject *s, const struct model_object *o)
{
	return o->kind == &model_workload_kind &&
	    strcmp(o->head->meta.name, s->workload) == 0 &&
	    strcmp(o->head->meta.namespace, s->namespace) == 0;
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

/* Puts o (NULL: nothing) in a place; true: others may be judged anew. */
static bool
place(struct model_object **at, struct model_object *o)
{
	struct model_object *old = *at;
	bool alike = o == NULL ? old == NULL : selects_alike(old, o);

	*at = o == NULL ? NULL : model_object_ref(o);
	model_object_unref(old);
	return !alike;
}

static bool
place_service(struct map *in, const struct model_object *key,
    struct model_object *o)
{
	struct model_interest *i = find(in, key->head->meta.namespace,
	    key->head->meta.name);

	return i != NULL && place(&i->service, o);
}

static void
note_backend(void *arg, const char *namespace, const char *name)
{
	add(arg, namespace, name);
}

/* What routes send to and policies ask; what is known of them stays known. */
static bool
renew_backends(struct model_subject *s)
{
	struct map before = s->backends;
	size_t it = 0, kept = 0;
	struct slice key;
	void *value;

	map_init(&s->backends);
	while (map_next(&s->routes, &it, NULL, &value)) {
		const struct model_object *route = value;

		route->kind->backends(route, note_backend, &s->backends);
	}
	model_subject_asks(s, note_backend, &s->backends);
	for (it = 0; map_next(&before, &it, &key, &value);) {
		struct model_interest *old = value,
		    *now = map_get(&s->backends, key);

		kept += now != NULL;
		if (now != NULL)
			place(&now->service, old->service);
	}
	bool is_same = kept == before.len && kept == s->backends.len;

	map_fini(&before, interest_free);
	return !is_same;
}

static bool
renew(struct model_subject *s)
{
	bool is_news = model_subject_renew_extensions(s);

	return renew_backends(s) || is_news;
}

/* Takes note of a route, or that it is gone or of no concern. */
static bool
note_route(struct model_subject *s, struct model_object *o, bool is_there)
{
	struct slice key = slice_str(o->key);
	struct model_object *old = map_get(&s->routes, key);

	is_there = is_there && model_concerns(s, o);
	if (old == (is_there ? o : NULL))
		return false;
	if (is_there)
		map_put(&s->routes, key, model_object_ref(o));
	else
		map_del(&s->routes, key);
	model_object_unref(old);
	return true;
}

/* Who logs in at a route follows from where it hangs. */
static bool
learn_route(struct model_subject *s, struct model_object *o, bool is_there)
{
	size_t before = model_subject_logins_at(s, o);
	bool is_news = note_route(s, o, is_there) && renew(s);

	return model_subject_logins_at(s, o) != before || is_news;
}

static bool
learn(struct model_subject *s, struct model_object *o, bool is_there)
{
	struct model_object *now = is_there ? o : NULL;

	if (s->gateway != NULL && model_subject_note_front(s, o, is_there))
		return true;
	if (o->kind->backends != NULL)
		return learn_route(s, o, is_there);
	if (o->kind == &model_backend_tls_policy_kind ||
	    o->kind == &model_xbackend_kind)
		return model_subject_note_tls(s, o, is_there);
	if (o->kind == &model_authorization_policy_kind ||
	    o->kind == &model_mesh_config_kind)
		return model_subject_note_asking(s, o, is_there) && renew(s);
	if (o->kind == &model_service_kind) {
		bool is_news = model_subject_note_offer(s, o, is_there);

		is_news |= place_service(&s->interests, o, now);

		return (s->backends.len > 0 &&
		    place_service(&s->backends, o, now)) || is_news;
	}
	return is_self(s, o) && place(&s->self, now);
}

bool
model_subject_learn(struct model_subject *s, struct model_object *o)
{
	return learn(s, o, true);
}

bool
model_subject_unlearn(struct model_subject *s, const struct model_object *o)
{
	union { const struct model_object *from; struct model_object *to; } u = {
		o };
	/* The subject may hold the last reference, and more than one. */
	struct model_object *kept = model_object_ref(u.to);
	bool is_news = learn(s, kept, false);

	model_object_unref(kept);
	return is_news;
}

bool
model_concerns(const struct model_subject *s, const struct model_object *o)
{
	return o->kind->delivery == MODEL_TO_MEMBERS && o->kind->concerns(s, o);
}

/* Whom policies ask follows from what the subject offers. */
static void
learn_asked(struct model_subject *s, struct model_object *const *objects,
    size_t n)
{
	bool is_news = false;

	for (size_t i = 0; i < n; i++)
		is_news |= model_subject_note_asking(s, objects[i], true);
	if (is_news)
		renew(s);
	for (size_t i = 0; s->asking.len > 0 && i < n; i++)
		if (objects[i]->kind == &model_service_kind)
			place_service(&s->backends, objects[i], objects[i]);
}

size_t
model_closure(struct model_subject *s, struct model_object *const *objects,
    size_t n, struct model_object **out)
{
	bool is_news = false;
	size_t len = 0;

	/* First what routes hang on, and they: other answers follow from them. */
	for (size_t i = 0; s->gateway != NULL && i < n; i++)
		model_subject_note_front(s, objects[i], true);
	for (size_t i = 0; i < n; i++)
		if (objects[i]->kind->backends != NULL)
			is_news |= note_route(s, objects[i], true);
	if (is_news)
		renew(s);
	/* Which of the Services it offers follows from it. */
	for (size_t i = 0; i < n; i++)
		if (is_self(s, objects[i]))
			place(&s->self, objects[i]);
	for (size_t i = 0; i < n; i++)
		if (objects[i]->kind->backends == NULL)
			model_subject_learn(s, objects[i]);
	learn_asked(s, objects, n);
	for (size_t i = 0; i < n; i++)
		if (model_concerns(s, objects[i]))
			out[len++] = objects[i];
	return len;
}

static bool
selects(const struct map *in, const struct model_object *workload)
{
	size_t it = 0;
	void *value;

	while (map_next(in, &it, NULL, &value)) {
		const struct model_interest *i = value;

		if (i->service != NULL &&
		    model_workload_backs(workload, i->service))
			return true;
	}
	return false;
}

bool
model_subject_selects(const struct model_subject *s,
    const struct model_object *workload)
{
	return selects(&s->interests, workload) || selects(&s->backends, workload);
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

		if (s->gateway != NULL &&
		    model_subject_fronts(s, route, &parents[i]))
			return true;
		if (model_parent_is_service(&parents[i]) &&
		    (strcmp(namespace, own) == 0 ||
		    strcmp(s->namespace, own) == 0) &&
		    find(&s->interests, namespace, parents[i].name) != NULL)
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
		    model_subject_calls(s, policy->head->meta.namespace,
		    targets[i].name) != NULL)
			return true;
	return false;
}
