#include <string.h>

#include "conf/units.h"
#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/endpoints.h"
#include "modes/ctl/names.h"
#include "modes/ctl/rows.h"

static int stat_services(struct ctl *);

static const struct ctl_example examples[] = {
	{ "stat", "every pair of services that talk" },
	{ "stat orders", "what orders is asked, and what it asks" },
	{ "stat -A -o json", "of all namespaces, for a script" },
	{ 0 },
};

const struct ctl_command cmd_stat = {
	.name = "stat",
	.arguments = "[SERVICE]",
	.summary = "show the traffic between services",
	.text = "Requests within the last minute, the share of those that "
	    "succeeded, requests per second, and latency. Control sums up what "
	    "sidecars report every five seconds. RPS is over the time in which a "
	    "pair was seen, if that is less than a minute; it is window in -o "
	    "json. Connections of TCP and sessions of UDP follow: how many were "
	    "opened within the minute, and the bytes to the destination and from "
	    "it. SERVICE is NAME or NAMESPACE/NAME.",
	.max = 1,
	.examples = examples,
	.run = stat_services,
};

static double
number(const struct conf_node *row, const char *key, double fallback)
{
	const struct conf_node *n = conf_get(row, key);

	return n == NULL ? fallback : n->kind == CONF_INT ? (double)n->integer :
	    n->kind == CONF_FLOAT ? n->number : fallback;
}

/* Seconds: control says a number, or a duration. */
static double
window(const struct conf_node *row)
{
	const char *text = conf_get_string(row, "window");
	int64_t ms;

	if (text != NULL && conf_duration_read(slice_str(text), &ms))
		return (double)ms / 1000;
	return number(row, "window", 0);
}

/* Percent and rate, for people; scripts get what control says. */
static void
add_figures(struct ctl *c, struct conf_node *row)
{
	double requests = number(row, "requests", 0);
	double success = number(row, "success", 0), seconds = window(row);

	if (requests > 0)
		conf_set_string(row, "percent", arena_printf(&c->arena, "%.2f%%",
		    100 * success / requests));
	if (seconds > 0)
		conf_set_string(row, "rate", arena_printf(&c->arena, "%.1frps",
		    requests / seconds));
}

/* "shop/orders" and what people typed; a name without "/" is in ns. */
static bool
is_service(const char *full, const char *namespace, const char *word)
{
	const char *slash = full == NULL ? NULL : strchr(full, '/');

	if (slash == NULL)
		return false;
	if (word != NULL && strchr(word, '/') != NULL)
		return strcmp(full, word) == 0;
	return (namespace == NULL || (strlen(namespace) ==
	    (size_t)(slash - full) && strncmp(full, namespace,
	    (size_t)(slash - full)) == 0)) &&
	    (word == NULL || strcmp(slash + 1, word) == 0);
}

static bool
is_wanted(const struct ctl *c, const struct conf_node *row)
{
	const char *word = ctl_word(c, 0);

	return is_service(conf_get_string(row, "destination"), c->namespace,
	    word) || is_service(conf_get_string(row, "source"), c->namespace, word);
}

/* Without traffic: is there such a service at all? */
static int
check_service(struct ctl *c)
{
	const char *word = ctl_word(c, 0), *namespace, *name;
	struct err err = ERR_INIT;

	/* Of all namespaces a name alone may be anywhere. */
	if (word == NULL || (c->namespace == NULL && strchr(word, '/') == NULL))
		return CTL_OK;
	int code = names_read(c, "SERVICE", word, &namespace, &name);

	if (code == CTL_OK && endpoints_read(c, namespace, name, &err) == NULL)
		return ctl_fail_call(c, &err);
	return code;
}

static const struct rows_column request_columns[] = {
	{ "SOURCE", "source", ROWS_TEXT, false },
	{ "DESTINATION", "destination", ROWS_TEXT, false },
	{ "REQUESTS", "requests", ROWS_NUMBER, false },
	{ "SUCCESS", "percent", ROWS_NUMBER, false },
	{ "RPS", "rate", ROWS_NUMBER, false },
	{ "LATENCY_P50", "p50", ROWS_MS, false },
	{ "LATENCY_P95", "p95", ROWS_MS, false },
	{ "LATENCY_P99", "p99", ROWS_MS, false },
	{ 0 },
};

static const struct rows_column stream_columns[] = {
	{ "SOURCE", "source", ROWS_TEXT, false },
	{ "DESTINATION", "destination", ROWS_TEXT, false },
	{ "PROTOCOL", "protocol", ROWS_TEXT, false },
	{ "OPENED", "opened", ROWS_NUMBER, false },
	{ "BYTES_TO", "bytesTo", ROWS_NUMBER, false },
	{ "BYTES_FROM", "bytesFrom", ROWS_NUMBER, false },
	{ 0 },
};

static struct conf_node *
wanted_of(struct ctl *c, const struct conf_node *all)
{
	struct conf_node *wanted = conf_list_new(&c->arena);

	CONF_FOREACH(e, all)
		if (is_wanted(c, e->node))
			conf_add(wanted, e->node);
	return wanted;
}

/* Programs get one list. */
static void
print_all(struct ctl *c, struct conf_node *requests,
    const struct conf_node *streams)
{
	bool is_table = c->format != CTL_JSON && c->format != CTL_YAML;

	CONF_FOREACH(e, requests)
		if (is_table)
			add_figures(c, e->node);
	for (size_t i = 0; !is_table && i < conf_len(streams); i++)
		conf_add(requests, conf_at(streams, i));
	if (!is_table || conf_len(requests) > 0 || conf_len(streams) == 0)
		rows_print(c, requests, request_columns, "traffic yet");
	if (is_table && conf_len(requests) > 0 && conf_len(streams) > 0 &&
	    c->format != CTL_NAME)
		str_add_char(&c->out, '\n');
	if (is_table && conf_len(streams) > 0)
		rows_print(c, streams, stream_columns, "traffic yet");
}

static int
stat_services(struct ctl *c)
{
	struct err err = ERR_INIT;
	struct conf_node *all;

	if (call_api(c, "GET", "/v1/stat", NULL, &all, &err) < 0)
		return ctl_fail_call(c, &err);
	struct conf_node *requests = wanted_of(c, conf_get(all, "services"));
	/* An older control does not tell. */
	struct conf_node *streams = wanted_of(c, conf_get(all, "streams"));
	int code = conf_len(requests) + conf_len(streams) == 0 ?
	    check_service(c) : CTL_OK;

	if (code == CTL_OK)
		print_all(c, requests, streams);
	return code;
}
