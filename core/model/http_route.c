#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "model/closure.h"
#include "model/http_route.h"

static const char *const versions[] = { MODEL_GATEWAY_GROUP "/v1",
	MODEL_GATEWAY_GROUP "/v1beta1", MODEL_GATEWAY_GROUP "/v1alpha2", NULL };
static const char *const path_types[] = {
	[MODEL_PATH_EXACT] = "Exact",
	[MODEL_PATH_PREFIX] = "PathPrefix",
	[MODEL_PATH_REGEX] = "RegularExpression",
	NULL,
};
const char *const model_match_types[] = {
	[MODEL_MATCH_EXACT] = "Exact",
	[MODEL_MATCH_REGEX] = "RegularExpression",
	NULL,
};
static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "DELETE",
	"CONNECT", "OPTIONS", "TRACE", "PATCH", NULL };

/* --- matches ------------------------------------------------------------------ */

static int
path_rule(const void *value, const struct conf_place *at)
{
	static const char *const never[] = { "//", "/./", "/../", "%2f", "%2F", "#" };
	const struct model_path_match *p = value;
	struct slice path = slice_str(p->value);

	if (p->type == MODEL_PATH_REGEX)
		return 0;
	if (path.len == 0 || path.ptr[0] != '/')
		return conf_fail(at, "value: expected a path that begins with \"/\", "
		    "found \"%s\"", p->value);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (strstr(p->value, never[i]) != NULL)
			return conf_fail(at, "value: expected a path without \"%s\", "
			    "found \"%s\"", never[i], p->value);
	if (slice_has_suffix(path, SLICE("/..")) ||
	    slice_has_suffix(path, SLICE("/.")))
		return conf_fail(at, "value: expected a path that does not end with "
		    "a dot segment, found \"%s\"", p->value);
	if (!conf_pattern_match(CONF_URL_PATH, path))
		return conf_fail(at, "value: expected %s, found \"%s\"",
		    conf_pattern_expected(CONF_URL_PATH), p->value);
	return 0;
}

static const struct conf_field path_fields[] = {
	{ "type", CONF_ENUM_T, CONF_AT(struct model_path_match, type),
	    .words = path_types, .fallback = "PathPrefix", .critical = true,
	    .text = "how it is compared; a prefix by whole elements, an expression "
	    "with the whole path" },
	{ "value", CONF_STRING_T, CONF_AT(struct model_path_match, value),
	    .min = 0, .max = 1024, .fallback = "/", .text = "what it is compared with" },
	{ 0 },
};

static const struct conf_schema path_schema = { "path match",
	sizeof(struct model_path_match), path_fields, NULL };

static const struct conf_field value_fields[] = {
	{ "type", CONF_ENUM_T, CONF_AT(struct model_value_match, type),
	    .words = model_match_types, .fallback = "Exact", .critical = true,
	    .text = "how it is compared; an expression with the whole value" },
	{ "name", CONF_STRING_T, CONF_AT(struct model_value_match, name),
	    .pattern = CONF_HEADER_NAME, .required = true, .text = "its name" },
	{ "value", CONF_STRING_T, CONF_AT(struct model_value_match, value),
	    .min = 1, .max = 4096, .required = true,
	    .text = "what it is compared with" },
	{ 0 },
};

const struct conf_schema model_value_match_schema = { "value match",
	sizeof(struct model_value_match), value_fields, NULL };

static const struct conf_field match_fields[] = {
	{ "path", CONF_STRUCT_T, CONF_AT(struct model_http_match, path),
	    .schema = &path_schema, .rule = path_rule, .critical = true,
	    .text = "the path; default: any" },
	{ "headers", CONF_STRUCT_T, CONF_LIST_AT(struct model_http_match, headers),
	    .schema = &model_value_match_schema, .max_items = 16, .critical = true,
	    .text = "headers, all of which must match" },
	{ "queryParams", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_http_match, queries),
	    .schema = &model_value_match_schema, .max_items = 16, .critical = true,
	    .text = "query parameters, all of which must match" },
	{ "method", CONF_WORD_T, CONF_AT(struct model_http_match, method),
	    .words = methods, .critical = true, .text = "the method; default: any" },
	{ 0 },
};

static const struct conf_schema match_schema = { "HTTPRoute match",
	sizeof(struct model_http_match), match_fields, NULL };

int
model_value_match_names(const struct model_value_match *v, size_t n,
    const char *list, const struct conf_place *at)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(v[i].name, v[j].name) == 0)
				return conf_fail(at, "%s[%zu].name: the name %s "
				    "stands twice, expected each once", list, i,
				    v[i].name);
	return 0;
}

static int
match_rule(const void *value, const struct conf_place *at)
{
	const struct model_http_match *m = value;

	for (size_t i = 0; i < m->queries_len; i++)
		if (strlen(m->queries[i].value) > 1024)
			return conf_fail(at, "queryParams[%zu].value: expected 1 to "
			    "1024 bytes, found %zu", i, strlen(m->queries[i].value));
	if (model_value_match_names(m->headers, m->headers_len, "headers",
	    at) < 0)
		return -1;
	return model_value_match_names(m->queries, m->queries_len, "queryParams",
	    at);
}

