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
	{ 0 },
};

const struct ctl_command cmd_endpoints = {
	.name = "endpoints",
	.arguments = "SERVICE",
	.summary = "show the endpoints of a service, and why some are not used",
	.text = "SERVICE is NAME or NAMESPACE/NAME. STATE is Online, Offline, or "
	    "LeftOut for a workload of the service that is never called; WHY says "
	    "for what reason an endpoint gets no traffic.",
	.min = 1, .max = 1,
	.examples = examples,
	.run = endpoints,
};

static const struct rows_column columns[] = {
	{ "PORT", "port", ROWS_NUMBER, false },
	{ "ADDRESS", "address", ROWS_TEXT, false },
	{ "TARGET", "targetPort", ROWS_NUMBER, false },
	{ "WORKLOAD", "workload", ROWS_TEXT, false },
	{ "STATE", "state", ROWS_TEXT, false },
	{ "WHY", "why", ROWS_TEXT, false },
	{ "WEIGHT", "weight", ROWS_NUMBER, true },
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

static int
endpoints(struct ctl *c)
{
	const char *namespace, *name;
	struct err err = ERR_INIT;
	int code = names_read(c, "SERVICE", ctl_word(c, 0), &namespace, &name);

	if (code != CTL_OK)
		return code;
	const struct conf_node *list = endpoints_read(c, namespace, name, &err);

	if (list == NULL)
		return ctl_fail_call(c, &err);
	if (conf_len(list) == 0 && c->format != CTL_JSON && c->format != CTL_YAML)
		say_why(c, namespace, name);
	else
		endpoints_print(c, list);
	return CTL_OK;
}
