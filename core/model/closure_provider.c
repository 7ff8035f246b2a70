#include "model/authorization_policy.h"
#include "model/closure_learn.h"
#include "model/mesh_config.h"

static bool
asks(const struct model_object *o)
{
	return o->kind == &model_authorization_policy_kind &&
	    model_authorization_policy(o)->spec.action == MODEL_AUTHZ_CUSTOM;
}

void
model_provider_asked(const struct model_object *mesh_config,
    const struct model_object *policy, model_backend_fn *fn, void *arg)
{
	const struct model_extension_provider *p = !asks(policy) ? NULL :
	    model_extension_provider(mesh_config,
	    model_authorization_policy(policy)->spec.provider->name);

	if (p != NULL)
		fn(arg, model_auth_provider(p)->namespace,
		    model_auth_provider(p)->service);
}

static bool
note_mesh(struct model_subject *s, struct model_object *now)
{
	struct model_object *old = s->mesh;

	if (old == now)
		return false;
	s->mesh = now == NULL ? NULL : model_object_ref(now);
	model_object_unref(old);
	return true;
}

bool
model_subject_note_asking(struct model_subject *s, struct model_object *o,
    bool is_there)
{
	struct slice key = slice_str(o->key);
	struct model_object *old;

	if (o->kind == &model_mesh_config_kind)
		return note_mesh(s, is_there ? o : NULL);
	if (o->kind != &model_authorization_policy_kind)
		return false;
	old = map_get(&s->asking, key);
	is_there = is_there && asks(o) && model_concerns(s, o);
	if (old == (is_there ? o : NULL))
		return false;
	if (is_there)
		map_put(&s->asking, key, model_object_ref(o));
	else
		map_del(&s->asking, key);
	model_object_unref(old);
	return true;
}

void
model_subject_asks(const struct model_subject *s, model_backend_fn *fn,
    void *arg)
{
	size_t it = 0;
	void *policy;

	while (map_next(&s->asking, &it, NULL, &policy))
		model_provider_asked(s->mesh, policy, fn, arg);
}
