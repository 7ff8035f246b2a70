#include <string.h>

#include "model/authorities.h"
#include "model/closure_learn.h"
#include "model/service.h"
#include "model/xbackend.h"

/* What a proxy needs for calls to what is outside the mesh. */

bool
model_subject_is_local(const struct model_subject *s, const char *namespace)
{
	return strcmp(s->namespace, namespace) == 0;
}

bool
model_subject_note_tls(struct model_subject *s, struct model_object *o,
    bool is_there)
{
	struct slice key = slice_str(o->key);
	struct model_object *old = map_get(&s->tls, key);

	is_there = is_there && model_concerns(s, o);
	if (old == (is_there ? o : NULL))
		return false;
	if (is_there)
		map_put(&s->tls, key, model_object_ref(o));
	else
		map_del(&s->tls, key);
	model_object_unref(old);
	return true;
}

/*
 * A Secret goes to the proxies of its own namespace alone, whoever calls: an
 * interest is what a member says, and no reason to give it a key.
 */
bool
model_subject_presents(const struct model_subject *s,
    const struct model_object *secret)
{
	const struct model_metadata *m = &secret->head->meta;
	size_t it = 0;
	void *value;

	if (!model_subject_is_local(s, m->namespace))
		return false;
	while (map_next(&s->tls, &it, NULL, &value)) {
		const struct model_object *o = value;
		const struct model_object_ref *ref =
		    o->kind == &model_xbackend_kind ? model_xbackend_shown(o) :
		    NULL;

		if (ref != NULL && model_ref_is(ref->group, ref->kind, "",
		    "Secret") && strcmp(o->head->meta.namespace,
		    m->namespace) == 0 && strcmp(ref->name, m->name) == 0 &&
		    (ref->namespace == NULL ||
		    strcmp(ref->namespace, m->namespace) == 0))
			return true;
	}
	return false;
}

bool
model_subject_trusts(const struct model_subject *s,
    const struct model_object *config_map)
{
	size_t it = 0;
	void *policy;

	while (map_next(&s->tls, &it, NULL, &policy))
		if (model_authorities_refer(policy, config_map))
			return true;
	return false;
}
