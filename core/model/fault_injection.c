#include "base/check.h"
#include "model/extension.h"

static const char *const versions[] = { "mesh/v1", NULL };

#define PERCENT(type)							\
	{ "percent", CONF_PERCENT_T, CONF_AT(struct type, percent),	\
	    .fallback = "100", .text = "of how many requests" }

static const struct conf_field delay_fields[] = {
	{ "duration", CONF_DURATION_T,
	    CONF_AT(struct model_fault_delay, duration_ms), .min = 1,
	    .max = 3600000, .required = true, .text = "how long a request waits" },
	PERCENT(model_fault_delay),
	{ 0 },
};

const struct conf_schema model_fault_delay_schema = { "delay",
	sizeof(struct model_fault_delay), delay_fields, NULL };

static const struct conf_field abort_fields[] = {
	{ "status", CONF_INT_T, CONF_AT(struct model_fault_abort, status),
	    .min = 200, .max = 599, .text = "what is answered" },
	{ "grpcStatus", CONF_INT_T, CONF_AT(struct model_fault_abort, grpc_status),
	    .min = 1, .max = 16, .absent = -1, .text = "what gRPC is answered" },
	PERCENT(model_fault_abort),
	{ 0 },
};

const struct conf_schema model_fault_abort_schema = { "abort",
	sizeof(struct model_fault_abort), abort_fields, NULL };

int
model_fault_abort_rule(const void *value, const struct conf_place *at)
{
	const struct model_fault_abort *a = value;

	if ((a->status > 0) != (a->grpc_status > 0))
		return 0;
	return conf_fail(at, ": expected status or grpcStatus, found %s",
	    a->status > 0 ? "both" : "neither");
}

static const struct conf_field throughput_fields[] = {
	{ "bytesPerSecond", CONF_BYTES_T,
	    CONF_AT(struct model_fault_throughput, bytes), .min = 1,
	    .max = 1073741824, .required = true,
	    .text = "how fast a reply's body comes" },
	PERCENT(model_fault_throughput),
	{ 0 },
};

const struct conf_schema model_fault_throughput_schema = { "throughput",
	sizeof(struct model_fault_throughput), throughput_fields, NULL };

#define SPEC(member)	CONF_AT(struct model_fault_spec, member)

static const struct conf_field spec_fields[] = {
	MODEL_EXTENSION_TARGETS(struct model_fault_spec),
	{ "delay", CONF_POINTER_T, SPEC(delay), .schema = &model_fault_delay_schema,
	    .text = "makes requests wait" },
	{ "abort", CONF_POINTER_T, SPEC(abort), .schema = &model_fault_abort_schema,
	    .rule = model_fault_abort_rule, .text = "answers without a backend" },
	{ "throughput", CONF_POINTER_T, SPEC(throughput),
	    .schema = &model_fault_throughput_schema, .text = "makes replies slow" },
	{ "headerCallers", CONF_STRING_T, CONF_LIST_AT(struct model_fault_spec, callers),
	    .pattern = CONF_SERVICE_NAME, .max_items = 100,
	    .text = "NAMESPACE/ACCOUNT of callers that may ask for faults by header" },
	{ "maxActive", CONF_INT_T, SPEC(max_active), .min = 1, .max = 1000000,
	    .fallback = "100", .text = "faults at a time in one proxy" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "FaultInjection spec",
	sizeof(struct model_fault_spec), spec_fields, NULL };

static int
spec_rule(const void *value, const struct conf_place *at)
{
	const struct model_fault_spec *s = value;

	if (s->delay != NULL || s->abort != NULL || s->throughput != NULL ||
	    s->callers_len > 0)
		return 0;
	return conf_fail(at, ": expected delay, abort, throughput or headerCallers, "
	    "found none");
}

struct fault_injection {
	struct model_head head;
	struct model_fault_spec spec;
};

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct fault_injection, spec),
	    .schema = &spec_schema, .rule = spec_rule, .required = true,
	    .text = "what is wanted" },
	{ 0 },
};

static const struct conf_schema schema = { "FaultInjection",
	sizeof(struct fault_injection), fields, NULL };

const struct model_fault_spec *
model_fault_injection(const struct model_object *o)
{
	check(o->kind == &model_fault_injection_kind);
	return &((const struct fault_injection *)(const void *)o->head)->spec;
}

const struct model_kind model_fault_injection_kind = {
	.kind = "FaultInjection", .plural = "faultinjections", .group = "mesh",
	.versions = versions, .namespaced = true, .stored = true,
	.delivery = MODEL_TO_MEMBERS, .schema = &schema,
	.columns = model_extension_columns, .concerns = model_extension_concerns,
	.text = "delays and failures on purpose",
};
