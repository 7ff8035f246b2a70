#include "model/set.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/ctl_run.h"
#include "modes/ctl/input.h"
#include "modes/ctl/protocol.h"
#include "route/document.h"

static int validate(struct ctl *);

static const struct ctl_example examples[] = {
	{ "validate -f shop.yaml", "check one file" },
	{ "validate -f shop/ -R", "check a directory and those below it" },
	{ "validate -f - < shop.yaml", "check standard input" },
	{ 0 },
};

const struct ctl_command cmd_validate = {
	.name = "validate",
	.arguments = "",
	.needs = "--filename FILE",
	.summary = "check documents without talking to control",
	.text = "Reads YAML and JSON as strictly as control and proxies do: an "
	    "unknown field, a key that appears twice, a value of another type, "
	    "and an unquoted word that YAML readers understand differently are "
	    "faults. "
	    "So is a route of which a rule cannot be used. The first of each "
	    "document is reported with file, line and column; then the exit "
	    "code is 65, as it is where there is no document at all.",
	.options = input_options,
	.examples = examples,
	.run = validate,
};

static int
check_routes(struct ctl *c, const struct model_set *set)
{
	int code = CTL_OK;

	for (size_t i = 0; i < set->len; i++) {
		struct err err = ERR_INIT;

		if (model_route(set->objects[i]) != NULL &&
		    route_compiles(set->objects[i], &err) < 0)
			code = ctl_fail(c, &err);
	}
	return code;
}

static int
validate(struct ctl *c)
{
	struct model_set set;
	int code = input_read(c, &set);

	protocol_warn(c, &set);
	if (code == CTL_OK)
		code = check_routes(c, &set);
	for (size_t i = 0; i < set.len && code == CTL_OK; i++) {
		input_add_ref(&c->out, set.objects[i]->kind,
		    model_object_name(set.objects[i]));
		str_add(&c->out, " is valid\n");
	}
	model_set_fini(&set);
	return code;
}
