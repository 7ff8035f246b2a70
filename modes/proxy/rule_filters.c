#include <string.h>

#include "http/path.h"
#include "modes/proxy/rule_filters.h"
#include "route/action.h"

/* --- fields ------------------------------------------------------------------------ */

static bool
is_framing(struct slice name)
{
	return http_field_id(name) >= FIELD_CONNECTION ||
	    slice_is(name, "host");
}

static void
set_field(void *arg, struct slice name, struct slice value)
{
	struct http_head *h = arg;

	if (slice_is(name, "host") && h->method.len > 0)
		http_authority_parse(h->fields.arena, value, h);
	else if (!is_framing(name) && http_is_field_value(value))
		http_fields_set(&h->fields, name, value);
}

static void
add_field(void *arg, struct slice name, struct slice value)
{
	struct http_head *h = arg;

	if (!is_framing(name) && http_is_field_value(value))
		http_fields_add(&h->fields, name, value);
}

static void
remove_field(void *arg, struct slice name)
{
	struct http_head *h = arg;

	http_fields_remove(&h->fields, name);
}

static const struct route_fields field_changes = {
	.set = set_field, .add = add_field, .remove = remove_field,
};

/* --- the request --------------------------------------------------------------------- */

static bool
is_printable(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] >= 0x7f)
			return false;
	return true;
}

static bool
rewrite_path(struct http_head *h, struct arena *a,
    const struct model_path_modifier *m, struct slice prefix)
{
	struct slice made = route_path_change(a, m, h->path, prefix), path;
	ptrdiff_t mark = slice_find(made, '?');

	if (!is_printable(made))
		return false;
	if (mark >= 0) {
		struct slice query = slice_from(made, (size_t)mark + 1);

		h->query = h->query.ptr == NULL ? query : slice_str(
		    arena_printf(a, "%.*s&%.*s", SLICE_ARG(query),
		    SLICE_ARG(h->query)));
		made.len = (size_t)mark;
	}
	if (made.len == 0 || made.ptr[0] != '/')
		made = slice_str(arena_printf(a, "/%.*s", SLICE_ARG(made)));
	if (!http_path_normalize(a, made, &path))
		return false;
	h->path = path;
	return true;
}

static bool
change_request(struct http_head *h, struct arena *a,
    const struct model_http_filter *filters, size_t n, struct slice prefix)
{
	for (size_t i = 0; i < n; i++) {
		const struct model_http_filter *f = &filters[i];

		if (f->request_headers != NULL)
			route_fields_change(a, f->request_headers,
			    &field_changes, h);
		if (f->rewrite == NULL)
			continue;
		if (f->rewrite->hostname != NULL)
			http_authority_parse(a, slice_str(f->rewrite->hostname),
			    h);
		if (f->rewrite->path != NULL &&
		    !rewrite_path(h, a, f->rewrite->path, prefix))
			return false;
	}
	return true;
}

/* Changing the copy leaves what log and counters read as it came. */
static struct http_head *
copy_head(struct arena *a, const struct http_head *from)
{
	struct http_head *h = arena_alloc(a, sizeof(*h));
	size_t size = from->fields.len * sizeof(*from->fields.v);

	*h = *from;
	h->fields.v = arena_alloc(a, size + sizeof(*from->fields.v));
	h->fields.cap = from->fields.len;
	if (size > 0)
		memcpy(h->fields.v, from->fields.v, size);
	return h;
}

struct http_head *
rule_request(const struct rule_choice *c, struct arena *a,
    struct http_head *request)
{
	const struct model_http_rule *rule = c->rule->orders;
	const struct rule_backend *backend = c->backend;
	struct http_head *h;

	if (rule->filters_len == 0 && backend->filters_len == 0)
		return request;
	h = copy_head(a, request);
	if (!change_request(h, a, rule->filters, rule->filters_len, c->prefix) ||
	    !change_request(h, a, backend->filters, backend->filters_len,
	    c->prefix))
		return NULL;
	return h;
}

/* --- the response --------------------------------------------------------------------- */

