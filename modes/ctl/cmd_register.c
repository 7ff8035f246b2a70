#include <string.h>

#include "conf/yaml.h"
#include "model/annotation.h"
#include "model/service.h"
#include "model/workload.h"
#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/documents.h"
#include "modes/ctl/input.h"
#include "modes/ctl/names.h"
#include "modes/ctl/print.h"
#include "modes/ctl/protocol.h"

static int registers(struct ctl *), deregister(struct ctl *);

static const struct ctl_option register_options[] = {
	{ "service", 0, "SERVICE",
	    .text = "that the workload serves: NAME or NAMESPACE/NAME" },
	{ "address", 0, "HOST", .text = "where it is reached: an IP address or name" },
	{ "port", 0, "PORT[/PROTOCOL]", .repeats = true,
	    .text = "of the application: 80, 80/http" },
	{ "label", 0, "KEY=VALUE", .repeats = true, .text = "that it carries" },
	{ "zone", 0, "ZONE", .text = "where it runs" },
	{ "weight", 0, "N", .text = "its share of the traffic" },
	{ "dry-run", 0, NULL, .text = "show what would change, and change nothing" },
	{ 0 },
};

static const struct ctl_option deregister_options[] = {
	{ "dry-run", 0, NULL, .text = "show what would change, and change nothing" },
	{ 0 },
};

static const struct ctl_example register_examples[] = {
	{ "register db-1 --service db --address 10.0.0.9 --port 5432/tcp",
	    "an instance of service db that has no sidecar" },
	{ "register db-1 --service db --address 10.0.0.9 --dry-run -o yaml",
	    "the document that this stands for" },
	{ 0 },
};

static const struct ctl_example deregister_examples[] = {
	{ "deregister db-1", "nobody is sent there any more" },
	{ 0 },
};

const struct ctl_command cmd_register = {
	.name = "register",
	.arguments = "NAME",
	.needs = "--service SERVICE --address HOST",
	.summary = "register a workload that has no sidecar",
	.text = "Such a workload is called in plain text, and only for a Service "
	    "with the annotation mesh/plaintext: \"true\"; where that is missing, "
	    "it says so.",
	.min = 1, .max = 1,
	.options = register_options,
	.examples = register_examples,
	.run = registers,
};

const struct ctl_command cmd_deregister = {
	.name = "deregister",
	.arguments = "NAME...",
	.summary = "remove workloads that have no sidecar",
	.text = "One with a sidecar leaves by stopping its `mesh proxy`.",
	.min = 1, .max = -1,
	.options = deregister_options,
	.examples = deregister_examples,
	.asks = true,
	.run = deregister,
};

/* Messages of faults name flags: "--port: ...". */
static int
add_ports(struct ctl *c, struct conf_node *spec, struct err *err)
{
	struct conf_node *ports = NULL;
	const char *text;

	for (size_t i = 0; (text = args_nth(&c->args, "port", i)) != NULL; i++) {
		struct slice rest = slice_str(text), number;
		bool has_protocol = strchr(text, '/') != NULL;
		uint64_t port;

		slice_cut(&rest, '/', &number);
		if (!slice_u64(number, &port) || port == 0 || port > 65535)
			return err_set(err, ERR_USAGE, "--port: expected a number "
			    "from 1 to 65535, found \"%s\"", text);
		if (has_protocol && protocol_verify("port", rest, err) < 0)
			return -1;
		if (ports == NULL)
			ports = conf_set_list(spec, "ports");
		struct conf_node *row = conf_add_map(ports);

		conf_set_int(row, "port", (int64_t)port);
		if (has_protocol)
			conf_set_slice(row, "protocol", rest);
	}
	return 0;
}

static int
add_labels(struct ctl *c, struct conf_node *meta, struct err *err)
{
	struct conf_node *labels = NULL;
	const char *text;

	for (size_t i = 0; (text = args_nth(&c->args, "label", i)) != NULL; i++) {
		const char *equals = strchr(text, '=');

		if (equals == NULL || equals == text)
			return err_set(err, ERR_USAGE,
			    "--label: expected KEY=VALUE, found \"%s\"", text);
		if (labels == NULL)
			labels = conf_set_map(meta, "labels");
		conf_set_string(labels, arena_printf(&c->arena, "%.*s",
		    (int)(equals - text), text), equals + 1);
	}
	return 0;
}

static int
add_weight(struct ctl *c, struct conf_node *spec, struct err *err)
{
	const char *text = ctl_value(c, "weight");
	uint64_t weight;

	if (text == NULL)
		return 0;
	if (!slice_u64(slice_str(text), &weight) || weight > 1000000)
		return err_set(err, ERR_USAGE, "--weight: expected a number up to "
		    "1000000, found \"%s\"", text);
	conf_set_int(spec, "weight", (int64_t)weight);
	return 0;
}

/* The document that the flags stand for. */
static int
make_document(struct ctl *c, const char *namespace, const char *service,
    struct conf_node *doc, struct err *err)
{
	struct conf_node *meta, *spec;

