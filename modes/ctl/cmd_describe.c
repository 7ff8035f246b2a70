#include "base/clock.h"
#include "conf/units.h"
#include "conf/yaml.h"
#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/conditions.h"
#include "modes/ctl/describe_service.h"
#include "modes/ctl/documents.h"
#include "modes/ctl/input.h"
#include "modes/ctl/print.h"
#include "modes/ctl/table.h"

static int describe(struct ctl *);

static const struct ctl_example examples[] = {
	{ "describe service web",
	    "the document, its routes, policies, endpoints and problems" },
	{ "describe workload web-1", "the document, and what it reports" },
	{ 0 },
};

const struct ctl_command cmd_describe = {
	.name = "describe",
	.arguments = "KIND NAME...",
	.summary = "show a document, its status, and what is around it",
	.text = "Around a service are the routes that hang on it with their "
	    "backends and weights, the rules that send to it, the Rollouts "
	    "that move weights, the policies about it and about who may call "
	    "it, its endpoints, and what is wrong with any of these.",
	.min = 1, .max = -1, .word = CTL_WORD_KIND,
	.examples = examples,
	.run = describe,
};

/* YAML of a part, indented; what control wrote is already printable. */
static void
add_part(struct str *out, const char *title, const struct conf_node *part)
{
	struct str text = { 0 };
	struct slice rest, line;

	if (part == NULL || conf_len(part) == 0)
		return;
	str_addf(out, "%s:\n", title);
	conf_yaml_write(&text, part);
	rest = str_slice(&text);
	while (slice_cut(&rest, '\n', &line))
		if (line.len > 0) {
			str_add(out, "  ");
			str_add_printable(out, line);
			str_add_char(out, '\n');
		}
	str_fini(&text);
}

static void
add_created(struct str *out, const struct conf_node *meta)
{
	const char *created = conf_get_string(meta, "creationTimestamp");
	char age[TABLE_AGE_TEXT];
	int64_t at;

	if (created == NULL || !conf_time_read(slice_str(created), &at))
		return;
	table_age(age, at, clock_wall_s());
	str_addf(out, "%-12s %s (%s ago)\n", "Created:", created, age);
}

static void
add_document(struct ctl *c, const struct conf_node *doc)
{
	const struct conf_node *meta = conf_get(doc, "metadata");
	struct conf_node *rest = conf_copy(&c->arena, doc);

	print_line(&c->out, "Kind:", conf_get_string(doc, "kind"));
	print_line(&c->out, "Name:", conf_get_string(meta, "name"));
	print_line(&c->out, "Namespace:", conf_get_string(meta, "namespace"));
	add_created(&c->out, meta);
	print_line(&c->out, "Revision:", conf_get_string(meta, "resourceVersion"));
	add_part(&c->out, "Labels", conf_get(meta, "labels"));
	add_part(&c->out, "Annotations", conf_get(meta, "annotations"));
	conf_unset(rest, "apiVersion");
	conf_unset(rest, "kind");
	conf_unset(rest, "metadata");
	if (conf_get(rest, "spec") != NULL) {
		add_part(&c->out, "Spec", conf_get(rest, "spec"));
		conf_unset(rest, "spec");
	}
	conditions_print(c, doc);
	conditions_drop(conf_get(rest, "status"));
	add_part(&c->out, "Status", conf_get(rest, "status"));
	conf_unset(rest, "status");
	add_part(&c->out, "Fields", rest);
}

static int
describe_one(struct ctl *c, const struct model_kind *k, const char *name,
    bool first, struct err *err)
{
	struct conf_node *doc;

	if (call_api(c, "GET", documents_path(c, k, c->namespace, name), NULL,
	    &doc, err) < 0)
		return -1;
	if (c->format == CTL_YAML)
		print_yaml_part(c, doc, first);
	if (c->format == CTL_YAML || print_node(c, doc))
		return 0;
	str_add(&c->out, first ? "" : "\n");
	add_document(c, doc);
	return k == &model_service_kind ? describe_service(c, name, err) : 0;
}

static int
describe(struct ctl *c)
{
	const struct model_kind *k;
	size_t first;
	int code = documents_kind(c, &k, &first);

	if (code != CTL_OK)
		return code;
	if (c->args.len == first)
		return ctl_misused(c, "say which of %s", k->plural);
	for (size_t i = first; i < c->args.len; i++) {
		struct err err = ERR_INIT;

		if (describe_one(c, k, input_name(c, i), i == first, &err) == 0)
			continue;
		code = ctl_fail_call(c, &err);
		if (code != CTL_NO)
			break;
	}
	return code;
}
