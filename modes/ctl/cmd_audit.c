#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "conf/pattern.h"
#include "conf/stream.h"
#include "conf/units.h"
#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/print.h"
#include "modes/ctl/rows.h"

static int audit(struct ctl *);

static const struct ctl_option options[] = {
	{ "verify", 0, NULL,
	    .text = "check that nothing was changed or removed; exit 1 if it was" },
	{ "anchor", 0, NULL,
	    .text = "print number and hash of the last entry, once the record is "
	    "found whole" },
	{ "against", 0, "FILE", .word = CTL_WORD_FILE,
	    .text = "with --verify: the record has the entry of this anchor" },
	{ "since", 0, "WHEN",
	    .text = "only entries after this one, or not older: SEQ, 1h or a time" },
	{ "until", 0, "WHEN", .text = "only entries up to this one, or older" },
	{ "who", 0, "ACTOR", .text = "only entries of this actor: operator/anna, "
	    "or anna" },
	{ 0 },
};

static const struct ctl_example examples[] = {
	{ "audit", "who changed what, and from where" },
	{ "audit --since 1h --who anna", "what she did in the last hour" },
	{ "audit --since 100 -o json", "what came after entry 100" },
	{ "audit --verify", "is the record whole?" },
	{ "audit --anchor > anchor", "to be kept on another machine" },
	{ "audit --verify --against anchor", "nor was its end cut off since?" },
	{ 0 },
};

const struct ctl_command cmd_audit = {
	.name = "audit",
	.arguments = "",
	.summary = "show the audit log, or check it",
	.text = "Every entry carries a hash of all before it, so that whoever "
	    "changes, removes or reorders entries has to write all that follow "
	    "anew. Who can do that, or cuts entries off the end, leaves a record "
	    "that looks whole; an anchor that is kept elsewhere gives that away "
	    "up to its entry. Entries after the last anchor have no such "
	    "witness.",
	.options = options,
	.examples = examples,
	.run = audit,
};

/* The first line of a file.  CTL_OK, or it was reported. */
static int
read_anchor(struct ctl *c, const char *path, const char **anchor)
{
	struct err err = ERR_INIT;
	struct str text = { 0 };
	struct slice rest, line = SLICE("");

	if (conf_file_read(path, &text, &err) < 0)
		return ctl_fail(c, &err);
	rest = str_slice(&text);
	slice_cut(&rest, '\n', &line);
	*anchor = arena_printf(&c->arena, "%.*s", SLICE_ARG(line));
	str_fini(&text);
	return CTL_OK;
}

static int
verify(struct ctl *c)
{
	const char *against = ctl_value(c, "against"), *anchor = NULL;
	struct conf_node *answer;
	struct err err = ERR_INIT;
	int code = against == NULL ? CTL_OK : read_anchor(c, against, &anchor);
	bool ok;

	if (code != CTL_OK)
		return code;
	if (call_api(c, "GET", call_query(c, "/v1/audit/verify", "anchor",
	    anchor), NULL, &answer, &err) < 0)
		return ctl_fail_call(c, &err);
	ok = conf_get_bool(answer, "ok", false);
	const char *message = conf_get_string(answer, "message");

	if (ctl_has(c, "anchor") && ok) {
		str_addf(&c->out, "%lld:%s\n", (long long)conf_get_int(answer,
		    "seq", 0), conf_get_string(answer, "hash"));
		return CTL_OK;
	}
	if (!print_node(c, answer)) {
		str_add(&c->out, ok ? "the record is whole" :
		    "the record is damaged");
		if (message != NULL)
			str_add(&c->out, ": ");
		str_add_printable(&c->out, slice_str(message == NULL ? "" :
		    message));
		if (ok && conf_get(answer, "seq") != NULL)
			str_addf(&c->out, ": %lld entries", (long long)
			    conf_get_int(answer, "seq", 0));
		str_add_char(&c->out, '\n');
	}
	return ok ? CTL_OK : CTL_NO;
}

/* --- which entries ----------------------------------------------------------- */

