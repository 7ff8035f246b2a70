#include "modes/ctl/rollout_text.h"

const struct rows_column rollout_columns[] = {
	{ "NAME", "name", ROWS_TEXT, false },
	{ "ROUTE", "route", ROWS_TEXT, false },
	{ "CANDIDATE", "candidate", ROWS_TEXT, false },
	{ "PHASE", "phase", ROWS_TEXT, false },
	{ "STEP", "step", ROWS_TEXT, false },
	{ "PERCENT", "percent", ROWS_NUMBER, false },
	{ "SINCE", "since", ROWS_AGE, false },
	{ "REQUESTS", "requests", ROWS_NUMBER, true },
	{ "GOOD", "good", ROWS_NUMBER, true },
	{ "P99", "p99", ROWS_MS, true },
	{ "MESSAGE", "message", ROWS_TEXT, false },
	{ 0 },
};

static bool
is_phase(const struct conf_node *doc, const char *phase)
{
	const struct conf_node *is = conf_find(doc, "status.phase");

	return is != NULL && slice_is(is->text, phase);
}

bool
rollout_is_under_way(const struct conf_node *doc)
{
	return is_phase(doc, "Progressing") || is_phase(doc, "Paused");
}

bool
rollout_has_ended(const struct conf_node *doc, bool *is_good)
{
	*is_good = is_phase(doc, "Succeeded");
	return *is_good || is_phase(doc, "RolledBack") ||
	    is_phase(doc, "Stopped");
}

static void
add_look(struct ctl *c, struct conf_node *row, const struct conf_node *look)
{
	int64_t requests = conf_get_int(look, "requests", 0);
	const struct conf_node *p99 = conf_get(look, "p99");

	if (requests == 0)
		return;
	conf_set_int(row, "requests", requests);
	conf_set_string(row, "good", arena_printf(&c->arena, "%.2f%%", 100 *
	    (double)conf_get_int(look, "success", 0) / (double)requests));
	if (p99 != NULL)
		conf_set(row, "p99", conf_copy(&c->arena, p99));
}

void
rollout_add_row(struct ctl *c, struct conf_node *list,
    const struct conf_node *doc)
{
	const struct conf_node *spec = conf_get(doc, "spec");
	const struct conf_node *status = conf_get(doc, "status");
	const char *kind = conf_string(conf_find(spec, "route.kind"));
	struct conf_node *row = conf_add_map(list);

	conf_set_string(row, "name",
	    conf_string(conf_find(doc, "metadata.name")));
	conf_set_string(row, "route", arena_printf(&c->arena, "%s/%s",
	    kind != NULL ? kind : "HTTPRoute",
	    conf_string(conf_find(spec, "route.name"))));
	conf_set_string(row, "candidate", conf_get_string(spec, "candidate"));
	conf_set_string(row, "phase", conf_get_string(status, "phase"));
	conf_set_string(row, "step", arena_printf(&c->arena, "%lld/%lld",
	    (long long)conf_get_int(status, "step", 0),
	    (long long)conf_get_int(status, "steps", 0)));
	if (conf_get(status, "percent") != NULL)
		conf_set_int(row, "percent", conf_get_int(status, "percent", 0));
	conf_set_string(row, "since", conf_get_string(status, "since"));
	add_look(c, row, conf_get(status, "lastLook"));
	conf_set_string(row, "message", conf_get_string(status, "message"));
}

void
rollout_text(struct str *out, const struct conf_node *doc)
{
	const struct conf_node *status = conf_get(doc, "status");
	const char *phase = conf_get_string(status, "phase");
	const char *message = conf_get_string(status, "message");

	str_add_printable(out, slice_str(phase == NULL ? "?" : phase));
	str_addf(out, ", step %lld of %lld",
	    (long long)conf_get_int(status, "step", 0),
	    (long long)conf_get_int(status, "steps", 0));
	if (conf_get(status, "percent") != NULL)
		str_addf(out, ", %lld %%",
		    (long long)conf_get_int(status, "percent", 0));
	if (message != NULL) {
		str_add(out, ": ");
		str_add_printable(out, slice_str(message));
	}
}
