#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "conf/json.h"
#include "conf/stream.h"
#include "conf/yaml.h"
#include "model/object.h"

/* A document that is written, in either format, reads back as the same. */
static void
write_and_read(struct arena *a, const struct conf_node *root)
{
	struct err err = ERR_INIT;
	struct str text = { 0 };

	conf_json_write(&text, root);
	check(conf_equal(conf_json_read(a, str_slice(&text), "j", &err), root));
	str_clear(&text);
	conf_yaml_write(&text, root);
	check(conf_equal(conf_yaml_read(a, str_slice(&text), "y", &err), root));
	str_fini(&text);
}

static void
decode(const struct conf_node *root, enum model_read how)
{
	struct err err = ERR_INIT;
	struct model_object *o = model_object_read(root, how, "default", &err);

	if (o == NULL)
		check(err.kind != ERR_NONE && err.text[0] != '\0');
	else
		check(conf_equal(conf_get(o->node, "spec"),
		    conf_get(root, "spec")));
	model_object_unref(o);
}

int
fuzz_document(const uint8_t *data, size_t size)
{
	struct conf_stream s;
	struct conf_node *root;
	struct err err = ERR_INIT;
	struct arena a;
	int more;

	arena_init(&a);
	conf_stream_init(&s, slice_of(data, size), "f", CONF_YAML);
	while ((more = conf_stream_next(&s, &a, &root, &err)) != 0) {
		if (more == 1) {
			write_and_read(&a, root);
			decode(root, MODEL_STRICT);
			decode(root, MODEL_KNOWN);
		} else {
			check(err.kind != ERR_NONE);
		}
	}
	arena_fini(&a);
	return 0;
}