/* The end of a stretch: a number of an entry, or a time. */
struct edge {
	uint64_t seq;		/* 0: none */
	int64_t  at;		/* wall s; 0: none */
};

struct wanted {
	struct edge since, until;
	const char *who;	/* NULL: everybody */
};

static int
read_edge(struct ctl *c, const char *option, struct edge *e)
{
	struct slice text = slice_str(ctl_value(c, option));
	int64_t ago_ms;

	if (text.ptr == NULL || slice_u64(text, &e->seq) ||
	    conf_time_read(text, &e->at))
		return CTL_OK;
	if (!conf_duration_read(text, &ago_ms))
		return ctl_misused(c, "--%s: expected the number of an entry, a "
		    "duration such as 1h or a time such as "
		    "2026-11-21T08:00:00Z, found \"%s\"", option, text.ptr);
	e->at = clock_wall_s() - ago_ms / 1000;
	return CTL_OK;
}

static bool
is_actor(const char *actor, const char *who)
{
	const char *name = actor == NULL ? NULL : strrchr(actor, '/');

	return actor != NULL && (strcmp(actor, who) == 0 ||
	    (name != NULL && strcmp(name + 1, who) == 0));
}

/* "2026-11-21T01:12:41.250Z" in seconds; 0: it is none. */
static int64_t
time_of(const struct conf_node *entry)
{
	struct slice text = slice_str(conf_get_string(entry, "time")), whole;
	char seconds[32];
	int64_t at;

	if (!slice_cut(&text, '.', &whole))
		return 0;
	snprintf(seconds, sizeof(seconds), "%.*s%s", SLICE_ARG(whole),
	    text.ptr == NULL ? "" : "Z");
	return conf_time_read(slice_str(seconds), &at) ? at : 0;
}

static bool
is_wanted(const struct wanted *w, const struct conf_node *entry)
{
	uint64_t seq = (uint64_t)conf_get_int(entry, "seq", 0);
	int64_t at = time_of(entry);

	return (w->since.at == 0 || at >= w->since.at) &&
	    (w->until.at == 0 || at <= w->until.at) &&
	    (w->until.seq == 0 || seq <= w->until.seq) &&
	    (w->who == NULL || is_actor(conf_get_string(entry, "actor"), w->who));
}

/* Control answers a page at a time; all of them are one list. */
static int
read_all(struct ctl *c, const struct wanted *w, struct conf_node *all,
    struct err *err)
{
	const char *since = arena_printf(&c->arena, "%llu",
	    (unsigned long long)w->since.seq);

	for (;;) {
		const char *path = call_query(c, "/v1/audit", "since", since);
		struct conf_node *answer;
		int64_t last = -1;

		if (call_api(c, "GET", path, NULL, &answer, err) < 0)
			return -1;
		CONF_FOREACH(e, conf_get(answer, "items")) {
			if (is_wanted(w, e->node))
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
		{ "HOW", "how", ROWS_TEXT, true },
		{ "ROLE", "role", ROWS_TEXT, true },
		{ "ACTION", "action", ROWS_TEXT, false },
		{ "TARGET", "target", ROWS_TEXT, false },
		{ "WHY", "detail.why", ROWS_TEXT, false },
		{ "HASH", "hash", ROWS_TEXT, true },
		{ 0 },
	};
	struct conf_node *all = conf_list_new(&c->arena);
	struct wanted w = { .who = ctl_value(c, "who") };
	struct err err = ERR_INIT;
	int code = read_edge(c, "since", &w.since);

	if (code == CTL_OK)
		code = read_edge(c, "until", &w.until);
	if (code != CTL_OK)
		return code;
	if (ctl_value(c, "against") != NULL && !ctl_has(c, "verify"))
		return ctl_misused(c, "--against goes with --verify");
	if (ctl_has(c, "verify") || ctl_has(c, "anchor"))
		return verify(c);
	if (read_all(c, &w, all, &err) < 0)
		return ctl_fail_call(c, &err);
	rows_print(c, all, columns, "entries");
	return CTL_OK;
}
