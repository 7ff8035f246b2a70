#include <strings.h>

#include "modes/control/api_caller.h"
#include "modes/control/api_rows.h"

/* api_rights: what the caller is and may, for the caller. */

void
api_whoami(struct api_call *call)
{
	struct conf_node *map = conf_map_new(&call->arena), *list;
	const struct rights *r = &call->rights;

	conf_set_slice(map, "user", call->person.user);
	list = conf_set_list(map, "groups");
	for (size_t i = 0; i < call->person.groups_len; i++)
		conf_add(list, conf_string_new(&call->arena,
		    call->person.groups[i]));
	conf_set_slice(map, "actor", call->who.actor);
	conf_set_slice(map, "how", call->who.how);
	conf_set_slice(map, "from", call->who.from);
	if (call->not_after != 0)
		conf_set_time(map, "until", call->not_after);
	conf_set_string(map, "role", model_role_name(r->everywhere));
	list = conf_set_list(map, "namespaces");
	for (size_t i = 0; i < r->in_len; i++) {
		struct conf_node *row = conf_add_map(list);

		conf_set_slice(row, "namespace", r->in[i].ns);
		conf_set_string(row, "role", model_role_name(rights_in(r,
		    r->in[i].ns)));
	}
	api_answer_node(call, 200, map);
}

static const struct {
	const char      *word;
	enum rights_verb verb;
} verbs[] = {
	{ "read", RIGHTS_READ }, { "get", RIGHTS_READ }, { "list", RIGHTS_READ },
	{ "watch", RIGHTS_READ }, { "write", RIGHTS_WRITE },
	{ "apply", RIGHTS_WRITE }, { "create", RIGHTS_WRITE },
	{ "update", RIGHTS_WRITE }, { "change", RIGHTS_WRITE },
	{ "delete", RIGHTS_WRITE },
};

static int
read_verb(struct api_call *call, enum rights_verb *verb)
{
	struct slice word = api_query(call, "verb");

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (slice_is(word, verbs[i].word)) {
			*verb = verbs[i].verb;
			return 0;
		}
	api_answer_fail(call, ERR_DATA, "verb: expected read (get, list, watch) "
	    "or write (apply, create, update, change, delete), found \"%.*s\"",
	    SLICE_ARG(word));
	return -1;
}

/* A kind by any of its names, or a resource of rights.h. */
static const struct rights_row *
read_resource(struct api_call *call)
{
	const char *word = arena_printf(&call->arena, "%.*s", SLICE_ARG(
	    api_query(call, "resource")));
	const struct model_kind *k = model_kind_named(word);

	if (k != NULL)
		word = k->plural;
	for (const struct rights_row *r = rights_table; r->resource != NULL; r++)
		if (strcasecmp(word, r->resource) == 0)
			return r;
	api_answer_fail(call, ERR_NOT_FOUND, "there is no kind and no resource "
	    "\"%s\"; mesh-api(7), Roles, lists them", word);
	return NULL;
}

void
api_can_i(struct api_call *call)
{
	struct slice ns = api_query(call, "namespace");
	struct conf_node *map = conf_map_new(&call->arena);
	const struct rights_row *row;
	enum rights_verb verb;
	struct str needs = { 0 };

	if (read_verb(call, &verb) < 0 || (row = read_resource(call)) == NULL)
		return;
	struct rights_need need = rights_need(slice_str(row->resource), verb,
	    ns);

	/* In all of them: as a ClusterRoleBinding gives it. */
	if (slice_is(ns, "*")) {
		ns = SLICE_NONE;
		if (need.reach == RIGHTS_HERE)
			need.reach = RIGHTS_EVERYWHERE;
	}
	if (ns.len == 0)
		ns = SLICE_NONE;
	conf_set_bool(map, "allowed", rights_meet(&call->rights, need, ns));
	conf_set_string(map, "resource", row->resource);
	if (need.reach != RIGHTS_ANYBODY) {
		rights_say(&needs, need, ns);
		conf_set_slice(map, "why", str_slice(&needs));
		str_fini(&needs);
	}
	api_answer_node(call, 200, map);
}
