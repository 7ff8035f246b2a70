#include <string.h>

#include "conf/pattern.h"
#include "http/h1_parser.h"
#include "http/path.h"
#include "modes/ctl/asked.h"
#include "route/document.h"

struct slice
asked_header(const struct asked *a, struct slice lower_name,
    struct slice between)
{
	return slice_is(lower_name, "host") ? a->authority :
	    http_fields_join(&a->headers, a->headers.arena, lower_name, between);
}

static struct slice
find_header(const void *head, struct slice lower_name)
{
	return asked_header(head, lower_name, SLICE(","));
}

static void
add_header(struct ctl *c, struct asked *a, struct slice name, struct slice value)
{
	if (slice_is(name, "host")) {
		if (ctl_value(c, "host") == NULL)
			a->authority = value;
		return;
	}
	http_fields_add(&a->headers, name, value);
}

static int
read_headers(struct ctl *c, struct asked *a)
{
	const char *text;

	http_fields_init(&a->headers, &c->arena);
	for (size_t i = 0; (text = args_nth(&c->args, "header", i)) != NULL; i++) {
		size_t len = strcspn(text, "=:");
		struct slice name = slice_of(text, len), value;

		if (text[len] == '\0' || !conf_pattern_match(CONF_HEADER_NAME, name))
			return ctl_misused(c, "--header: expected NAME=VALUE, found "
			    "\"%s\"", text);
		value = slice_trim(slice_str(text + len + 1));
		if (value.len > 0 && !conf_pattern_match(CONF_FIELD_VALUE, value))
			return ctl_misused(c, "--header: expected %s as the value, "
			    "found \"%.*s\"",
			    conf_pattern_expected(CONF_FIELD_VALUE),
			    SLICE_ARG(value));
		add_header(c, a, arena_lower(&c->arena, name), value);
	}
	return CTL_OK;
}

/* Encodes what would not stay one parameter, or one line. */
static void
add_encoded(struct str *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char b = (unsigned char)text.ptr[i];

		if (b <= ' ' || b > '~' || strchr("&%+#=", b) != NULL)
			str_addf(out, "%%%02X", b);
		else
			str_add_char(out, text.ptr[i]);
	}
}

static int
read_query(struct ctl *c, struct slice typed, struct asked *a)
{
	struct str query = { 0 };
	const char *text;
	bool is_some = typed.ptr != NULL;

	str_add_slice(&query, typed);
	for (size_t i = 0; (text = args_nth(&c->args, "query", i)) != NULL; i++) {
		struct slice rest = slice_str(text), name;

		if (*text == '\0' || *text == '=') {
			str_fini(&query);
			return ctl_misused(c, "--query: expected NAME=VALUE, found "
			    "\"%s\"", text);
		}
		slice_cut(&rest, '=', &name);
		str_add(&query, query.len > 0 ? "&" : "");
		add_encoded(&query, name);
		str_add_char(&query, '=');
		add_encoded(&query, rest);
		is_some = true;
	}
	if (is_some)
		a->request.query = slice_str(arena_strdup(&c->arena,
		    str_ptr(&query)));
	str_fini(&query);
	return CTL_OK;
}

static int
read_path(struct ctl *c, struct asked *a)
{
	struct slice path, query = slice_str(ctl_value(c, "path"));
	bool has_query = slice_find(query, '?') >= 0;

	if (query.len == 0 || query.ptr[0] != '/')
		return ctl_misused(c, "--path: expected a path that begins with "
		    "\"/\", found \"%.*s\"", SLICE_ARG(query));
	slice_cut(&query, '?', &path);
	if (!http_path_normalize(&c->arena, path, &a->request.path))
		return ctl_misused(c, "--path: proxies refuse \"%.*s\" with 400",
		    SLICE_ARG(path));
	return read_query(c, has_query ? query : SLICE_NONE, a);
}

/* "[::1]:80" is ::1. */
struct slice
asked_host(struct ctl *c, struct slice typed)
{
	struct slice host = arena_lower(&c->arena, typed), part;
	uint16_t port;

	if (conf_host_port(host, &part, &port))
		host = part;
	if (host.len > 1 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
		host = slice_of(host.ptr + 1, host.len - 2);
	return host;
}

int
asked_read(struct ctl *c, const char *default_host, struct asked *a)
{
	const char *method = ctl_value(c, "method"), *host = ctl_value(c, "host");
	int code;

	*a = (struct asked){ .request = { .method = slice_str(method),
		.header = find_header, .head = a } };
	if (!conf_pattern_match(CONF_HEADER_NAME, a->request.method))
		return ctl_misused(c, "--method: expected a method such as GET, "
		    "found \"%s\"", method);
	if (http_method_id(a->request.method) == METHOD_TRACE)
		return ctl_misused(c, "--method: proxies refuse TRACE with 405");
	if (!h1_knows_method(a->request.method))
		ctl_warn(c, "--method: proxies refuse %s with 501, unless it comes "
		    "by HTTP/2", method);
	a->authority = slice_str(host == NULL ? default_host : host);
	code = read_path(c, a);
	if (code == CTL_OK)
		code = read_headers(c, a);
	a->request.host = asked_host(c, a->authority);
	return code;
}

void
asked_by(struct asked *a, const char *caller)
{
	if (find_header(a, SLICE(ROUTE_CALLER)).ptr == NULL)
		http_fields_add(&a->headers, SLICE(ROUTE_CALLER),
		    slice_str(caller));
}

void
asked_by_stranger(struct ctl *c, struct asked *a)
{
	struct http_fields *f = &a->headers;
	size_t kept = 0;

	for (size_t i = 0; i < f->len; i++)
		if (slice_has_prefix(f->v[i].name, SLICE("x-mesh-")))
			ctl_warn(c, "--header: gateways take away %.*s",
			    SLICE_ARG(f->v[i].name));
		else
			f->v[kept++] = f->v[i];
	f->len = kept;
}