/* --- rules -------------------------------------------------------------------- */

static const struct conf_field timeout_fields[] = {
	{ "request", CONF_DURATION_T,
	    CONF_AT(struct model_http_timeouts, request_ms), .absent = -1,
	    .text = "for the whole exchange, retries included; 0s: none" },
	{ "backendRequest", CONF_DURATION_T,
	    CONF_AT(struct model_http_timeouts, backend_request_ms), .absent = -1,
	    .text = "for each try; 0s: none" },
	{ 0 },
};

static const struct conf_schema timeout_schema = { "timeouts",
	sizeof(struct model_http_timeouts), timeout_fields, NULL };

static int
timeout_rule(const void *value, const struct conf_place *at)
{
	const struct model_http_timeouts *t = value;

	if (t->request_ms <= 0 || t->backend_request_ms <= t->request_ms)
		return 0;
	return conf_fail(at, "backendRequest: expected no more than request, "
	    "%lldms, found %lldms", (long long)t->request_ms,
	    (long long)t->backend_request_ms);
}

static const struct conf_field retry_fields[] = {
	{ "codes", CONF_INT_T, CONF_LIST_AT(struct model_http_retry, codes),
	    .min = 400, .max = 599, .max_items = 200,
	    .text = "statuses after which is tried again" },
	{ "attempts", CONF_INT_T, CONF_AT(struct model_http_retry, attempts),
	    .min = 1, .max = 100, .absent = -1,
	    .text = "how many times is tried again; default: once" },
	{ "backoff", CONF_DURATION_T, CONF_AT(struct model_http_retry, backoff_ms),
	    .absent = -1, .text = "the least wait before that; default: 25ms" },
	{ 0 },
};

static const struct conf_schema retry_schema = { "retry",
	sizeof(struct model_http_retry), retry_fields, NULL };

static const struct conf_field rule_fields[] = {
	{ "name", CONF_STRING_T, CONF_AT(struct model_http_rule, name),
	    .pattern = CONF_SUBDOMAIN, .text = "unique in the route" },
	{ "matches", CONF_STRUCT_T, CONF_LIST_AT(struct model_http_rule, matches),
	    .schema = &match_schema, .rule = match_rule, .critical = true,
	    .max_items = MODEL_MATCHES_MAX,
	    .text = "which requests it is for: one of these; default: all" },
	{ "filters", CONF_STRUCT_T, CONF_LIST_AT(struct model_http_rule, filters),
	    .schema = &model_http_filter_schema, .critical = true,
	    .max_items = MODEL_FILTERS_MAX, .text = "what happens on the way" },
	{ "backendRefs", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_http_rule, backends),
	    .schema = &model_http_backend_ref_schema,
	    .rule = model_backend_ref_rule, .max_items = MODEL_BACKENDS_MAX,
	    .text = "where to, each by its weight; none: answered with 500" },
	{ "timeouts", CONF_STRUCT_T, CONF_AT(struct model_http_rule, timeouts),
	    .schema = &timeout_schema, .rule = timeout_rule,
	    .text = "how long it may take" },
	{ "retry", CONF_POINTER_T, CONF_AT(struct model_http_rule, retry),
	    .schema = &retry_schema, .text = "when and how often is tried again" },
	{ "sessionPersistence", CONF_POINTER_T,
	    CONF_AT(struct model_http_rule, persistence),
	    .schema = &model_persistence_schema, .rule = model_persistence_rule,
	    .text = "keeps a session with one endpoint" },
	{ 0 },
};

static const struct conf_schema rule_schema = { "HTTPRoute rule",
	sizeof(struct model_http_rule), rule_fields, NULL };

/* A prefix can be replaced only where it is known which one matched. */
static int
check_prefix(const struct model_http_rule *r, const struct model_http_filter *filters,
    size_t n, const char *where, const struct conf_place *at)
{
	bool one = r->matches_len == 0 || (r->matches_len == 1 &&
	    r->matches[0].path.type == MODEL_PATH_PREFIX);

	for (size_t i = 0; i < n && !one; i++) {
		const struct model_path_modifier *path =
		    filters[i].redirect != NULL ? filters[i].redirect->path :
		    filters[i].rewrite != NULL ? filters[i].rewrite->path : NULL;

		if (path != NULL && path->type == MODEL_REPLACE_PREFIX)
			return conf_fail(at, "%sfilters[%zu]: ReplacePrefixMatch "
			    "expects exactly one match, of type PathPrefix", where, i);
	}
	return 0;
}

