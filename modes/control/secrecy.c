#include "conf/json.h"
#include "modes/control/secrecy.h"

static const char *const fields[] = { "data", "stringData" };
#define FIELDS	(sizeof(fields) / sizeof(fields[0]))

static void
redact(struct conf_node *doc)
{
	for (size_t i = 0; i < FIELDS; i++)
		CONF_FOREACH(e, conf_get(doc, fields[i]))
			conf_set_string(conf_get(doc, fields[i]), e->key.ptr, "");
	/* kubectl keeps all that was applied in an annotation of its own. */
	conf_unset(conf_find(doc, "metadata.annotations"),
	    "kubectl.kubernetes.io/last-applied-configuration");
}

void
secrecy_write(struct str *out, const struct conf_node *doc)
{
	struct conf_node *copy;
	struct arena a;

	arena_init(&a);
	copy = conf_copy(&a, doc);
	redact(copy);
	conf_json_write(out, copy);
	arena_fini(&a);
}

void
secrecy_keep(struct conf_node *doc, const struct conf_node *there)
{
	for (size_t i = 0; i < FIELDS; i++) {
		struct conf_node *map = conf_get(doc, fields[i]);

		CONF_FOREACH(e, map) {
			const struct conf_node *had = conf_get(conf_get(there,
			    fields[i]), e->key.ptr);
			const char *now = conf_string(e->node);

			if (had != NULL && now != NULL && *now == '\0')
				conf_set(map, e->key.ptr,
				    conf_copy(map->items.arena, had));
		}
	}
}
