#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/names.h"
#include "modes/ctl/rows.h"

static int services(struct ctl *);

static const struct ctl_example examples[] = {
	{ "services", "those of the namespace" },
	{ "services -A", "those of all" },
	{ 0 },
};

const struct ctl_command cmd_services = {
	.name = "services",
	.arguments = "",
	.summary = "list services with their ports and endpoints",
	.examples = examples,
	.run = services,
};

static const struct rows_column columns[] = {
	{ "NAMESPACE", "namespace", ROWS_TEXT, false },
	{ "NAME", "name", ROWS_TEXT, false },
	{ "PORTS", "ports", ROWS_TEXT, false },
	{ "WORKLOADS", "workloads", ROWS_NUMBER, false },
	{ "ONLINE", "online", ROWS_NUMBER, false },
	{ "ENDPOINTS", "endpoints", ROWS_NUMBER, false },
	{ "READY", "ready", ROWS_NUMBER, false },
	{ "AUTO", "autoCreated", ROWS_YES, true },
	{ 0 },
};

/* [{port: 80, protocol: http}] as people write it: 80/http. */
static void
shorten_ports(struct ctl *c, struct conf_node *row)
{
	struct conf_node *list = conf_list_new(&c->arena);

	CONF_FOREACH(e, conf_get(row, "ports")) {
		const char *protocol = conf_get_string(e->node, "protocol");

		conf_add_string(list, arena_printf(&c->arena, "%lld/%s",
		    (long long)conf_get_int(e->node, "port", 0),
		    protocol == NULL ? "?" : protocol));
	}
	conf_set(row, "ports", list);
}

static int
services(struct ctl *c)
{
	struct err err = ERR_INIT;
	const char *path = call_query(c, call_query(c, "/v1/services",
	    "namespace", c->namespace), "selector", ctl_value(c, "selector"));
	struct conf_node *list = call_list(c, path, "items", &err);

	if (list == NULL)
		return ctl_fail_call(c, &err);
	if (c->format != CTL_JSON && c->format != CTL_YAML)
		CONF_FOREACH(e, list)
			shorten_ports(c, e->node);
	/* Without -A the namespace is the same in every row. */
	rows_print(c, list, c->namespace == NULL ? columns : columns + 1,
	    names_sought(c, "services", true));
	return CTL_OK;
}
