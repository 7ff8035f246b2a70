#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/print.h"
#include "modes/ctl/rows.h"

static int whoami(struct ctl *), can_i(struct ctl *);

static const struct ctl_example whoami_examples[] = {
	{ "auth whoami", "as whom control knows you, and your roles" },
	{ 0 },
};

static const struct ctl_example can_i_examples[] = {
	{ "auth can-i delete httproute -n pay", "yes, or no and what it needs" },
	{ "auth can-i create tokens", "a resource of mesh-api(7), Roles" },
	{ "auth can-i get services -A", "in every namespace" },
	{ 0 },
};

static const struct ctl_command auth_whoami = {
	.name = "whoami",
	.arguments = "",
	.summary = "show as whom control knows you, and your roles",
	.examples = whoami_examples,
	.run = whoami,
};

static const struct ctl_command auth_can_i = {
	.name = "can-i",
	.arguments = "VERB KIND",
	.summary = "ask whether you may do something",
	.text = "The verb is get, list, watch, apply, create, update, change or "
	    "delete; the kind that of a document, or a resource of mesh-api(7). "
	    "The exit code is 0 for yes, 1 for no.",
	.min = 2, .max = 2,
	.examples = can_i_examples,
	.run = can_i,
};

static const struct ctl_command *const below[] = { &auth_whoami, &auth_can_i,
	NULL };

const struct ctl_command cmd_auth = {
	.name = "auth",
	.arguments = "",
	.summary = "see what you may do",
	.text = "Roles are viewer, operator and admin, in a namespace or "
	    "everywhere. RoleBindings and ClusterRoleBindings give them (mesh ctl "
	    "explain rolebinding), and so do user add and operator create by "
	    "--role.",
	.below = below,
};

static void
add_row(struct conf_node *list, const char *ns, const char *role)
{
	struct conf_node *row = conf_add_map(list);

	conf_set_string(row, "namespace", ns);
	conf_set_string(row, "role", role);
}

static int
whoami(struct ctl *c)
{
	static const struct rows_column columns[] = {
		{ "NAMESPACE", "namespace", ROWS_TEXT, false },
		{ "ROLE", "role", ROWS_TEXT, false },
		{ 0 },
	};
	struct conf_node *answer, *rows = conf_list_new(&c->arena);
	struct err err = ERR_INIT;

	if (call_api(c, "GET", "/v1/whoami", NULL, &answer, &err) < 0)
		return ctl_fail_call(c, &err);
	if (print_node(c, answer))
		return CTL_OK;
	str_add(&c->out, "user    ");
	str_add_printable(&c->out, slice_str(conf_get_string(answer, "user")));
	str_add(&c->out, "\ngroups  ");
	if (conf_len(conf_get(answer, "groups")) == 0)
		str_add_char(&c->out, '-');
	CONF_FOREACH(e, conf_get(answer, "groups")) {
		if (e != conf_first(conf_get(answer, "groups")))
			str_add(&c->out, ", ");
		str_add_printable(&c->out, slice_str(conf_string(e->node)));
	}
	str_addf(&c->out, "\nby      %s\n\n", conf_get_string(answer, "how"));
	add_row(rows, "*", conf_get_string(answer, "role"));
	CONF_FOREACH(e, conf_get(answer, "namespaces"))
		add_row(rows, conf_get_string(e->node, "namespace"),
		    conf_get_string(e->node, "role"));
	rows_print(c, rows, columns, "roles");
	return CTL_OK;
}

static int
can_i(struct ctl *c)
{
	const char *path = call_query(c, call_query(c, call_query(c, "/v1/can-i",
	    "verb", ctl_word(c, 0)), "resource", ctl_word(c, 1)), "namespace",
	    c->namespace == NULL ? "*" : c->namespace);
	struct conf_node *answer;
	struct err err = ERR_INIT;
	bool is_allowed;

	if (call_api(c, "GET", path, NULL, &answer, &err) < 0)
		return ctl_fail_call(c, &err);
	is_allowed = conf_get_bool(answer, "allowed", false);
	if (!print_node(c, answer)) {
		str_add(&c->out, is_allowed ? "yes\n" : "no\n");
		if (!is_allowed)
			ctl_say(c, "%s", conf_get_string(answer, "why"));
	}
	return is_allowed ? CTL_OK : CTL_NO;
}