static void
put_cors(void *arg, struct slice name, struct slice value)
{
	struct http_head *h = arg;

	http_fields_add(&h->fields, name, value);
}

static enum route_cors
cors(const struct model_cors *m, struct arena *a, const struct http_head *request,
    struct http_head *response)
{
	const struct http_fields *f = &request->fields;
	const struct route_cors_request q = {
		.method = request->method,
		.origin = http_fields_find(f, SLICE("origin")),
		.asked_method = http_fields_find(f,
		    SLICE("access-control-request-method")),
		.asked_headers = http_fields_find(f,
		    SLICE("access-control-request-headers")),
	};

	for (size_t i = 0; q.origin.ptr != NULL && route_cors_fields[i] != NULL;
	    i++)
		http_fields_remove(&response->fields,
		    slice_str(route_cors_fields[i]));
	return route_cors_answer(a, m, &q, put_cors, response);
}

static void
change_response(struct http_head *h, struct arena *a,
    const struct http_head *request, const struct model_http_filter *filters,
    size_t n)
{
	for (size_t i = n; i-- > 0;) {
		if (filters[i].response_headers != NULL)
			route_fields_change(a, filters[i].response_headers,
			    &field_changes, h);
		if (filters[i].cors != NULL)
			cors(filters[i].cors, a, request, h);
	}
}

void
rule_response(const struct rule_choice *c, struct arena *a,
    const struct http_head *request, struct http_head *response)
{
	const struct model_http_rule *rule = c->rule->orders;

	if (c->backend != NULL)
		change_response(response, a, request, c->backend->filters,
		    c->backend->filters_len);
	change_response(response, a, request, rule->filters, rule->filters_len);
}

/* --- answers --------------------------------------------------------------------------- */

static struct http_head *
reply_new(struct arena *a, int status)
{
	struct http_head *h = arena_alloc(a, sizeof(*h));

	http_head_init(h, a);
	h->status = status;
	return h;
}

static void
redirect(struct rule_choice *c, struct arena *a, const struct http_head *request,
    uint16_t port, const struct model_redirect *r)
{
	const struct route_place at = {
		.scheme = request->scheme.len > 0 ? request->scheme :
		    SLICE("http"),
		.host = request->host, .port = port,
		.path = request->path, .query = request->query,
		.prefix = c->prefix,
	};
	struct slice location = route_location(a, r, &at);

	if (!is_printable(location)) {
		rule_choice_answer(c, 500, FLAG_NR, "bad_location");
		return;
	}
	rule_choice_answer(c, (int)r->status, FLAG_NONE, "redirect");
	c->reply = reply_new(a, c->status);
	http_fields_add_id(&c->reply->fields, FIELD_LOCATION, location);
}

void
rule_backend_answer(struct rule_choice *c, struct arena *a,
    const struct http_head *request, uint16_t port,
    const struct rule_backend *b)
{
	for (size_t i = 0; i < b->filters_len && c->status == 0; i++) {
		const struct model_http_filter *f = &b->filters[i];

		if (f->redirect != NULL)
			redirect(c, a, request, port, f->redirect);
	}
}

static void
preflight(struct rule_choice *c, struct arena *a, const struct http_head *request,
    const struct model_cors *m)
{
	struct http_head *h = reply_new(a, 204);

	if (cors(m, a, request, h) != ROUTE_CORS_PREFLIGHT)
		return;
	rule_choice_answer(c, h->status, FLAG_NONE, "preflight");
	c->reply = h;
}

void
rule_answer(struct rule_choice *c, struct arena *a,
    const struct http_head *request, uint16_t port)
{
	const struct model_http_rule *rule = c->rule->orders;

	for (size_t i = 0; i < rule->filters_len && c->status == 0; i++) {
		const struct model_http_filter *f = &rule->filters[i];

		if (f->redirect != NULL)
			redirect(c, a, request, port, f->redirect);
		else if (f->cors != NULL)
			preflight(c, a, request, f->cors);
	}
	if (c->reply != NULL && rule->filters_len > 1 && c->status != 204)
		rule_response(c, a, request, c->reply);
}
