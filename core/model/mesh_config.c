#include <string.h>

#include "base/check.h"
#include "model/mesh_config.h"

static const char *const versions[] = { "mesh/v1", NULL };
const char *const model_inbound_policies[] = {
	[MODEL_ALL_AUTHENTICATED] = "all-authenticated",
	[MODEL_ALL_UNAUTHENTICATED] = "all-unauthenticated",
	[MODEL_CLUSTER_AUTHENTICATED] = "cluster-authenticated",
	[MODEL_CLUSTER_UNAUTHENTICATED] = "cluster-unauthenticated",
	[MODEL_DENY] = "deny",
	[MODEL_AUDIT] = "audit",
	NULL,
};

static const char *const outbound_modes[] = {
	[MODEL_REGISTRY_ONLY] = "REGISTRY_ONLY",
	[MODEL_ALLOW_ANY] = "ALLOW_ANY",
	NULL,
};

static const struct conf_field outbound_fields[] = {
	{ "mode", CONF_ENUM_T, CONF_AT(struct model_outbound_policy, mode),
	    .words = outbound_modes, .fallback = "REGISTRY_ONLY",
	    .critical = true,
	    .text = "where workloads may call to: services of the registry, "
	    "hosts outside among them, or any host" },
	{ 0 },
};

static const struct conf_schema outbound_schema = { "outbound traffic policy",
	sizeof(struct model_outbound_policy), outbound_fields, NULL };

static const struct conf_field spec_fields[] = {
	{ "defaultInboundPolicy", CONF_ENUM_T,
	    CONF_AT(struct model_mesh_config_spec, inbound_policy),
	    .words = model_inbound_policies, .fallback = "all-authenticated", .critical = true,
	    .text = "who may call a workload for which no policy speaks" },
	{ "outboundTrafficPolicy", CONF_STRUCT_T,
	    CONF_AT(struct model_mesh_config_spec, outbound),
	    .schema = &outbound_schema, .critical = true,
	    .text = "what leaves through sidecars" },
	{ "trustDomain", CONF_STRING_T,
	    CONF_AT(struct model_mesh_config_spec, trust_domain),
	    .pattern = CONF_TRUST_DOMAIN,
	    .text = "shown only: control's --trust-domain sets it" },
	{ "renewAfterExpiry", CONF_DURATION_T,
	    CONF_AT(struct model_mesh_config_spec, renew_after_expiry_ms),
	    .max = INT64_C(90) * 86400 * 1000, .fallback = "720h",
	    .text = "for how long after its certificate ended a workload that "
	    "still has its key gets another without a token; 0s: not at all" },
	{ "http", CONF_STRUCT_T, CONF_AT(struct model_mesh_config_spec, http),
	    .schema = &model_http_listeners_schema,
	    .text = "connections of HTTP to listeners of every proxy" },
	{ "chains", CONF_STRUCT_T, CONF_AT(struct model_mesh_config_spec, chains),
	    .schema = &model_chains_schema,
	    .text = "filters of every proxy's listeners" },
	{ "extensionProviders", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_mesh_config_spec, providers),
	    .schema = &model_extension_provider_schema,
	    .max_items = MODEL_PROVIDERS_MAX,
	    .text = "who is asked by AuthorizationPolicies, by name" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "MeshConfig spec",
	sizeof(struct model_mesh_config_spec), spec_fields, NULL };

static int
spec_rule(const void *value, const struct conf_place *at)
{
	const struct model_mesh_config_spec *s = value;

	return model_extension_providers_check(s->providers, s->providers_len,
	    at);
}

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct model_mesh_config, spec),
	    .schema = &spec_schema, .rule = spec_rule,
	    .text = "what is wanted" },
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

static int
finish(struct model_object *o, struct err *err)
{
	struct model_mesh_config *m =
	    (struct model_mesh_config *)(void *)o->head;

	(void)err;
	model_extension_providers_finish(&o->arena, m->spec.providers,
	    m->spec.providers_len);
	return 0;
}

const struct model_mesh_config *
model_mesh_config(const struct model_object *o)
{
	check(o->kind == &model_mesh_config_kind);
	return (const struct model_mesh_config *)(const void *)o->head;
}

const char *
model_inbound_policy_name(enum model_inbound_policy policy)
{
	return model_inbound_policies[policy];
}

static void
print_policy(struct str *out, const struct model_object *o)
{
	str_add(out, model_inbound_policies[model_mesh_config(o)->spec.inbound_policy]);
}

static const struct model_column columns[] = {
	{ "INBOUND-POLICY", print_policy, false },
	{ NULL, NULL, false },
};

const struct model_kind model_mesh_config_kind = {
	.kind = "MeshConfig", .plural = "meshconfigs", .short_name = "mc",
	.group = "mesh", .versions = versions, .namespaced = false, .stored = true,
	.delivery = MODEL_TO_MEMBERS, .schema = &schema, .columns = columns,
	.concerns = model_concerns_everybody, .finish = finish,
	.text = "what holds for the whole mesh",
};
