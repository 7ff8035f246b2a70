#include <poll.h>

#include "base/clock.h"
#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/conditions.h"
#include "modes/ctl/documents.h"
#include "modes/ctl/input.h"

#define POLL_MIN_MS	50
#define POLL_MAX_MS	1000

static int wait_for(struct ctl *);

static const struct ctl_option options[] = {
	{ "for", 0, "WHAT", .text = "condition=TYPE, condition=TYPE=STATUS, "
	    "create or delete" },
	{ 0 },
};

static const struct ctl_example examples[] = {
	{ "wait --for=condition=Programmed httproute/shop --timeout 60s",
	    "until every proxy that needs the route runs it" },
	{ "wait --for=condition=Accepted=False httproute/broken",
	    "until it is refused" },
	{ "wait --for=delete service/web", "until it is gone" },
	{ 0 },
};

const struct ctl_command cmd_wait = {
	.name = "wait",
	.arguments = "KIND NAME...",
	.needs = "--for WHAT",
	.summary = "wait until documents are as they should be",
	.text = "A condition must hold for every parent of a document, and be "
	    "about its present form. The exit code is 1 when --timeout, of all "
	    "of it, is over, and when something is not there.",
	.min = 1, .max = -1, .word = CTL_WORD_KIND,
	.options = options,
	.examples = examples,
	.run = wait_for,
};

enum what { WAIT_CONDITION, WAIT_CREATE, WAIT_DELETE };

struct waiting {
	struct ctl             *ctl;
	const struct model_kind *kind;
	enum what               what;
	struct conditions_wish  wish;
	uint64_t                due_ms;		/* monotonic */
	const char             *why;		/* it is not so yet */
};

static bool
read_what(struct waiting *w, const char *text)
{
	struct slice s = slice_str(text);

	w->what = slice_is(s, "create") ? WAIT_CREATE :
	    slice_is(s, "delete") ? WAIT_DELETE : WAIT_CONDITION;
	return w->what != WAIT_CONDITION || conditions_wish_read(&w->wish, s);
}

/* 1: it is so; 0: not yet; -1: err. */
static int
look(struct waiting *w, const char *name, struct err *err)
{
	struct ctl *c = w->ctl;
	struct conf_node *doc = NULL;
	bool there = call_api(c, "GET", documents_path(c, w->kind,
	    c->namespace, name), NULL, &doc, err) == 0;

	if (!there && err->kind != ERR_NOT_FOUND)
		return -1;
	if (w->what == WAIT_CONDITION)
		return !there ? -1 : conditions_met(c, doc, &w->wish, &w->why);
	w->why = there ? "it is still there" : "it is not there";
	return there == (w->what == WAIT_CREATE);
}

/* Sooner at first; false when the time is over. */
static bool
rest(const struct waiting *w, int *pause_ms)
{
	uint64_t now = clock_mono_ms();

	if (now >= w->due_ms)
		return false;
	if ((uint64_t)*pause_ms > w->due_ms - now)
		*pause_ms = (int)(w->due_ms - now);
	poll(NULL, 0, *pause_ms);
	*pause_ms = *pause_ms * 2 > POLL_MAX_MS ? POLL_MAX_MS : *pause_ms * 2;
	return true;
}

static int
wait_one(struct waiting *w, const char *name)
{
	static const char *const done[] = { [WAIT_CONDITION] = "condition met",
		[WAIT_CREATE] = "created", [WAIT_DELETE] = "deleted" };
	struct ctl *c = w->ctl;
	struct str ref = { 0 };
	int pause_ms = POLL_MIN_MS, met;

	do {
		struct err err = ERR_INIT;

		met = look(w, name, &err);
		if (met < 0)
			return ctl_fail_call(c, &err);
	} while (met == 0 && rest(w, &pause_ms));
	input_add_ref(&ref, w->kind, name);
	if (met == 0)
		ctl_warn(c, "timed out waiting for %s: %s", str_ptr(&ref),
		    w->why);
	else
		str_addf(&c->out, c->format == CTL_NAME ? "%s\n" : "%s %s\n",
		    str_ptr(&ref), done[w->what]);
	str_fini(&ref);
	return met == 0 ? CTL_NO : ctl_flush(c);
}

static int
wait_for(struct ctl *c)
{
	struct waiting w = { .ctl = c,
		.due_ms = clock_mono_ms() + c->timeout_ms };
	const char *what = ctl_value(c, "for");
	size_t first;
	int code = documents_kind(c, &w.kind, &first);

	if (code != CTL_OK)
		return code;
	if (c->args.len == first)
		return ctl_misused(c, "say which of %s", w.kind->plural);
	if (what == NULL || !read_what(&w, what))
		return ctl_misused(c, "say what to wait for: "
		    "--for=condition=Programmed, --for=create or --for=delete");
	for (size_t i = first; i < c->args.len && code == CTL_OK; i++)
		code = wait_one(&w, input_name(c, i));
	return code;
}
