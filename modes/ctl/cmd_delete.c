#include <string.h>

#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/documents.h"
#include "modes/ctl/input.h"

static int delete(struct ctl *);

static const struct ctl_option options[] = {
	INPUT_OPTIONS,
	{ "dry-run", 0, NULL, .text = "show what would change, and change nothing" },
	{ "ignore-not-found", 0, NULL,
	    .text = "do not fail when something does not exist" },
	{ 0 },
};

static const struct ctl_example examples[] = {
	{ "delete service web", "one document; it asks first" },
	{ "delete svc/web svc/api --yes", "two, without being asked" },
	{ "delete -f shop.yaml --yes", "what a file names" },
	{ 0 },
};

const struct ctl_command cmd_delete = {
	.name = "delete",
	.arguments = "[KIND NAME...]",
	.summary = "delete documents",
	.text = "Without a terminal to ask on, --yes is required. The exit code "
	    "is 1 if something was not there.",
	.max = -1, .word = CTL_WORD_KIND,
	.options = options,
	.examples = examples,
	.asks = true,
	.run = delete,
};

static int
delete_one(struct ctl *c, const struct model_kind *k, const char *namespace,
    const char *name)
{
	bool dry_run = ctl_has(c, "dry-run");
	const char *path = call_query(c, documents_path(c, k, namespace, name),
	    "dry-run", dry_run ? "true" : NULL);
	struct err err = ERR_INIT;

	if (call_api(c, "DELETE", path, NULL, NULL, &err) < 0) {
		if (err.kind == ERR_NOT_FOUND && ctl_has(c, "ignore-not-found"))
			return CTL_OK;
		return ctl_fail_call(c, &err);
	}
	input_add_ref(&c->out, k, name);
	if (c->format != CTL_NAME)
		str_addf(&c->out, " deleted%s", dry_run ? " (dry run)" : "");
	str_add_char(&c->out, '\n');
	return ctl_flush(c);
}

/* The first that fails for another reason than not being there ends it. */
static bool
is_end(int *code, int result)
{
	if (result != CTL_OK)
		*code = result;
	return result != CTL_OK && result != CTL_NO;
}

/* Backwards: what refers to something goes before it. */
static int
delete_objects(struct ctl *c, const struct model_set *set)
{
	int code = CTL_OK;

	for (size_t i = set->len; i > 0; i--) {
		const struct model_object *o = set->objects[i - 1];

		if (is_end(&code, delete_one(c, o->kind, o->head->meta.namespace,
		    o->head->meta.name)))
			break;
	}
	return code;
}

static int
delete_set(struct ctl *c)
{
	struct model_set set;
	int code = input_read(c, &set);

	for (size_t i = 0; i < set.len && code == CTL_OK; i++)
		code = documents_stored(c, set.objects[i]->kind);
	if (code == CTL_OK && !ctl_has(c, "dry-run"))
		code = ctl_confirm(c, "delete %zu documents?", set.len);
	if (code == CTL_OK)
		code = delete_objects(c, &set);
	model_set_fini(&set);
	return code;
}

static int
delete_names(struct ctl *c)
{
	const struct model_kind *k;
	struct str names = { 0 };
	size_t first;
	int code = documents_kind(c, &k, &first);

	if (code == CTL_OK && c->args.len == first)
		code = ctl_misused(c, "say which %s", k->plural);
	if (code != CTL_OK)
		return code;
	for (size_t i = first; i < c->args.len; i++) {
		if (i > first)
			str_add(&names, ", ");
		input_add_ref(&names, k, input_name(c, i));
	}
	if (!ctl_has(c, "dry-run"))
		code = ctl_confirm(c, "delete %s?", str_ptr(&names));
	str_fini(&names);
	if (code != CTL_OK)
		return code;
	for (size_t i = first; i < c->args.len; i++)
		if (is_end(&code, delete_one(c, k, c->namespace, input_name(c, i))))
			break;
	return code;
}

static int
delete(struct ctl *c)
{
	bool files = args_nth(&c->args, "filename", 0) != NULL;

	if (files == (c->args.len > 0))
		return ctl_misused(c, "say KIND NAME... or -f FILE");
	return files ? delete_set(c) : delete_names(c);
}