static int
rule_rule(const void *value, const struct conf_place *at)
{
	const struct model_http_rule *r = value;

	if (model_filters_check(r->filters, r->filters_len, at) < 0 ||
	    check_prefix(r, r->filters, r->filters_len, "", at) < 0)
		return -1;
	if (r->backends_len > 0 && model_filter_find(r->filters, r->filters_len,
	    MODEL_REDIRECT) != NULL)
		return conf_fail(at, "backendRefs: expected none beside a "
		    "RequestRedirect, found %zu", r->backends_len);
	for (size_t i = 0; i < r->backends_len; i++) {
		const struct model_backend_ref *b = &r->backends[i];
		char where[40];

		snprintf(where, sizeof(where), "backendRefs[%zu].", i);
		if (check_prefix(r, b->filters, b->filters_len, where, at) < 0)
			return -1;
	}
	return 0;
}

/* --- the route ---------------------------------------------------------------- */

static const struct conf_field spec_fields[] = {
	MODEL_ROUTE_FIELDS(struct model_http_route_spec),
	{ "hostnames", CONF_STRING_T,
	    CONF_LIST_AT(struct model_http_route_spec, at.hostnames),
	    .pattern = CONF_HOSTNAME, .max_items = MODEL_HOSTNAMES_MAX,
	    .text = "hosts it is for at a gateway; default: all of the listener" },
	{ "rules", CONF_STRUCT_T, CONF_LIST_AT(struct model_http_route_spec, rules),
	    .schema = &rule_schema, .rule = rule_rule, .max_items = MODEL_RULES_MAX,
	    .text = "which requests go where" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "HTTPRoute spec",
	sizeof(struct model_http_route_spec), spec_fields, NULL };

static int
check_rule_names(const struct model_http_route_spec *s, const struct conf_place *at)
{
	for (size_t i = 0; i < s->rules_len; i++)
		for (size_t j = 0; j < i && s->rules[i].name != NULL; j++)
			if (s->rules[j].name != NULL &&
			    strcmp(s->rules[i].name, s->rules[j].name) == 0)
				return conf_fail(at, "rules[%zu].name: the name %s "
				    "stands twice, expected each once", i,
				    s->rules[i].name);
	return 0;
}

static int
spec_rule(const void *value, const struct conf_place *at)
{
	const struct model_http_route_spec *s = value;
	size_t matches = 0;

	for (size_t i = 0; i < s->rules_len; i++)
		matches += s->rules[i].matches_len;
	if (matches > MODEL_ROUTE_MATCHES_MAX)
		return conf_fail(at, "rules: expected at most %d matches in all "
		    "rules together, found %zu", MODEL_ROUTE_MATCHES_MAX, matches);
	if (check_rule_names(s, at) < 0)
		return -1;
	return model_parents_check(s->at.parents, s->at.parents_len, at);
}

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct model_http_route, spec),
	    .schema = &spec_schema, .rule = spec_rule, .required = true,
	    .text = "what is wanted" },
	{ 0 },
};

static const struct conf_schema schema = { "HTTPRoute",
	sizeof(struct model_http_route), fields, NULL };

static void
default_match(struct model_http_rule *r, struct arena *a)
{
	if (r->matches_len > 0)
		return;
	r->matches = arena_zalloc(a, sizeof(*r->matches));
	r->matches[0].path = (struct model_path_match){ MODEL_PATH_PREFIX, "/" };
	r->matches_len = 1;
}

static int
finish(struct model_object *o, struct err *err)
{
	struct model_http_route *r = (struct model_http_route *)(void *)o->head;

	(void)err;
	if (r->spec.rules_len == 0) {
		r->spec.rules = arena_zalloc(&o->arena, sizeof(*r->spec.rules));
		r->spec.rules[0].timeouts = (struct model_http_timeouts){ -1, -1 };
		r->spec.rules_len = 1;
	}
	for (size_t i = 0; i < r->spec.rules_len; i++)
		default_match(&r->spec.rules[i], &o->arena);
	return 0;
}

const struct model_http_route *
model_http_route(const struct model_object *o)
{
	check(o->kind == &model_http_route_kind);
	return (const struct model_http_route *)(const void *)o->head;
}

int64_t
model_backends_weight(const struct model_backend_ref *backends, size_t n)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += backends[i].weight;
	return sum;
}

static void
print_rules(struct str *out, const struct model_object *o)
{
	str_addf(out, "%zu", model_http_route(o)->spec.rules_len);
}

static const struct model_column columns[] = {
	{ "PARENTS", model_route_print_parents, false },
	{ "HOSTNAMES", model_route_print_hostnames, false },
	{ "RULES", print_rules, true },
	{ NULL, NULL, false },
};

const struct model_kind model_http_route_kind = {
	.kind = "HTTPRoute", .plural = "httproutes", .short_name = NULL,
	.group = MODEL_GATEWAY_GROUP, .versions = versions, .namespaced = true,
	.stored = true, .delivery = MODEL_TO_MEMBERS, .schema = &schema,
	.columns = columns, .concerns = model_route_concerns,
	.backends = model_route_backends, .extensions = model_route_extensions,
	.finish = finish,
	.text = "which HTTP requests go where, and what happens on the way",
};
