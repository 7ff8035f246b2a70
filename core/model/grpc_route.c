#include <string.h>

#include "base/check.h"
#include "model/grpc_route.h"

static const char *const versions[] = { MODEL_GATEWAY_GROUP "/v1",
	MODEL_GATEWAY_GROUP "/v1beta1", MODEL_GATEWAY_GROUP "/v1alpha2", NULL };

/* --- matches ------------------------------------------------------------------ */

#define METHOD(member)	CONF_AT(struct model_grpc_method, member)

static const struct conf_field method_fields[] = {
	{ "type", CONF_ENUM_T, METHOD(type), .words = model_match_types,
	    .fallback = "Exact", .critical = true, .text = "how both are compared" },
	{ "service", CONF_STRING_T, METHOD(service), .max = 1024,
	    .text = "package and service; default: any" },
	{ "method", CONF_STRING_T, METHOD(method), .max = 1024,
	    .text = "method of it; default: any" },
	{ 0 },
};

static const struct conf_schema method_schema = { "gRPC method",
	sizeof(struct model_grpc_method), method_fields, NULL };

/* Letters, digits and "_", parts by dots where they may be, no digit in front. */
static bool
is_word(const char *word, bool dots)
{
	char before = '.';

	for (const char *c = word; *c != '\0'; before = *c++) {
		bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		    *c == '_';

		if (!letter && !(*c >= '0' && *c <= '9' && before != '.') &&
		    !(*c == '.' && dots && before != '.'))
			return false;
	}
	return before != '.';
}

static bool
is_given(const char *word)
{
	return word != NULL && word[0] != '\0';
}

static int
method_rule(const void *value, const struct conf_place *at)
{
	const struct model_grpc_method *m = value;

	if (!is_given(m->service) && !is_given(m->method))
		return conf_fail(at, ": expected service, method or both, found "
		    "neither");
	if (m->type == MODEL_MATCH_REGEX)
		return 0;
	/* The language of protocols allows a dot in front. */
	if (is_given(m->service) &&
	    !is_word(m->service + (m->service[0] == '.'), true))
		return conf_fail(at, "service: expected the name of a gRPC service, "
		    "found \"%s\"", m->service);
	if (is_given(m->method) && !is_word(m->method, false))
		return conf_fail(at, "method: expected the name of a gRPC method, "
		    "found \"%s\"", m->method);
	return 0;
}

static const struct conf_field match_fields[] = {
	{ "method", CONF_STRUCT_T, CONF_AT(struct model_grpc_match, method),
	    .schema = &method_schema, .rule = method_rule, .critical = true,
	    .text = "which calls; default: all" },
	{ "headers", CONF_STRUCT_T, CONF_LIST_AT(struct model_grpc_match, headers),
	    .schema = &model_value_match_schema, .max_items = 16, .critical = true,
	    .text = "headers, all of which must match" },
	{ 0 },
};

static const struct conf_schema match_schema = { "GRPCRoute match",
	sizeof(struct model_grpc_match), match_fields, NULL };

static int
match_rule(const void *value, const struct conf_place *at)
{
	const struct model_grpc_match *m = value;

	return model_value_match_names(m->headers, m->headers_len, "headers", at);
}

/* --- rules and the route ------------------------------------------------------ */

static const struct conf_field rule_fields[] = {
	{ "name", CONF_STRING_T, CONF_AT(struct model_grpc_rule, name),
	    .pattern = CONF_SUBDOMAIN, .text = "unique in the route" },
	{ "matches", CONF_STRUCT_T, CONF_LIST_AT(struct model_grpc_rule, matches),
	    .schema = &match_schema, .rule = match_rule, .critical = true,
	    .max_items = MODEL_MATCHES_MAX,
	    .text = "which calls it is for: one of these; default: all" },
	{ "filters", CONF_STRUCT_T, CONF_LIST_AT(struct model_grpc_rule, filters),
	    .schema = &model_grpc_filter_schema, .critical = true,
	    .max_items = MODEL_FILTERS_MAX, .text = "what happens on the way; those "
	    "of types that GRPCRoute has" },
	{ "backendRefs", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_grpc_rule, backends),
	    .schema = &model_grpc_backend_ref_schema,
	    .rule = model_backend_ref_rule, .max_items = MODEL_BACKENDS_MAX,
	    .text = "where to, each by its weight; none: UNAVAILABLE" },
	{ "sessionPersistence", CONF_POINTER_T,
	    CONF_AT(struct model_grpc_rule, persistence),
	    .schema = &model_persistence_schema, .rule = model_persistence_rule,
	    .text = "keeps a session with one endpoint" },
	{ 0 },
};

