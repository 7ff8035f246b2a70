#include <string.h>

#include "base/unit.h"
#include "route/set_test.h"

void
test_set_read(struct model_set *set, enum model_read mode, const char *documents)
{
	model_set_init(set, mode, "default");
	model_set_read_text(set, slice_str(documents), "test.yaml", CONF_YAML);
	if (set->faults_len > 0)
		fail_msg("%s", set->faults[0].err.text);
}

const struct model_object *
test_set_named(const struct model_set *set, const char *name)
{
	for (size_t i = 0; i < set->len; i++)
		if (strcmp(set->objects[i]->head->meta.name, name) == 0)
			return set->objects[i];
	fail_msg("no %s", name);
	return NULL;
}
