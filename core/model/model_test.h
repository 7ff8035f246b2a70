#ifndef MODEL_MODEL_TEST_H
#define MODEL_MODEL_TEST_H

#include "base/unit.h"
#include "conf/yaml.h"
#include "model/object.h"

/* The object that a text says; a text that says none fails the test. */
static inline struct model_object *
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

#endif
