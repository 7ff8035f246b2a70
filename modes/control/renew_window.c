#include "model/mesh_config.h"
#include "modes/control/renew_window.h"

int64_t
renew_window_s(const struct server *s)
{
	struct arena a;
	const struct model_object *o;

	arena_init(&a);
	o = registry_find(s->registry, slice_str(model_key(&a,
	    &model_mesh_config_kind, NULL, MODEL_MESH_CONFIG_NAME)));
	arena_fini(&a);
	return (o == NULL ? MODEL_RENEW_AFTER_EXPIRY_MS :
	    model_mesh_config(o)->spec.renew_after_expiry_ms) / 1000;
}
