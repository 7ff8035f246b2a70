#include "conf/json.h"
#include "model/secret.h"
#include "modes/control/secrecy.h"

static const char *const fields[] = { "data", "stringData" };
#define FIELDS	(sizeof(fields) / sizeof(fields[0]))

void
secrecy_write(struct str *out, const struct conf_node *doc)
{
	struct arena a;

	arena_init(&a);
	conf_json_write(out, model_secret_shown(doc, &a));
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
