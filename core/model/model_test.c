#include "base/unit.h"
#include "conf/yaml.h"
#include "model/model_test.h"

struct model_object *
object_from(const char *yaml)
{
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	const struct conf_node *n = conf_yaml_read(&a, slice_str(yaml), "t", &err);
	struct model_object *o = n == NULL ? NULL :
	    model_object_read(n, MODEL_STRICT, "default", &err);

	arena_fini(&a);
	if (o == NULL)
		fail_msg("%s", err.text);
	return o;
}
