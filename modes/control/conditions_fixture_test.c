#include <string.h>

#include "base/unit.h"
#include "conf/json.h"
#include "modes/control/conditions.h"
#include "modes/control/conditions_fixture.h"

const struct model_object *
conditions_find(struct server_fixture *t, const char *key)
{
	const struct model_object *o = registry_find(t->s->registry,
	    slice_str(key));

	if (o == NULL)
		fail_msg("no %s", key);
	return o;
}

/* "Accepted=True/Accepted@1 ..." of every group, groups behind "|". */
static void
add_conditions(struct str *out, const struct conf_node *of)
{
	CONF_FOREACH(e, conf_get(of, "conditions"))
		str_addf(out, "%s%s=%s/%s", out->len > 0 ? " " : "",
		    conf_get_string(e->node, "type"),
		    conf_get_string(e->node, "status"),
		    conf_get_string(e->node, "reason"));
}

static void
write_all(struct str *out, struct server_fixture *t, const char *key)
{
	static const char *const lists[] = { "parents", "listeners",
		"ancestors" };
	struct err err = ERR_INIT;
	struct arena a;
	struct slice json = conditions_of(t->s->conditions,
	    conditions_find(t, key));

	arena_init(&a);
	const struct conf_node *status = conf_json_read(&a, json, "test", &err);

	str_clear(out);
	add_conditions(out, status);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		CONF_FOREACH(e, conf_get(status, lists[i])) {
			str_add(out, " |");
			add_conditions(out, e->node);
		}
	arena_fini(&a);
}

/* A slow machine may see what depends on proxies some turns later. */
void
conditions_expect(struct server_fixture *t, const char *key, const char *want)
{
	struct str got = { 0 };

	write_all(&got, t, key);
	for (int i = 0; i < 2000 && strcmp(str_ptr(&got), want) != 0; i++) {
		server_fixture_turn(t);
		write_all(&got, t, key);
	}
	assert_string_equal(str_ptr(&got), want);
	str_fini(&got);
}
