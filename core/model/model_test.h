#ifndef MODEL_MODEL_TEST_H
#define MODEL_MODEL_TEST_H

#include "base/check.h"
#include "base/unit.h"
#include "conf/yaml.h"
#include "model/object.h"

/*
 * model_test: documents that tests write as text, in namespace "default" or
 * another.
 */

/* Gives the object; the test fails if the text says none. */
static inline struct model_object *
object_of(const char *namespace, const char *yaml)
{
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	const struct conf_node *n = conf_yaml_read(&a, slice_str(yaml), "t", &err);
	struct model_object *o = n == NULL ? NULL :
	    model_object_read(n, MODEL_STRICT, namespace, &err);

	arena_fini(&a);
	if (o == NULL)
		fail_msg("%s: %s", yaml, err.text);
	check(o != NULL);	/* gcc is not told that fail_msg never returns */
	return o;
}

static inline struct model_object *
object_from(const char *yaml)
{
	return object_of("default", yaml);
}

/* Why a text is no object: the test fails if it is one, or no YAML. */
static inline struct err
object_refusal(const char *yaml)
{
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	const struct conf_node *n = conf_yaml_read(&a, slice_str(yaml), "t", &err);

	if (n == NULL)
		fail_msg("%s: %s", yaml, err.text);
	if (model_object_read(n, MODEL_STRICT, "default", &err) != NULL)
		fail_msg("%s was read", yaml);
	arena_fini(&a);
	return err;
}

#endif
