#include "conf/units.h"
#include "model/grpc_route.h"
#include "modes/ctl/route_text.h"

static const char *const path_types[] = {
	[MODEL_PATH_EXACT] = "Exact",
	[MODEL_PATH_PREFIX] = "PathPrefix",
	[MODEL_PATH_REGEX] = "RegularExpression",
};

static void
add_values(struct str *out, const char *what, const struct model_value_match *v,
    size_t n)
{
	for (size_t i = 0; i < n; i++)
		str_addf(out, ", %s %s%c%s", what, v[i].name,
		    v[i].type == MODEL_MATCH_REGEX ? '~' : '=', v[i].value);
}

void
route_text_match(struct str *out, const struct model_http_match *m)
{
	str_addf(out, "%s %s", path_types[m->path.type], m->path.value);
	if (m->method != NULL)
		str_addf(out, ", method %s", m->method);
	add_values(out, "header", m->headers, m->headers_len);
	add_values(out, "query", m->queries, m->queries_len);
}

static void
add_grpc_match(struct str *out, const struct model_grpc_match *m)
{
	bool is_regex = m->method.type == MODEL_MATCH_REGEX;

	if (m->method.service == NULL && m->method.method == NULL)
		str_add(out, "every call");
	else
		str_addf(out, "call %s%s/%s", is_regex ? "~" : "",
		    m->method.service == NULL ? "*" : m->method.service,
		    m->method.method == NULL ? "*" : m->method.method);
	add_values(out, "header", m->headers, m->headers_len);
}

/* What does not look into a connection has one match for all. */
static size_t
matches_of(const struct model_object *route, size_t rule)
{
	return route->kind == &model_http_route_kind ?
	    model_http_route(route)->spec.rules[rule].matches_len :
	    route->kind == &model_grpc_route_kind ?
	    model_grpc_route(route)->spec.rules[rule].matches_len : 1;
}

void
route_text_match_of(struct str *out, const struct model_object *route,
    size_t rule, size_t match)
{
	const struct model_kind *k = route->kind;

	if (k == &model_http_route_kind)
		route_text_match(out, &model_http_route(route)->
		    spec.rules[rule].matches[match]);
	else if (k == &model_grpc_route_kind)
		add_grpc_match(out, &model_grpc_route(route)->
		    spec.rules[rule].matches[match]);
	else
		str_add(out, k == &model_udp_route_kind ? "every datagram" :
		    k == &model_tls_route_kind ? "TLS for its hosts" :
		    "every connection");
}

void
route_text_matches(struct str *out, const struct model_object *route, size_t rule)
{
	for (size_t i = 0; i < matches_of(route, rule); i++) {
		str_add(out, i > 0 ? " or " : "");
		route_text_match_of(out, route, rule, i);
	}
}

static void
add_object(struct str *out, const struct model_object_ref *o)
{
	if (!model_ref_is(o->group, o->kind, "", "Service"))
		str_addf(out, "%s/", o->kind);
	if (o->namespace != NULL)
		str_addf(out, "%s/", o->namespace);
	str_add(out, o->name);
	if (o->port != 0)
		str_addf(out, ":%u", o->port);
}

void
route_text_backend(struct str *out, const struct model_backend_ref *b)
{
	const struct model_object_ref o = { .group = b->group, .kind = b->kind,
		.namespace = b->namespace, .name = b->name, .port = b->port };

	add_object(out, &o);
}

void
route_text_backends(struct str *out, const struct model_backend_ref *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		str_add(out, i > 0 ? " " : "");
		route_text_backend(out, &b[i]);
		str_addf(out, "=%lld", (long long)b[i].weight);
	}
}

void
route_text_share(struct str *out, int64_t weight, int64_t sum)
{
	str_addf(out, "%.1f%%", sum == 0 ? 0.0 :
	    (double)weight * 100.0 / (double)sum);
}

void
route_text_filters(struct str *out, const struct model_http_filter *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		str_addf(out, "%s%s", i > 0 ? ", " : "",
		    model_filter_type_name((enum model_filter_type)f[i].type));
		if (f[i].mirror != NULL) {
			str_add(out, " to ");
			add_object(out, &f[i].mirror->backend);
		} else if (f[i].extension != NULL) {
			str_add_char(out, ' ');
			add_object(out, f[i].extension);
		}
	}
}

static void
add_duration(struct str *out, const char *what, int64_t ms)
{
	char text[CONF_DURATION_TEXT];

	if (ms < 0)
		return;
	conf_duration_text(text, ms);
	str_addf(out, "%s%s %s", out->len > 0 ? ", " : "", what,
	    ms == 0 ? "without limit" : text);
}

void
route_text_timeouts(struct str *out, const struct model_http_timeouts *t)
{
	struct str text = { 0 };

	add_duration(&text, "request", t->request_ms);
	add_duration(&text, "each try", t->backend_request_ms);
	str_add_slice(out, str_slice(&text));
	str_fini(&text);
}

void
route_text_retry(struct str *out, const struct model_http_retry *r)
{
	char text[CONF_DURATION_TEXT];

	if (r == NULL)
		return;
	if (r->attempts >= 0 && r->attempts != 1)
		str_addf(out, "%lld times", (long long)r->attempts);
	else
		str_add(out, "once");
	for (size_t i = 0; i < r->codes_len; i++)
		str_addf(out, "%s%lld", i == 0 ? " after status " : ", ",
		    (long long)r->codes[i]);
	if (r->backoff_ms >= 0) {
		conf_duration_text(text, r->backoff_ms);
		str_addf(out, ", each at least %s later", text);
	}
}
