#include "base/build.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/ctl_run.h"
#include "modes/ctl/print.h"

static int version(struct ctl *);

static const struct ctl_example examples[] = {
	{ "version", "of this program" },
	{ "version -o json", "the same for a script" },
	{ 0 },
};

const struct ctl_command cmd_version = {
	.name = "version",
	.arguments = "",
	.summary = "print the version",
	.examples = examples,
	.run = version,
};

static int
version(struct ctl *c)
{
	struct conf_node *v = conf_map_new(&c->arena);

	conf_set_string(v, "version", build_version());
	conf_set_string(v, "commit", build_commit());
	if (print_node(c, v))
		return CTL_OK;
	str_addf(&c->out, "mesh %s (commit %s)\n", build_version(),
	    build_commit());
	return CTL_OK;
}
