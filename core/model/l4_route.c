#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "model/l4_route.h"

static const char *const versions[] = { MODEL_GATEWAY_GROUP "/v1",
	MODEL_GATEWAY_GROUP "/v1alpha2", NULL };
static const char *const tls_versions[] = { MODEL_GATEWAY_GROUP "/v1",
	MODEL_GATEWAY_GROUP "/v1alpha3", MODEL_GATEWAY_GROUP "/v1alpha2", NULL };

static const struct conf_field rule_fields[] = {
	{ "name", CONF_STRING_T, CONF_AT(struct model_l4_rule, name),
	    .pattern = CONF_SUBDOMAIN, .text = "for people" },
	{ "backendRefs", CONF_STRUCT_T, CONF_LIST_AT(struct model_l4_rule, backends),
	    .schema = &model_backend_ref_schema,
	    .required = true, .min_items = 1, .max_items = MODEL_BACKENDS_MAX,
	    .text = "where to, each by its weight" },
	{ 0 },
};

static const struct conf_schema rule_schema = { "rule",
	sizeof(struct model_l4_rule), rule_fields, NULL };

#define ROWS								\
	{ "rules", CONF_STRUCT_T,					\
	    CONF_LIST_AT(struct model_l4_route_spec, rules),		\
	    .schema = &rule_schema, .required = true, .min_items = 1,	\
	    .max_items = 1, .text = "where it goes" }

static const struct conf_field spec_fields[] = {
	MODEL_ROUTE_FIELDS(struct model_l4_route_spec),
	ROWS,
	{ 0 },
};

static const struct conf_schema spec_schema = { "route spec",
	sizeof(struct model_l4_route_spec), spec_fields, NULL };

static const struct conf_field tls_spec_fields[] = {
	MODEL_ROUTE_FIELDS(struct model_l4_route_spec),
	{ "hostnames", CONF_STRING_T,
	    CONF_LIST_AT(struct model_l4_route_spec, at.hostnames),
	    .pattern = CONF_HOSTNAME, .max_items = 1024,
	    .text = "server names that it is for; required in v1" },
	ROWS,
	{ 0 },
};

static const struct conf_schema tls_spec_schema = { "TLSRoute spec",
	sizeof(struct model_l4_route_spec), tls_spec_fields, NULL };

static int
check_backends(const struct model_l4_rule *r, const struct conf_node *spec,
    struct err *err)
{
	const struct conf_node *rule = conf_at(conf_get(spec, "rules"), 0);

	for (size_t i = 0; i < r->backends_len; i++) {
		char path[48];
		struct conf_place at = { conf_at(conf_get(rule, "backendRefs"), i),
			path, err };

		snprintf(path, sizeof(path), "spec.rules[0].backendRefs[%zu]", i);
		if (model_backend_ref_rule(&r->backends[i], &at) < 0)
			return -1;
	}
	return 0;
}

/* Hosts first: only the whole document knows of which version it is. */
static int
verify(const void *filled, const struct conf_node *doc, struct err *err)
{
	const struct model_l4_route *r = filled;
	const struct conf_node *spec = conf_get(doc, "spec");
	struct conf_place at = { spec, "spec", err };
	bool needs_host = strcmp(r->head.kind, "TLSRoute") == 0 &&
	    strcmp(r->head.api_version, tls_versions[0]) == 0;

	if (needs_host && r->spec.at.hostnames_len == 0)
		return conf_fail(&at, ": the required field \"hostnames\" is "
		    "missing");
	if (model_parents_check(r->spec.at.parents, r->spec.at.parents_len,
	    &at) < 0)
		return -1;
	return check_backends(&r->spec.rules[0], spec, err);
}

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct model_l4_route, spec),
	    .schema = &spec_schema, .required = true,
	    .text = "what is wanted" },
	{ 0 },
};

static const struct conf_field tls_fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct model_l4_route, spec),
	    .schema = &tls_spec_schema, .required = true,
	    .text = "what is wanted" },
	{ 0 },
};

static const struct conf_schema schema = { "route",
	sizeof(struct model_l4_route), fields, verify };
static const struct conf_schema tls_schema = { "TLSRoute",
	sizeof(struct model_l4_route), tls_fields, verify };

const struct model_l4_route *
model_l4_route(const struct model_object *o)
{
	check(o->kind == &model_tcp_route_kind || o->kind == &model_udp_route_kind ||
	    o->kind == &model_tls_route_kind);
	return (const struct model_l4_route *)(const void *)o->head;
}

const struct model_kind model_tcp_route_kind = {
	.kind = "TCPRoute", .plural = "tcproutes", .group = MODEL_GATEWAY_GROUP,
	.versions = versions, .namespaced = true, .stored = true,
	.delivery = MODEL_TO_MEMBERS, .schema = &schema,
	.columns = model_route_columns,
	.concerns = model_route_concerns, .backends = model_route_backends,
	.text = "where TCP connections go",
};

const struct model_kind model_udp_route_kind = {
	.kind = "UDPRoute", .plural = "udproutes", .group = MODEL_GATEWAY_GROUP,
	.versions = versions, .namespaced = true, .stored = true,
	.delivery = MODEL_TO_MEMBERS, .schema = &schema,
	.columns = model_route_columns,
	.concerns = model_route_concerns, .backends = model_route_backends,
	.text = "where UDP datagrams go",
};

const struct model_kind model_tls_route_kind = {
	.kind = "TLSRoute", .plural = "tlsroutes", .group = MODEL_GATEWAY_GROUP,
	.versions = tls_versions, .keeps_version = true, .namespaced = true,
	.stored = true, .delivery = MODEL_TO_MEMBERS, .schema = &tls_schema,
	.columns = model_route_host_columns, .concerns = model_route_concerns,
	.backends = model_route_backends,
	.text = "where TLS connections go, by the server name that they ask for",
};
