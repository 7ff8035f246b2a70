#include <string.h>

#include "base/mem.h"
#include "model/closure_learn.h"
#include "model/gateway_tls.h"
#include "model/oidc_login.h"
#include "model/reference_grant.h"

/* What a proxy needs that runs a Gateway. */

void
model_subject_run(struct model_subject *s, const char *gateway)
{
	mem_free(s->gateway);
	s->gateway = mem_strdup(gateway);
}

static bool
is_same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static const char *
namespace_in(const char *namespace, const struct model_object *o)
{
	return namespace != NULL ? namespace : o->head->meta.namespace;
}

static bool
is_ours(const struct model_subject *s, const char *namespace, const char *name)
{
	return s->gateway != NULL && is_same(s->namespace, namespace) &&
	    is_same(s->gateway, name);
}

bool
model_subject_runs(const struct model_subject *s, const struct model_object *o)
{
	const struct model_object_ref *ref;

	if (o->kind == &model_gateway_kind)
		return is_ours(s, o->head->meta.namespace, o->head->meta.name);
	if (o->kind != &model_listener_set_kind)
		return false;
	ref = &model_listener_set(o)->spec.parent;
	return model_ref_is(ref->group, ref->kind, MODEL_GATEWAY_GROUP,
	    "Gateway") && is_ours(s, namespace_in(ref->namespace, o), ref->name);
}

bool
model_subject_note_front(struct model_subject *s, struct model_object *o,
    bool is_there)
{
	bool is_grant = o->kind == &model_reference_grant_kind;
	struct map *into = is_grant ? &s->grants : &s->fronts;
	struct slice key = slice_str(o->key);
	struct model_object *old = map_get(into, key);

	if (o->kind == &model_oidc_login_kind)
		return model_subject_note_login(s, o, is_there);
	is_there = is_there && (is_grant || model_subject_runs(s, o));
	if (old == (is_there ? o : NULL))
		return false;
	if (is_there)
		map_put(into, key, model_object_ref(o));
	else
		map_del(into, key);
	model_object_unref(old);
	return true;
}

static bool
has_set(const struct model_subject *s, const char *namespace, const char *name)
{
	size_t it = 0;
	void *value;

	while (map_next(&s->fronts, &it, NULL, &value)) {
		const struct model_object *o = value;

		if (o->kind == &model_listener_set_kind &&
		    is_same(o->head->meta.namespace, namespace) &&
		    is_same(o->head->meta.name, name))
			return true;
	}
	return false;
}

bool
model_subject_fronts(const struct model_subject *s,
    const struct model_object *route, const struct model_parent_ref *ref)
{
	const char *namespace = namespace_in(ref->namespace, route);

	if (model_ref_is(ref->group, ref->kind, MODEL_GATEWAY_GROUP, "Gateway"))
		return is_ours(s, namespace, ref->name);
	return model_ref_is(ref->group, ref->kind, MODEL_GATEWAY_GROUP,
	    "ListenerSet") && has_set(s, namespace, ref->name);
}

/* o is a Secret or a ConfigMap. */
static bool
is_granted(const struct model_subject *s, const struct model_object *front,
    const struct model_object *o)
{
	const struct model_metadata *m = &o->head->meta;
	size_t it = 0;
	void *grant;

	if (is_same(front->head->meta.namespace, m->namespace))
		return true;
	while (map_next(&s->grants, &it, NULL, &grant))
		if (model_grant_allows(grant, front, "", o->kind->kind,
		    m->namespace, m->name))
			return true;
	return false;
}

static bool
shows(const struct model_object *front, const struct model_listener *l,
    const struct model_object *secret)
{
	for (size_t i = 0; l->tls != NULL && i < l->tls->certificates_len; i++) {
		const struct model_object_ref *ref = &l->tls->certificates[i];

		if (model_ref_is(ref->group, ref->kind, "", "Secret") &&
		    is_same(namespace_in(ref->namespace, front),
		    secret->head->meta.namespace) &&
		    is_same(ref->name, secret->head->meta.name))
			return true;
	}
	return false;
}

static bool
front_refers(const struct model_object *front, const struct model_object *o)
{
	size_t n;

	const struct model_listener *l = model_listeners(front, &n);

	if (front->kind == &model_gateway_kind && model_gateway_refers(front, o))
		return true;
	for (size_t i = 0; o->kind == &model_secret_kind && i < n; i++)
		if (shows(front, &l[i], o))
			return true;
	return false;
}

bool
model_subject_shows(const struct model_subject *s, const struct model_object *o)
{
	size_t it = 0;
	void *value;

	while (map_next(&s->fronts, &it, NULL, &value))
		if (front_refers(value, o) && is_granted(s, value, o))
			return true;
	return model_subject_logs_in_by(s, o);
}
