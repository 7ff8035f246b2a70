#include "conf/json.h"
#include "model/warn.h"
#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/ctl_run.h"
#include "modes/ctl/input.h"
#include "modes/ctl/print.h"
#include "modes/ctl/protocol.h"
#include "modes/ctl/rows.h"
#include "modes/ctl/traffic.h"

#define SET_MAX		128		/* documents of one transaction */
#define SET_BYTES	(3u << 20)	/* control takes 4 MiB */

static int apply(struct ctl *);

static const struct ctl_option options[] = {
	INPUT_OPTIONS,
	{ "dry-run", 0, NULL, .text = "show what would change, and change nothing" },
	{ 0 },
};

static const struct ctl_example examples[] = {
	{ "apply -f shop.yaml", "create or change what the file says" },
	{ "apply -f shop/ -R", "a directory and those below it" },
	{ "apply -f - --dry-run", "what would standard input change?" },
	{ 0 },
};

const struct ctl_command cmd_apply = {
	.name = "apply",
	.arguments = "",
	.needs = "--filename FILE",
	.summary = "create or change documents",
	.text = "Everything is read and checked before anything is sent. Up to 128 "
	    "documents are applied in one transaction: all of them, or none. "
	    "More are applied in order, and a failure says how many were. What is "
	    "allowed and most likely a mistake is said as a warning, with its "
	    "place; so is what refers to nothing, among the documents or in "
	    "control.",
	.options = options,
	.examples = examples,
	.run = apply,
};

/* What control does not keep is a fault like any other. */
static int
check_kinds(struct ctl *c, const struct model_set *set)
{
	int code = CTL_OK;

	for (size_t i = 0; i < set->len; i++) {
		const struct model_object *o = set->objects[i];
		struct err err = ERR_INIT;

		if (o->kind->stored)
			continue;
		conf_error(o->node, &err, "kind %s is read from files by the "
		    "program that it configures; control keeps none",
		    o->kind->kind);
		code = ctl_fail(c, &err);
	}
	return code;
}

/* The documents from first on that fit into one request; gives how many. */
static size_t
fill(const struct model_set *set, size_t first, struct conf_node *items)
{
	struct str text = { 0 };
	size_t n = 0, bytes = 0;

	while (first + n < set->len && n < SET_MAX) {
		const struct conf_node *doc = set->objects[first + n]->node;

		str_clear(&text);
		conf_json_write(&text, doc);
		bytes += text.len + 1;
		if (n > 0 && bytes > SET_BYTES)
			break;
		conf_add(items, conf_copy(items->items.arena, doc));
		n++;
	}
	str_fini(&text);
	return n;
}

static void
print_results(struct ctl *c, const struct conf_node *results, bool dry_run)
{
	CONF_FOREACH(e, results) {
		const struct model_kind *k = model_kind_named(
		    slice_str(conf_get_string(e->node, "kind")).ptr == NULL ? "" :
		    conf_get_string(e->node, "kind"));
		const char *name = conf_get_string(e->node, "name");
		const char *result = conf_get_string(e->node, "result");
		struct slice word = slice_str(result == NULL ? "?" : result);

		if (k == NULL || name == NULL)
			continue;
		input_add_ref(&c->out, k, name);
		if (c->format != CTL_NAME) {
			str_add_char(&c->out, ' ');
			term_add(&c->out, c->term.colour_out,
			    term_state_colour(word), word);
			str_add(&c->out, dry_run ? " (dry run)" : "");
		}
		str_add_char(&c->out, '\n');
	}
}

static int
say_how_far(struct ctl *c, size_t done, size_t all, const struct err *err)
{
	int code = ctl_fail(c, err);

	if (done > 0)
		ctl_warn(c, "the first %zu of %zu documents were applied, the rest "
		    "were not; run apply again to continue", done, all);
	else if (all > 1)
		ctl_say(c, "nothing was changed");
	return code;
}

static int
apply_set(struct ctl *c, const struct model_set *set)
{
	bool dry_run = ctl_has(c, "dry-run");
	const char *path = call_query(c, "/v1/apply", "dry-run",
	    dry_run ? "true" : NULL);
	struct conf_node *all = conf_list_new(&c->arena);

	for (size_t at = 0; at < set->len;) {
		struct conf_node *body = conf_map_new(&c->arena), *answer;
		size_t n = fill(set, at, conf_set_list(body, "items"));
		struct err err = ERR_INIT;

		if (call_api(c, "POST", path, body, &answer, &err) < 0)
			return say_how_far(c, at, set->len, &err);
		const struct conf_node *results = conf_get(answer, "results");

		if (c->format == CTL_JSON || c->format == CTL_YAML)
			CONF_FOREACH(e, results)
				conf_add(all, e->node);
		else {
			print_results(c, results, dry_run);
			ctl_flush(c);
		}
		at += n;
	}
	print_node(c, all);
	return CTL_OK;
}

static int
apply(struct ctl *c)
{
	struct model_set set;
	int code = input_read(c, &set);

	if (code == CTL_OK)
		code = check_kinds(c, &set);
	if (code == CTL_OK) {
		protocol_warn(c, &set);
		traffic_warn(c, &set);
		code = apply_set(c, &set);
	}
	model_set_fini(&set);
	return code;
}
