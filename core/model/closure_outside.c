#include <string.h>

#include "model/authorities.h"
#include "model/closure.h"
#include "model/service.h"

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
