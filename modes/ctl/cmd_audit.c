#include "base/str.h"
#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/print.h"
#include "modes/ctl/rows.h"

static int audit(struct ctl *);

static const struct ctl_option options[] = {
	{ "verify", 0, NULL,
	    .text = "check that nothing was changed or removed; exit 1 if it was" },
	{ "since", 0, "SEQ", .text = "only entries after this one" },
	{ 0 },
};

static const struct ctl_example examples[] = {
	{ "audit", "who changed what, and from where" },
	{ "audit --since 100 -o json", "what came after entry 100" },
	{ "audit --verify", "is the record whole?" },
	{ 0 },
};

const struct ctl_command cmd_audit = {
	.name = "audit",
	.arguments = "",
	.summary = "show the audit log",
	.options = options,
	.examples = examples,
	.run = audit,
};

static int
verify(struct ctl *c)
{
	struct conf_node *answer;
	struct err err = ERR_INIT;

	if (call_api(c, "GET", "/v1/audit/verify", NULL, &answer, &err) < 0)
		return ctl_fail_call(c, &err);
	bool ok = conf_get_bool(answer, "ok", false);
	const char *message = conf_get_string(answer, "message");

	if (!print_node(c, answer)) {
		str_add(&c->out, ok ? "the record is whole" :
		    "the record is damaged");
		if (message != NULL)
			str_add(&c->out, ": ");
		str_add_printable(&c->out, slice_str(message == NULL ? "" :
		    message));
		str_add_char(&c->out, '\n');
	}
	return ok ? CTL_OK : CTL_NO;
}

/* Control answers a page at a time; all of them are one list. */
static int
read_all(struct ctl *c, struct conf_node *all, struct err *err)
{
	const char *since = ctl_value(c, "since");

	for (;;) {
		const char *path = call_query(c, "/v1/audit", "since", since);
		struct conf_node *answer;
		int64_t last = -1;

		if (call_api(c, "GET", path, NULL, &answer, err) < 0)
			return -1;
		CONF_FOREACH(e, conf_get(answer, "items")) {
			conf_add(all, e->node);
			last = conf_get_int(e->node, "seq", -1);
		}
		if (last < 0 || !conf_get_bool(answer, "more", false))
			return 0;
		since = arena_printf(&c->arena, "%lld", (long long)last);
	}
}

static int
audit(struct ctl *c)
{
	static const struct rows_column columns[] = {
		{ "SEQ", "seq", ROWS_NUMBER, false },
		{ "TIME", "time", ROWS_TEXT, false },
		{ "ACTOR", "actor", ROWS_TEXT, false },
		{ "FROM", "from", ROWS_TEXT, false },
		{ "ACTION", "action", ROWS_TEXT, false },
		{ "TARGET", "target", ROWS_TEXT, false },
		{ "HASH", "hash", ROWS_TEXT, true },
		{ 0 },
	};
	struct conf_node *all = conf_list_new(&c->arena);
	struct err err = ERR_INIT;

	if (ctl_has(c, "verify"))
		return verify(c);
	if (read_all(c, all, &err) < 0)
		return ctl_fail_call(c, &err);
	rows_print(c, all, columns, "entries");
	return CTL_OK;
}
