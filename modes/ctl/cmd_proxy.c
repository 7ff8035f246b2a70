#include "conf/json.h"
#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/names.h"
#include "modes/ctl/print.h"
#include "modes/ctl/rows.h"

static int status(struct ctl *), config(struct ctl *);

static const struct ctl_option config_options[] = {
	{ "what", 0, "PART", .fallback = "all",
	    .text = "identity, control, documents, limits or proxy alone" },
	{ 0 },
};

static const struct ctl_example status_examples[] = {
	{ "proxy status", "which sidecars are there, and do they run what they "
	    "should?" },
	{ "proxy status -o wide", "with address and revision" },
	{ 0 },
};

static const struct ctl_example config_examples[] = {
	{ "proxy config web-1", "what the sidecar of workload web-1 runs" },
	{ "proxy config shop/orders-2 -o yaml", "of another namespace" },
	{ "proxy config web-1 --what control", "is it in step with control, and "
	    "what did it refuse?" },
	{ "proxy config web-1 --what limits", "how much of global rate limits "
	    "it was leased" },
	{ 0 },
};

static const struct ctl_command proxy_status = {
	.name = "status",
	.alias = "list",
	.arguments = "",
	.summary = "list the proxies that are connected to control",
	.text = "CONFIG is SYNCED when a proxy has acknowledged the newest revision "
	    "that concerns it, STALE when it lags behind, REJECTED when a document "
	    "does not compile there and the last good one, if there was any, "
	    "stays (-o json says which), DIFFERS when what it runs is something else.",
	.examples = status_examples,
	.run = status,
};

static const struct ctl_command proxy_config = {
	.name = "config",
	.arguments = "WORKLOAD",
	.summary = "show the configuration that a proxy runs",
	.text = "WORKLOAD is NAME or NAMESPACE/NAME. What is shown has these parts: "
	    "identity is its certificate, control its session and the documents "
	    "that it refused, documents those that it has, limits its shares "
	    "of rate limits of scope Global, proxy its settings and what it "
	    "made of the documents. The proxy is asked now; a part "
	    "that it does not have makes the exit code 1.",
	.min = 1, .max = 1,
	.options = config_options,
	.examples = config_examples,
	.run = config,
};

static const struct ctl_command *const below[] = { &proxy_status, &proxy_config,
	NULL };

const struct ctl_command cmd_proxy = {
	.name = "proxy",
	.arguments = "",
	.summary = "look at sidecars",
	.below = below,
};

/* Control's word for what a proxy runs, in the form of such tables. */
static const char *
config_state(const struct conf_node *row)
{
	static const struct { const char *state, *word; } words[] = {
		{ "synced", "SYNCED" }, { "stale", "STALE" },
		{ "differs", "DIFFERS" }, { "rejected", "REJECTED" },
		{ "connecting", "NOT SENT" },
	};
	const char *state = conf_get_string(row, "state");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_is(slice_str(state), words[i].state))
			return words[i].word;
	return state;
}

static int
status(struct ctl *c)
{
	static const struct rows_column columns[] = {
		{ "NAME", "name", ROWS_TEXT, false },
		{ "VERSION", "version", ROWS_TEXT, false },
		{ "CONFIG", "config", ROWS_TEXT, false },
		{ "LAG", "lag", ROWS_NUMBER, false },
		{ "CERT-EXPIRES", "certNotAfter", ROWS_DUE, false },
		{ "STATE", "workloadState", ROWS_TEXT, false },
		{ "CONNECTED", "connectedSince", ROWS_AGE, false },
		{ "ADDRESS", "address", ROWS_TEXT, true },
		{ "REVISION", "ackedRevision", ROWS_NUMBER, true },
		{ "JOINED-BY", "joined", ROWS_TEXT, true },
		{ 0 },
	};
	struct err err = ERR_INIT;
	struct conf_node *list = call_list(c, "/v1/proxies", "items", &err);

	if (list == NULL)
		return ctl_fail_call(c, &err);
	if (c->format != CTL_JSON && c->format != CTL_YAML)
		CONF_FOREACH(e, list)
			conf_set_string(e->node, "config", config_state(e->node));
	rows_print(c, list, columns, "proxies");
	return CTL_OK;
}

static int
config(struct ctl *c)
{
	const char *namespace, *name;
	struct conf_node *answer;
	struct err err = ERR_INIT;
	int code = names_read(c, "WORKLOAD", ctl_word(c, 0), &namespace, &name);

	if (code != CTL_OK)
		return code;
	const char *path = call_path(c, "/v1/proxies", namespace, name, "config",
	    NULL);

	if (call_api(c, "GET", call_query(c, path, "what", ctl_value(c, "what")),
	    NULL, &answer, &err) < 0)
		return ctl_fail_call(c, &err);
	if (!print_node(c, answer))
		conf_json_write_pretty(&c->out, answer);
	return CTL_OK;
}