static const struct conf_schema rule_schema = { "GRPCRoute rule",
	sizeof(struct model_grpc_rule), rule_fields, NULL };

static int
rule_rule(const void *value, const struct conf_place *at)
{
	const struct model_grpc_rule *r = value;

	return model_filters_check(r->filters, r->filters_len, at);
}

static const struct conf_field spec_fields[] = {
	MODEL_ROUTE_FIELDS(struct model_grpc_route_spec),
	{ "hostnames", CONF_STRING_T,
	    CONF_LIST_AT(struct model_grpc_route_spec, at.hostnames),
	    .pattern = CONF_HOSTNAME, .max_items = MODEL_HOSTNAMES_MAX,
	    .text = "hosts it is for at a gateway; default: all of the listener" },
	{ "rules", CONF_STRUCT_T, CONF_LIST_AT(struct model_grpc_route_spec, rules),
	    .schema = &rule_schema, .rule = rule_rule, .max_items = MODEL_RULES_MAX,
	    .text = "which calls go where" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "GRPCRoute spec",
	sizeof(struct model_grpc_route_spec), spec_fields, NULL };

static int
spec_rule(const void *value, const struct conf_place *at)
{
	const struct model_grpc_route_spec *s = value;
	size_t matches = 0;

	for (size_t i = 0; i < s->rules_len; i++) {
		matches += s->rules[i].matches_len;
		for (size_t j = 0; j < i && s->rules[i].name != NULL; j++)
			if (s->rules[j].name != NULL &&
			    strcmp(s->rules[i].name, s->rules[j].name) == 0)
				return conf_fail(at, "rules[%zu].name: the name %s "
				    "stands twice, expected each once", i,
				    s->rules[i].name);
	}
	if (matches > MODEL_ROUTE_MATCHES_MAX)
		return conf_fail(at, "rules: expected at most %d matches in all "
		    "rules together, found %zu", MODEL_ROUTE_MATCHES_MAX, matches);
	return model_parents_check(s->at.parents, s->at.parents_len, at);
}

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct model_grpc_route, spec),
	    .schema = &spec_schema, .rule = spec_rule, .required = true,
	    .text = "what is wanted" },
	{ 0 },
};

static const struct conf_schema schema = { "GRPCRoute",
	sizeof(struct model_grpc_route), fields, NULL };

/* What is empty is not given. */
static void
finish_rule(struct model_grpc_rule *r, struct arena *a)
{
	if (r->matches_len == 0) {
		r->matches = arena_zalloc(a, sizeof(*r->matches));
		r->matches_len = 1;
	}
	for (size_t i = 0; i < r->matches_len; i++) {
		struct model_grpc_method *m = &r->matches[i].method;

		m->service = is_given(m->service) ? m->service : NULL;
		m->method = is_given(m->method) ? m->method : NULL;
	}
}

static int
finish(struct model_object *o, struct err *err)
{
	struct model_grpc_route *r = (struct model_grpc_route *)(void *)o->head;

	(void)err;
	if (r->spec.rules_len == 0) {
		r->spec.rules = arena_zalloc(&o->arena, sizeof(*r->spec.rules));
		r->spec.rules_len = 1;
	}
	for (size_t i = 0; i < r->spec.rules_len; i++)
		finish_rule(&r->spec.rules[i], &o->arena);
	return 0;
}

const struct model_grpc_route *
model_grpc_route(const struct model_object *o)
{
	check(o->kind == &model_grpc_route_kind);
	return (const struct model_grpc_route *)(const void *)o->head;
}

const struct model_kind model_grpc_route_kind = {
	.kind = "GRPCRoute", .plural = "grpcroutes", .group = MODEL_GATEWAY_GROUP,
	.versions = versions, .namespaced = true, .stored = true,
	.delivery = MODEL_TO_MEMBERS, .schema = &schema, .columns = model_route_host_columns,
	.concerns = model_route_concerns, .backends = model_route_backends,
	.extensions = model_route_extensions, .finish = finish,
	.text = "which gRPC calls go where, and what happens on the way",
};
