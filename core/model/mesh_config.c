#include <string.h>

#include "base/check.h"
#include "conf/units.h"
#include "model/mesh_config.h"

static const char *const versions[] = { "mesh/v1", NULL };
static const char *const policies[] = {
	[MODEL_ALL_AUTHENTICATED] = "all-authenticated",
	[MODEL_ALL_UNAUTHENTICATED] = "all-unauthenticated",
	[MODEL_DENY] = "deny",
	[MODEL_AUDIT] = "audit",
	NULL,
};

static const struct conf_field limits_fields[] = {
	{ "connections", CONF_INT_T, CONF_AT(struct model_limits, connections),
	    .min = 1, .max = 1000000, .fallback = "20000",
	    .text = "connections that one listener holds at a time" },
	{ "idleTime", CONF_DURATION_T, CONF_AT(struct model_limits, idle_ms),
	    .min = 1000, .max = 86400000, .fallback = "1h",
	    .text = "how long a connection may carry nothing" },
	{ "headSize", CONF_BYTES_T, CONF_AT(struct model_limits, head_bytes),
	    .min = 1024, .max = 1 << 20, .fallback = "64Ki",
	    .text = "bytes of a request's head" },
	{ "bodySize", CONF_BYTES_T, CONF_AT(struct model_limits, body_bytes),
	    .min = 0, .max = INT64_C(1) << 50, .fallback = "0",
	    .text = "bytes of a request's body; 0: any" },
	{ 0 },
};

static const struct conf_schema limits_schema = { "limits",
	sizeof(struct model_limits), limits_fields, NULL };

static const struct conf_field spec_fields[] = {
	{ "defaultInboundPolicy", CONF_ENUM_T,
	    CONF_AT(struct model_mesh_config_spec, inbound_policy),
	    .words = policies, .fallback = "all-authenticated", .critical = true,
	    .text = "who may call a workload for which no policy speaks" },
	{ "trustDomain", CONF_STRING_T,
	    CONF_AT(struct model_mesh_config_spec, trust_domain),
	    .pattern = CONF_TRUST_DOMAIN,
	    .text = "shown only: control's --trust-domain sets it" },
	{ "chains", CONF_STRUCT_T, CONF_AT(struct model_mesh_config_spec, chains),
	    .schema = &model_chains_schema,
	    .text = "filters of every proxy's listeners" },
	{ "certificateLifetime", CONF_DURATION_T,
	    CONF_AT(struct model_mesh_config_spec, certificate_lifetime_ms),
	    .min = 10000, .max = INT64_C(30) * 86400000,
	    .text = "life of a workload's certificate; default: control's" },
	{ "limits", CONF_STRUCT_T, CONF_AT(struct model_mesh_config_spec, limits),
	    .schema = &limits_schema, .text = "what a proxy takes from its peers" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "MeshConfig spec",
	sizeof(struct model_mesh_config_spec), spec_fields, NULL };

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct model_mesh_config, spec),
	    .schema = &spec_schema, .text = "what is wanted" },
	{ 0 },
};

static int
verify(const void *filled, const struct conf_node *doc, struct err *err)
{
	const struct model_mesh_config *m = filled;

	if (strcmp(m->head.meta.name, MODEL_MESH_CONFIG_NAME) == 0)
		return 0;
	return conf_error(conf_find(doc, "metadata.name"), err,
	    "metadata.name: expected \"" MODEL_MESH_CONFIG_NAME "\", as there is "
	    "one MeshConfig, found \"%s\"", m->head.meta.name);
}

static const struct conf_schema schema = { "MeshConfig",
	sizeof(struct model_mesh_config), fields, verify };

const struct model_mesh_config *
model_mesh_config(const struct model_object *o)
{
	check(o->kind == &model_mesh_config_kind);
	return (const struct model_mesh_config *)(const void *)o->head;
}

const char *
model_inbound_policy_name(enum model_inbound_policy policy)
{
	return policies[policy];
}

static void
print_policy(struct str *out, const struct model_object *o)
{
	str_add(out, policies[model_mesh_config(o)->spec.inbound_policy]);
}

static void
print_lifetime(struct str *out, const struct model_object *o)
{
	char text[CONF_DURATION_TEXT] = "-";
	int64_t ms = model_mesh_config(o)->spec.certificate_lifetime_ms;

	if (ms > 0)
		conf_duration_text(text, ms);
	str_add(out, text);
}

static const struct model_column columns[] = {
	{ "INBOUND-POLICY", print_policy, false },
	{ "CERTIFICATES", print_lifetime, false },
	{ NULL, NULL, false },
};

static bool
concerns(const struct model_subject *subject, const struct model_object *o)
{
	(void)subject;
	(void)o;
	return true;
}

const struct model_kind model_mesh_config_kind = {
	.kind = "MeshConfig", .plural = "meshconfigs", .short_name = "mc",
	.group = "mesh", .versions = versions, .namespaced = false, .stored = true,
	.delivery = MODEL_TO_MEMBERS, .schema = &schema, .columns = columns,
	.concerns = concerns,
	.text = "what holds for the whole mesh",
};
