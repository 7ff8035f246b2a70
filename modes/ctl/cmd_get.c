#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/documents.h"
#include "modes/ctl/input.h"
#include "modes/ctl/names.h"
#include "modes/ctl/print.h"

static int get(struct ctl *), workloads(struct ctl *);

static const struct ctl_example examples[] = {
	{ "get services", "those of the namespace" },
	{ "get svc -A -o wide", "those of all, with more columns" },
	{ "get service web -o yaml", "one, ready to be changed and applied" },
	{ "get workloads -l app=web", "those with a label" },
	{ "get service/web service/api -o json", "two, for a script" },
	{ 0 },
};

const struct ctl_command cmd_get = {
	.name = "get",
	.arguments = "KIND [NAME...]",
	.summary = "list documents, or show those that are named",
	.text = "KIND is what `mesh ctl explain` lists, in any of its forms, "
	    "or KIND.GROUP. What -o yaml and -o json print can be applied again. "
	    "A name that is not there makes the exit code 1. With -o wide, documents that have "
	    "conditions show them: True, or why not.",
	.min = 1, .max = -1, .word = CTL_WORD_KIND,
	.examples = examples,
	.run = get,
};

static const struct ctl_example workloads_examples[] = {
	{ "workloads", "instances in the namespace, and how they are" },
	{ "workloads -A -o wide", "all of them, with zone and account" },
	{ 0 },
};

const struct ctl_command cmd_workloads = {
	.name = "workloads",
	.arguments = "",
	.summary = "list the instances of services and their state",
	.examples = workloads_examples,
	.run = workloads,
};

static int
get_list(struct ctl *c, const struct model_kind *k)
{
	struct err err = ERR_INIT;
	const struct conf_node *list = documents_list(c, k, &err);

	if (list == NULL)
		return ctl_fail_call(c, &err);
	if (conf_len(list) == 0) {
		ctl_say(c, "no %s", names_sought(c, k->plural, k->namespaced));
		if (c->format != CTL_JSON)
			return CTL_OK;
	}
	print_documents(c, k, list);
	return CTL_OK;
}

/* All that are there are shown, whatever the others are. */
static int
get_names(struct ctl *c, const struct model_kind *k, size_t first)
{
	struct conf_node *found = conf_list_new(&c->arena);
	struct conf_node *doc = NULL;
	int code = CTL_OK;

	for (size_t i = first; i < c->args.len; i++) {
		const char *path = documents_path(c, k, c->namespace,
		    input_name(c, i));
		struct err err = ERR_INIT;

		if (call_api(c, "GET", path, NULL, &doc, &err) == 0)
			conf_add(found, doc);
		else {
			code = ctl_fail_call(c, &err);
			if (err.kind != ERR_NOT_FOUND)
				return code;
		}
	}
	if (c->args.len - first == 1 && conf_len(found) == 1)
		print_document(c, k, doc);
	else if (conf_len(found) > 0)
		print_documents(c, k, found);
	return code;
}

static int
get(struct ctl *c)
{
	const struct model_kind *k;
	size_t first;
	int code = documents_kind(c, &k, &first);

	if (code != CTL_OK)
		return code;
	return c->args.len > first ? get_names(c, k, first) : get_list(c, k);
}

static int
workloads(struct ctl *c)
{
	return get_list(c, &model_workload_kind);
}
