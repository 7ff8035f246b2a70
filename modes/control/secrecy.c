#include <string.h>

#include "conf/json.h"
#include "model/secret.h"
#include "modes/control/registry_merge.h"
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

/* The map of the document that has the value; NULL: it was kept. */
static const struct conf_node *
map_with(const struct conf_node *doc, const char *key, const char **field)
{
	*field = fields[0];
	for (size_t i = FIELDS; i-- > 0;) {
		const struct conf_node *map = conf_get(doc, fields[i]);

		if (conf_get(map, key) == NULL)
			continue;
		*field = fields[i];
		return map;
	}
	return NULL;
}

static int
refuse(const struct conf_node *sent, const struct err *why, struct err *err)
{
	const char *key = slice_has_prefix(slice_str(why->text),
	    SLICE("tls.crt")) ? "tls.crt" : "tls.key", *field;
	const struct conf_node *map = map_with(sent, key, &field);
	const struct conf_node *at = map == NULL ? sent : conf_get(map, key);

	return conf_error(at, err, "%s[%s]%s", field, key,
	    why->text + strlen(key));
}

int
secrecy_check(const struct conf_node *sent, struct slice value, struct err *err)
{
	struct err why = ERR_INIT;
	struct model_object *o = registry_revive(value, 0, err);
	int result = 0;

	if (o == NULL)
		return -1;
	if (strcmp(model_secret(o)->type, MODEL_SECRET_TLS) == 0 &&
	    model_secret_check_pair(o, &why) < 0)
		result = refuse(sent, &why, err);
	model_object_unref(o);
	return result;
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
