#include "conf/json.h"
#include "model/service.h"
#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/documents.h"
#include "modes/ctl/endpoints.h"
#include "modes/ctl/names.h"
#include "modes/ctl/rows.h"

static int endpoints(struct ctl *);

static const struct ctl_example examples[] = {
	{ "endpoints web", "who answers for web, and why others do not" },
	{ "endpoints shop/orders -o json", "of another namespace, for a script" },
	{ "endpoints orders --from web-1", "as the sidecar of web-1 sees them: who "
	    "is ejected or unhealthy, why, and for how long" },
	{ 0 },
};

static const struct ctl_option options[] = {
	{ "from", 0, "WORKLOAD",
	    .text = "as the sidecar of this caller sees them: NAME or "
	    "NAMESPACE/NAME" },
	{ 0 },
};

const struct ctl_command cmd_endpoints = {
	.name = "endpoints",
	.arguments = "SERVICE",
	.summary = "show the endpoints of a service, and why some are not used",
	.text = "SERVICE is NAME or NAMESPACE/NAME. STATE is Online, Offline, or "
	    "LeftOut for a workload of the service that is never called; MTLS "
	    "is how a sidecar is called, by the PeerAuthentication that "
	    "MTLS-BY (-o wide) names, or by default; WHY says "
	    "for what reason an endpoint gets no traffic. Each caller judges by what "
	    "it sees, so --from asks its sidecar: there STATE is available, degraded, "
	    "warming, ejected, probing, unhealthy or unreachable, and LEFT is the "
	    "time until it is tried again.",
	.min = 1, .max = 1,
	.options = options,
	.examples = examples,
	.run = endpoints,
};

static const struct rows_column columns[] = {
	{ "PORT", "port", ROWS_NUMBER, false },
	{ "PROTOCOL", "protocol", ROWS_TEXT, false },
	{ "ADDRESS", "address", ROWS_TEXT, false },
	{ "TARGET", "targetPort", ROWS_NUMBER, false },
	{ "WORKLOAD", "workload", ROWS_TEXT, false },
	{ "MTLS", "mtls", ROWS_TEXT, false },
	{ "STATE", "state", ROWS_TEXT, false },
	{ "WHY", "why", ROWS_TEXT, false },
	{ "WEIGHT", "weight", ROWS_NUMBER, true },
	{ "ZONE", "zone", ROWS_TEXT, true },
	{ "IDENTITY", "identity", ROWS_TEXT, true },
	{ "MTLS-BY", "mtlsBy", ROWS_TEXT, true },
	{ 0 },
};

static const struct rows_column seen_columns[] = {
	{ "PORT", "port", ROWS_NUMBER, false },
	{ "PROTOCOL", "protocol", ROWS_TEXT, false },
	{ "ADDRESS", "address", ROWS_TEXT, false },
	{ "WORKLOAD", "workload", ROWS_TEXT, false },
	{ "STATE", "state", ROWS_TEXT, false },
	{ "WHY", "why", ROWS_TEXT, false },
	{ "LEFT", "leftMs", ROWS_MS, false },
	{ "ACTIVE", "active", ROWS_NUMBER, false },
	{ "REQUESTS", "requests", ROWS_NUMBER, false },
	{ "FAILURES", "failures", ROWS_NUMBER, false },
	{ "WEIGHT", "weight", ROWS_NUMBER, true },
	{ "PRIORITY", "priority", ROWS_NUMBER, true },
	{ "ZONE", "zone", ROWS_TEXT, true },
	{ "IDENTITY", "identity", ROWS_TEXT, true },
	{ 0 },
};

const struct conf_node *
endpoints_read(struct ctl *c, const char *namespace, const char *service,
    struct err *err)
{
	return call_list(c, call_path(c, "/v1/services", namespace, service,
	    "endpoints", NULL), "items", err);
}

bool
endpoints_is_online(const struct conf_node *list)
{
	CONF_FOREACH(e, list)
		if (slice_is(slice_str(conf_get_string(e->node, "state")),
		    "Online"))
			return true;
	return false;
}

void
endpoints_print(struct ctl *c, const struct conf_node *list)
{
	rows_print(c, list, columns, "endpoints");
}

/* None at all: what it is that no workload is. */
static void
say_why(struct ctl *c, const char *namespace, const char *name)
{
	struct conf_node *doc, *selector;
	struct err err = ERR_INIT;

	if (call_api(c, "GET", documents_path(c, &model_service_kind, namespace,
	    name), NULL, &doc, &err) < 0)
		return;
	selector = conf_get(conf_get(doc, "spec"), "selector");
	if (conf_len(selector) > 0) {
		struct str labels = { 0 };

		conf_json_write(&labels, selector);
		ctl_say(c, "no endpoints: no workload in namespace %s has the labels "
		    "that the Service selects, %s", namespace, str_ptr(&labels));
		str_fini(&labels);
	} else
		ctl_say(c, "no endpoints: no workload serves %s/%s; next: mesh ctl "
		    "token create for one with a sidecar, or mesh ctl register",
		    namespace, name);
}

static void
add_seen(struct conf_node *to, const struct conf_node *port)
{
	int64_t number = conf_get_int(port, "port", 0);
	const char *protocol = conf_get_string(port, "protocol");

	CONF_FOREACH(e, conf_get(port, "endpoints")) {
		conf_set_int(e->node, "port", number);
		conf_set_string(e->node, "protocol", protocol);
		conf_add(to, e->node);
	}
}

/* What the sidecar of a caller makes of them; it is asked now. */
static int
seen_from(struct ctl *c, const char *namespace, const char *name,
    const char *caller)
{
	const char *caller_namespace, *caller_name;
	struct conf_node *answer, *list = conf_list_new(&c->arena);
	struct err err = ERR_INIT;
	int code = names_read(c, "--from", caller, &caller_namespace,
	    &caller_name);
	bool is_known = false;

	if (code != CTL_OK)
		return code;
	if (call_api(c, "GET", call_query(c, call_path(c, "/v1/proxies",
	    caller_namespace, caller_name, "config", NULL), "what", "proxy"),
	    NULL, &answer, &err) < 0)
		return ctl_fail_call(c, &err);
	const char *key = arena_printf(&c->arena, "%s/%s", namespace, name);

	CONF_FOREACH(e, conf_find(answer, "proxy.snapshot.services")) {
		if (!slice_is(slice_str(conf_get_string(e->node, "name")), key))
			continue;
		is_known = true;
		CONF_FOREACH(p, conf_get(e->node, "ports"))
			add_seen(list, p->node);
	}
	if (!is_known) {
		ctl_say(c, "%s/%s does not call %s: its sidecar has not asked for "
		    "it", caller_namespace, caller_name, key);
		return CTL_NO;
	}
	rows_print(c, list, seen_columns, "endpoints");
	return CTL_OK;
}

static int
endpoints(struct ctl *c)
{
	const char *namespace, *name;
	struct err err = ERR_INIT;
	int code = names_read(c, "SERVICE", ctl_word(c, 0), &namespace, &name);

	if (code != CTL_OK)
		return code;
	if (ctl_value(c, "from") != NULL)
		return seen_from(c, namespace, name, ctl_value(c, "from"));
	const struct conf_node *list = endpoints_read(c, namespace, name, &err);

	if (list == NULL)
		return ctl_fail_call(c, &err);
	if (conf_len(list) == 0 && c->format != CTL_JSON && c->format != CTL_YAML)
		say_why(c, namespace, name);
	else
		endpoints_print(c, list);
	return CTL_OK;
}