	conf_set_string(doc, "apiVersion", model_workload_kind.versions[0]);
	conf_set_string(doc, "kind", model_workload_kind.kind);
	meta = conf_set_map(doc, "metadata");
	conf_set_string(meta, "name", ctl_word(c, 0));
	conf_set_string(meta, "namespace", namespace);
	spec = conf_set_map(doc, "spec");
	conf_add_string(conf_set_list(spec, "services"), service);
	conf_set_string(spec, "address", ctl_value(c, "address"));
	conf_set_bool(spec, "sidecar", false);
	conf_set_string(spec, "zone", ctl_value(c, "zone"));
	if (add_ports(c, spec, err) < 0 || add_labels(c, meta, err) < 0 ||
	    add_weight(c, spec, err) < 0)
		return -1;
	struct model_object *o = model_object_read(doc, MODEL_STRICT, NULL, err);

	model_object_unref(o);
	return o == NULL ? -1 : 0;
}

/* What is still missing before somebody can call it. */
static void
say_next(struct ctl *c, const char *namespace, const char *service)
{
	struct conf_node *doc, *notes;
	struct err err = ERR_INIT;
	const char *path = documents_path(c, &model_service_kind, namespace,
	    service);
	const char *allowed;

	if (call_api(c, "GET", path, NULL, &doc, &err) < 0) {
		if (err.kind == ERR_NOT_FOUND)
			ctl_say(c, "there is no Service %s/%s yet; next: apply one, "
			    "with the annotation " MODEL_PLAINTEXT ": \"true\", so "
			    "that it can be called", namespace, service);
		return;
	}
	notes = conf_get(conf_get(doc, "metadata"), "annotations");
	allowed = conf_string(conf_get(notes, MODEL_PLAINTEXT));
	if (!model_annotation_is_true(allowed))
		ctl_say(c, "Service %s/%s does not allow plain text; next: give it "
		    "the annotation " MODEL_PLAINTEXT ": \"true\", so that %s can "
		    "be called", namespace, service, ctl_word(c, 0));
}

static int
put(struct ctl *c, const char *namespace, const char *service,
    const struct conf_node *doc)
{
	bool dry_run = ctl_has(c, "dry-run");
	const char *path = documents_path(c, &model_workload_kind, namespace,
	    ctl_word(c, 0));
	struct conf_node *answer;
	struct err err = ERR_INIT;

	if (dry_run && print_node(c, doc))
		return CTL_OK;
	if (call_api(c, "PUT", call_query(c, path, "dry-run", dry_run ? "true" :
	    NULL), doc, &answer, &err) < 0)
		return ctl_fail_call(c, &err);
	const char *result = conf_get_string(answer, "result");

	input_add_ref(&c->out, &model_workload_kind, ctl_word(c, 0));
	str_addf(&c->out, " %s%s\n", result == NULL ? "configured" : result,
	    dry_run ? " (dry run)" : "");
	say_next(c, namespace, service);
	return CTL_OK;
}

static int
registers(struct ctl *c)
{
	static const struct names_field fields[] = {
		{ "metadata.name", "NAME" },
		{ "metadata.labels", "--label" },
		{ "spec.address", "--address" },
		{ "spec.ports", "--port" },
		{ "spec.zone", "--zone" },
		{ "spec.weight", "--weight" },
		{ 0 },
	};
	struct conf_node *doc = conf_map_new(&c->arena);
	const char *service = ctl_value(c, "service"), *namespace;
	struct err err = ERR_INIT;
	int code;

	if (service == NULL || ctl_value(c, "address") == NULL)
		return ctl_misused(c, "say --service and --address");
	code = names_read(c, "--service", service, &namespace, &service);
	if (code != CTL_OK)
		return code;
	if (make_document(c, namespace, service, doc, &err) < 0)
		return err.kind == ERR_USAGE ? ctl_misused(c, "%s", err.text) :
		    names_fail(c, fields, &err);
	return put(c, namespace, service, doc);
}

static int
deregister_one(struct ctl *c, const char *name)
{
	const char *path = documents_path(c, &model_workload_kind, c->namespace,
	    name);
	struct conf_node *doc;
	struct err err = ERR_INIT;
	bool dry_run = ctl_has(c, "dry-run");

	if (call_api(c, "GET", path, NULL, &doc, &err) < 0)
		return ctl_fail_call(c, &err);
	if (conf_get_bool(conf_get(doc, "spec"), "sidecar", true)) {
		err_set(&err, ERR_CONFLICT, "workload %s has a sidecar: it leaves "
		    "when its mesh proxy stops", name);
		return ctl_fail(c, &err);
	}
	if (call_api(c, "DELETE", call_query(c, path, "dry-run", dry_run ? "true" :
	    NULL), NULL, NULL, &err) < 0)
		return ctl_fail_call(c, &err);
	input_add_ref(&c->out, &model_workload_kind, name);
	str_addf(&c->out, " deleted%s\n", dry_run ? " (dry run)" : "");
	return CTL_OK;
}

static int
deregister(struct ctl *c)
{
	int code = CTL_OK;

	if (c->namespace == NULL)
		return ctl_misused(c, "a workload is in one namespace: say -n "
		    "instead of -A");
	if (!ctl_has(c, "dry-run"))
		code = ctl_confirm_words(c, "deregister workload");
	if (code != CTL_OK)
		return code;
	for (size_t i = 0; i < c->args.len && (code == CTL_OK || code == CTL_NO);
	    i++) {
		int result = deregister_one(c, ctl_word(c, i));

		if (result != CTL_OK)
			code = result;
	}
	return code;
}
