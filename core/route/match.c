#include <stdio.h>

#include "base/check.h"
#include "route/match.h"

static const enum route_path_kind path_kinds[] = {
	[MODEL_PATH_EXACT] = ROUTE_EXACT,
	[MODEL_PATH_PREFIX] = ROUTE_PREFIX,
	[MODEL_PATH_REGEX] = ROUTE_REGEX,
};

static void
fill_values(struct route_value *out, const struct model_value_match *v, size_t n)
{
	check(n <= MATCH_VALUES_MAX);
	for (size_t i = 0; i < n; i++)
		out[i] = (struct route_value){ slice_str(v[i].name),
			slice_str(v[i].value), v[i].type == MODEL_MATCH_REGEX };
}

static void
read_http(struct match *out, const struct model_http_match *m)
{
	struct route_rule *r = &out->rule;

	fill_values(out->headers, m->headers, m->headers_len);
	fill_values(out->queries, m->queries, m->queries_len);
	r->path_kind = path_kinds[m->path.type];
	r->path = slice_str(m->path.value);
	r->method = slice_str(m->method);
	r->headers_len = m->headers_len;
	r->queries_len = m->queries_len;
}

static void
read_call(struct match *out, const struct model_grpc_method *m)
{
	struct route_rule *r = &out->rule;
	bool is_regex = m->type == MODEL_MATCH_REGEX;
	int len;

	if (is_regex || m->service == NULL) {
		r->path_kind = ROUTE_CALL;
		r->call_service = (struct route_value){
			.value = slice_str(m->service), .is_regex = is_regex };
		r->call_method = (struct route_value){
			.value = slice_str(m->method), .is_regex = is_regex };
		return;
	}
	r->path_kind = m->method == NULL ? ROUTE_PREFIX : ROUTE_EXACT;
	len = snprintf(out->path, sizeof(out->path), "/%s%s%s", m->service,
	    m->method == NULL ? "" : "/", m->method == NULL ? "" : m->method);
	check(len > 0 && (size_t)len < sizeof(out->path));
	r->path = slice_of(out->path, (size_t)len);
}

static void
read_grpc(struct match *out, const struct model_grpc_match *m)
{
	fill_values(out->headers, m->headers, m->headers_len);
	out->rule.headers_len = m->headers_len;
	read_call(out, &m->method);
}

size_t
match_count(const struct model_object *route, size_t rule)
{
	if (route->kind == &model_http_route_kind)
		return model_http_route(route)->spec.rules[rule].matches_len;
	if (route->kind == &model_grpc_route_kind)
		return model_grpc_route(route)->spec.rules[rule].matches_len;
	return 1;
}

void
match_read(struct match *out, const struct model_object *route, size_t rule,
    size_t index)
{
	out->rule = (struct route_rule){ .headers = out->headers,
		.queries = out->queries };
	if (route->kind == &model_http_route_kind) {
		read_http(out, &model_http_route(route)->
		    spec.rules[rule].matches[index]);
	} else if (route->kind == &model_grpc_route_kind) {
		read_grpc(out, &model_grpc_route(route)->
		    spec.rules[rule].matches[index]);
	} else {
		out->rule.path_kind = ROUTE_PREFIX;
		out->rule.path = SLICE("/");
	}
}
