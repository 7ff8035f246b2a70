#include <poll.h>
#include <string.h>

#include "model/rollout.h"
#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/documents.h"
#include "modes/ctl/print.h"
#include "modes/ctl/rollout_text.h"

#define WATCH_MS	500

static int status(struct ctl *), promote(struct ctl *), abort_it(struct ctl *),
    pause_it(struct ctl *), resume(struct ctl *);

static const struct ctl_option status_options[] = {
	{ "watch", 'w', NULL, .text = "go on, a line for each change, until it "
	    "has ended; needs one NAME" },
	{ 0 },
};

static const struct ctl_option promote_options[] = {
	{ "full", 0, NULL, .text = "to the end: the candidate gets everything" },
	{ 0 },
};

static const struct ctl_example status_examples[] = {
	{ "rollout status", "all of the namespace" },
	{ "rollout status web --watch", "until it has succeeded, or not" },
	{ 0 },
};

static const struct ctl_example promote_examples[] = {
	{ "rollout promote web", "to the next step" },
	{ "rollout promote web --full", "all to the candidate at once" },
	{ 0 },
};

static const struct ctl_example abort_examples[] = {
	{ "rollout abort web", "all back to the stable backend at once" },
	{ 0 },
};

static const struct ctl_example pause_examples[] = {
	{ "rollout pause web", "no further, for now" },
	{ 0 },
};

static const struct ctl_example resume_examples[] = {
	{ "rollout resume web", "and on, or anew after it was taken back" },
	{ 0 },
};

static const struct ctl_command rollout_status = {
	.name = "status",
	.arguments = "[NAME...]",
	.summary = "show how Rollouts go, and why they stand where they stand",
	.text = "With --watch the exit code is 0 when it has succeeded, and 1 when "
	    "it was taken back or stopped.",
	.max = -1,
	.options = status_options,
	.examples = status_examples,
	.run = status,
};

static const struct ctl_command rollout_promote = {
	.name = "promote",
	.arguments = "NAME",
	.summary = "go to the next step, whatever was seen so far",
	.text = "Ends a pause.",
	.min = 1, .max = 1,
	.options = promote_options,
	.examples = promote_examples,
	.run = promote,
};

static const struct ctl_command rollout_abort = {
	.name = "abort",
	.arguments = "NAME",
	.summary = "give everything back to the stable backend",
	.min = 1, .max = 1,
	.examples = abort_examples,
	.run = abort_it,
};

static const struct ctl_command rollout_pause = {
	.name = "pause",
	.arguments = "NAME",
	.summary = "take no further step until it is resumed",
	.text = "A candidate that fails is taken back all the same.",
	.min = 1, .max = 1,
	.examples = pause_examples,
	.run = pause_it,
};

static const struct ctl_command rollout_resume = {
	.name = "resume",
	.arguments = "NAME",
	.summary = "go on after a pause or a stop, or begin anew",
	.text = "After somebody else changed the weights they become the Rollout's "
	    "again; one that was taken back begins with its first step.",
	.min = 1, .max = 1,
	.examples = resume_examples,
	.run = resume,
};

static const struct ctl_command *const below[] = { &rollout_status,
	&rollout_promote, &rollout_abort, &rollout_pause, &rollout_resume, NULL };

const struct ctl_command cmd_rollout = {
	.name = "rollout",
	.arguments = "",
	.summary = "watch and steer Rollouts, which move traffic in steps",
	.below = below,
};

static const char *
path_of(struct ctl *c, const char *name)
{
	return documents_path(c, &model_rollout_kind, c->namespace, name);
}

/* --- status --------------------------------------------------------------- */

static void
print_rows(struct ctl *c, const struct conf_node *docs)
{
	struct conf_node *list = conf_list_new(&c->arena);

	if (print_node(c, docs))
		return;
	CONF_FOREACH(e, docs)
		rollout_add_row(c, list, e->node);
	rows_print(c, list, rollout_columns, "rollouts");
}

static void
say_change(struct ctl *c, const char *name, const struct conf_node *doc)
{
	if (print_node(c, doc))
		return;
	str_add_printable(&c->out, slice_str(name));
	if (c->format != CTL_NAME) {
		str_add(&c->out, ": ");
		rollout_text(&c->out, doc);
	}
	str_add_char(&c->out, '\n');
}

/* What tells one line from the next: not how many were counted so far. */
static const char *
mark_of(struct ctl *c, const struct conf_node *doc)
{
	const struct conf_node *s = conf_get(doc, "status");
	const char *phase = conf_get_string(s, "phase");
	const char *reason = conf_get_string(s, "reason");

	return arena_printf(&c->arena, "%s %s %lld %lld", phase == NULL ? "" :
	    phase, reason == NULL ? "" : reason,
	    (long long)conf_get_int(s, "step", 0),
	    (long long)conf_get_int(s, "percent", -1));
}

static int
watch(struct ctl *c, const char *name)
{
	const char *last = "";
	bool is_good = false, has_ended = false;
	int code = CTL_OK;

	while (code == CTL_OK && !has_ended) {
		struct conf_node *doc;
		struct err err = ERR_INIT;

		if (call_api(c, "GET", path_of(c, name), NULL, &doc, &err) < 0)
			return ctl_fail_call(c, &err);
		has_ended = rollout_has_ended(doc, &is_good);
		if (strcmp(mark_of(c, doc), last) != 0) {
			last = mark_of(c, doc);
			say_change(c, name, doc);
			code = ctl_flush(c);
		}
		if (!has_ended)
			poll(NULL, 0, WATCH_MS);
	}
	return code != CTL_OK ? code : is_good ? CTL_OK : CTL_NO;
}

static int
status(struct ctl *c)
{
	struct conf_node *docs = conf_list_new(&c->arena);
	const struct conf_node *all;
	struct err err = ERR_INIT;
	int code = CTL_OK;

	if (ctl_has(c, "watch"))
		return c->args.len == 1 ? watch(c, ctl_word(c, 0)) :
		    ctl_misused(c, "--watch needs one NAME");
	if (c->args.len == 0) {
		all = documents_list(c, &model_rollout_kind, &err);
		if (all == NULL)
			return ctl_fail_call(c, &err);
		print_rows(c, all);
		return CTL_OK;
	}
	for (size_t i = 0; i < c->args.len; i++) {
		struct conf_node *doc;

		if (call_api(c, "GET", path_of(c, ctl_word(c, i)), NULL, &doc,
		    &err) < 0)
			code = ctl_fail_call(c, &err);
		else
			conf_add(docs, doc);
	}
	if (conf_len(docs) > 0)
		print_rows(c, docs);
	return code;
}

/* --- orders --------------------------------------------------------------- */

static int
order(struct ctl *c, const char *verb, bool is_full)
{
	const char *name = ctl_word(c, 0);
	struct conf_node *body = conf_map_new(&c->arena), *doc;
	struct err err = ERR_INIT;

	if (is_full)
		conf_set_bool(body, "full", true);
	if (call_api(c, "POST", call_path(c, "/v1/rollouts", c->namespace, name,
	    verb, NULL), body, &doc, &err) < 0)
		return ctl_fail_call(c, &err);
	say_change(c, name, doc);
	return CTL_OK;
}

static int
promote(struct ctl *c)
{
	return order(c, "promote", ctl_has(c, "full"));
}

static int
abort_it(struct ctl *c)
{
	return order(c, "abort", false);
}

static int
pause_it(struct ctl *c)
{
	return order(c, "pause", false);
}

static int
resume(struct ctl *c)
{
	return order(c, "resume", false);
}
