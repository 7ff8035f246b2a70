#include <string.h>

#include "model/http_filter.h"

static const char *const types[] = {
	[MODEL_REQUEST_HEADERS] = "RequestHeaderModifier",
	[MODEL_RESPONSE_HEADERS] = "ResponseHeaderModifier",
	[MODEL_MIRROR] = "RequestMirror",
	[MODEL_EXTENSION] = "ExtensionRef",
	[MODEL_REDIRECT] = "RequestRedirect",
	[MODEL_REWRITE] = "URLRewrite",
	[MODEL_CORS] = "CORS",
	[MODEL_EXTERNAL_AUTH] = "ExternalAuth",
	NULL,
};
static const char *const schemes[] = { "http", "https", NULL };
static const char *const changes[] = {
	[MODEL_REPLACE_FULL] = "ReplaceFullPath",
	[MODEL_REPLACE_PREFIX] = "ReplacePrefixMatch",
	NULL,
};
static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "DELETE",
	"CONNECT", "OPTIONS", "TRACE", "PATCH", "*", NULL };
static const char *const protocols[] = { "HTTP", "GRPC", NULL };

/* --- header modifiers --------------------------------------------------------- */

static const struct conf_field value_fields[] = {
	{ "name", CONF_STRING_T, CONF_AT(struct model_header_value, name),
	    .pattern = CONF_HEADER_NAME, .required = true, .text = "its name" },
	{ "value", CONF_STRING_T, CONF_AT(struct model_header_value, value),
	    .pattern = CONF_FIELD_VALUE, .required = true, .text = "its value" },
	{ 0 },
};

static const struct conf_schema value_schema = { "HTTP header",
	sizeof(struct model_header_value), value_fields, NULL };

static const struct conf_field change_fields[] = {
	{ "set", CONF_STRUCT_T, CONF_LIST_AT(struct model_header_change, set),
	    .schema = &value_schema, .max_items = 16,
	    .text = "headers that take the place of those there" },
	{ "add", CONF_STRUCT_T, CONF_LIST_AT(struct model_header_change, add),
	    .schema = &value_schema, .max_items = 16,
	    .text = "headers that are put behind those there" },
	{ "remove", CONF_STRING_T, CONF_LIST_AT(struct model_header_change, remove),
	    .pattern = CONF_HEADER_NAME, .max_items = 16,
	    .text = "names of headers that are taken away" },
	{ 0 },
};

static const struct conf_schema change_schema = { "header modifier",
	sizeof(struct model_header_change), change_fields, NULL };

static int
check_values(const struct model_header_value *v, size_t n, const char *list,
    const struct conf_place *at)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(v[i].name, v[j].name) == 0)
				return conf_fail(at, "%s[%zu].name: the header %s "
				    "stands twice, expected each once", list, i,
				    v[i].name);
	return 0;
}

static int
change_rule(const void *value, const struct conf_place *at)
{
	const struct model_header_change *c = value;

	if (check_values(c->set, c->set_len, "set", at) < 0 ||
	    check_values(c->add, c->add_len, "add", at) < 0)
		return -1;
	for (size_t i = 0; i < c->remove_len; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(c->remove[i], c->remove[j]) == 0)
				return conf_fail(at, "remove[%zu]: the header %s "
				    "stands twice, expected each once", i,
				    c->remove[i]);
	return 0;
}

/* --- redirect and rewrite ----------------------------------------------------- */

static const struct conf_field modifier_fields[] = {
	{ "type", CONF_ENUM_T, CONF_AT(struct model_path_modifier, type),
	    .words = changes, .required = true, .chooses = true,
	    .text = "what is replaced" },
	{ "replaceFullPath", CONF_STRING_T,
	    CONF_AT(struct model_path_modifier, full), .min = 0, .max = 1024,
	    .arm = "ReplaceFullPath", .text = "the new path" },
	{ "replacePrefixMatch", CONF_STRING_T,
	    CONF_AT(struct model_path_modifier, prefix), .min = 0, .max = 1024,
	    .arm = "ReplacePrefixMatch", .text = "what the matched prefix becomes" },
	{ 0 },
};

static const struct conf_schema modifier_schema = { "path modifier",
	sizeof(struct model_path_modifier), modifier_fields, NULL };

static int
status_rule(const void *value, const struct conf_place *at)
{
	int64_t status = *(const int64_t *)value;

	if (status == 301 || status == 302 || status == 303 || status == 307 ||
	    status == 308)
		return 0;
	return conf_fail(at, ": expected one of 301, 302, 303, 307, 308, found %lld",
	    (long long)status);
}

static const struct conf_field redirect_fields[] = {
	{ "scheme", CONF_WORD_T, CONF_AT(struct model_redirect, scheme),
	    .words = schemes, .text = "scheme to go to; default: that of the request" },
	{ "hostname", CONF_STRING_T, CONF_AT(struct model_redirect, hostname),
	    .pattern = CONF_PRECISE_HOSTNAME,
	    .text = "host to go to; default: that of the request" },
	{ "path", CONF_POINTER_T, CONF_AT(struct model_redirect, path),
	    .schema = &modifier_schema,
	    .text = "path to go to; default: that of the request" },
	{ "port", CONF_PORT_T, CONF_AT(struct model_redirect, port),
	    .text = "port to go to; default: of the scheme if given, else of the "
	    "listener" },
	{ "statusCode", CONF_INT_T, CONF_AT(struct model_redirect, status),
	    .fallback = "302", .rule = status_rule,
	    .text = "301, 302, 303, 307 or 308" },
	{ 0 },
};

static const struct conf_schema redirect_schema = { "redirect",
	sizeof(struct model_redirect), redirect_fields, NULL };

static const struct conf_field rewrite_fields[] = {
	{ "hostname", CONF_STRING_T, CONF_AT(struct model_rewrite, hostname),
	    .pattern = CONF_PRECISE_HOSTNAME,
	    .text = "what Host becomes; default: as it is" },
	{ "path", CONF_POINTER_T, CONF_AT(struct model_rewrite, path),
	    .schema = &modifier_schema,
	    .text = "what the path becomes; default: as it is" },
	{ 0 },
};

static const struct conf_schema rewrite_schema = { "rewrite",
	sizeof(struct model_rewrite), rewrite_fields, NULL };

/* --- mirror ------------------------------------------------------------------- */

static const struct conf_field fraction_fields[] = {
	{ "numerator", CONF_INT_T, CONF_AT(struct model_fraction, numerator),
	    .min = 0, .max = INT32_MAX, .required = true, .text = "so many" },
	{ "denominator", CONF_INT_T, CONF_AT(struct model_fraction, denominator),
	    .min = 1, .max = INT32_MAX, .fallback = "100", .text = "of so many" },
	{ 0 },
};

static const struct conf_schema fraction_schema = { "fraction",
	sizeof(struct model_fraction), fraction_fields, NULL };

static int
fraction_rule(const void *value, const struct conf_place *at)
{
	const struct model_fraction *f = value;

	if (f->numerator <= f->denominator)
		return 0;
	return conf_fail(at, "numerator: expected at most the denominator, %lld, "
	    "found %lld", (long long)f->denominator, (long long)f->numerator);
}

static const struct conf_field mirror_fields[] = {
	{ "backendRef", CONF_STRUCT_T, CONF_AT(struct model_mirror, backend),
	    .schema = &model_mirror_ref_schema, .required = true,
	    .rule = model_mirror_ref_rule, .text = "who gets a copy" },
	{ "percent", CONF_INT_T, CONF_AT(struct model_mirror, percent), .min = 0,
	    .max = 100, .absent = -1, .text = "of how many requests; default: all" },
	{ "fraction", CONF_POINTER_T, CONF_AT(struct model_mirror, fraction),
	    .schema = &fraction_schema, .rule = fraction_rule,
	    .text = "the same, finer" },
	{ 0 },
};

static const struct conf_schema mirror_schema = { "mirror",
	sizeof(struct model_mirror), mirror_fields, NULL };

static int
mirror_rule(const void *value, const struct conf_place *at)
{
	const struct model_mirror *m = value;

	if (m->percent < 0 || m->fraction == NULL)
		return 0;
	return conf_fail(at, "fraction: expected percent or fraction, found both");
}

/* --- CORS --------------------------------------------------------------------- */

static const struct conf_field cors_fields[] = {
	{ "allowOrigins", CONF_STRING_T, CONF_LIST_AT(struct model_cors, origins),
	    .pattern = CONF_ORIGIN, .max_items = 64,
	    .text = "origins that may read replies: \"*\" or SCHEME://HOST[:PORT]" },
	{ "allowCredentials", CONF_BOOL_T, CONF_AT(struct model_cors, credentials),
	    .text = "whether requests may carry credentials" },
	{ "allowMethods", CONF_WORD_T, CONF_LIST_AT(struct model_cors, methods),
	    .words = methods, .max_items = 9, .text = "methods that may be used" },
	{ "allowHeaders", CONF_STRING_T, CONF_LIST_AT(struct model_cors, headers),
	    .pattern = CONF_TOKEN_OR_STAR, .max_items = 64,
	    .text = "headers that requests may carry" },
	{ "exposeHeaders", CONF_STRING_T, CONF_LIST_AT(struct model_cors, expose),
	    .pattern = CONF_TOKEN_OR_STAR, .max_items = 64,
	    .text = "headers of replies that may be read" },
	{ "maxAge", CONF_INT_T, CONF_AT(struct model_cors, max_age_s), .min = 1,
	    .max = INT32_MAX, .fallback = "5",
	    .text = "for how many seconds a preflight's answer holds" },
	{ 0 },
};

static const struct conf_schema cors_schema = { "CORS",
	sizeof(struct model_cors), cors_fields, NULL };

static int
check_star(const char *const *list, size_t n, const char *name,
    const struct conf_place *at)
{
	for (size_t i = 0; i < n && n > 1; i++)
		if (strcmp(list[i], "*") == 0)
			return conf_fail(at, "%s[%zu]: expected \"*\" alone, found "
			    "others beside it", name, i);
	return 0;
}

static int
cors_rule(const void *value, const struct conf_place *at)
{
	const struct model_cors *c = value;

	if (check_star(c->origins, c->origins_len, "allowOrigins", at) < 0 ||
	    check_star(c->methods, c->methods_len, "allowMethods", at) < 0 ||
	    check_star(c->headers, c->headers_len, "allowHeaders", at) < 0)
		return -1;
	return check_star(c->expose, c->expose_len, "exposeHeaders", at);
}

/* --- external authorization --------------------------------------------------- */

static const struct conf_field auth_http_fields[] = {
	{ "path", CONF_STRING_T, CONF_AT(struct model_auth_http, path),
	    .pattern = CONF_URL_PATH, .text = "put before the request's path" },
	{ "allowedHeaders", CONF_STRING_T,
	    CONF_LIST_AT(struct model_auth_http, headers),
	    .pattern = CONF_HEADER_NAME, .max_items = 64,
	    .text = "headers of the request that are passed on" },
	{ "allowedResponseHeaders", CONF_STRING_T,
	    CONF_LIST_AT(struct model_auth_http, reply_headers),
	    .pattern = CONF_HEADER_NAME, .max_items = 64,
	    .text = "headers of its reply that the backend gets" },
	{ 0 },
};

static const struct conf_schema auth_http_schema = { "external auth by HTTP",
	sizeof(struct model_auth_http), auth_http_fields, NULL };

static const struct conf_field auth_grpc_fields[] = {
	{ "allowedHeaders", CONF_STRING_T,
	    CONF_LIST_AT(struct model_auth_grpc, headers),
	    .pattern = CONF_HEADER_NAME, .max_items = 64,
	    .text = "headers of the request that are passed on" },
	{ 0 },
};

static const struct conf_schema auth_grpc_schema = { "external auth by gRPC",
	sizeof(struct model_auth_grpc), auth_grpc_fields, NULL };

static const struct conf_field auth_body_fields[] = {
	{ "maxSize", CONF_INT_T, CONF_AT(struct model_auth_body, max), .min = 0,
	    .max = UINT16_MAX, .text = "bytes of the body that are passed on" },
	{ 0 },
};

static const struct conf_schema auth_body_schema = { "body to pass on",
	sizeof(struct model_auth_body), auth_body_fields, NULL };

static const struct conf_field auth_fields[] = {
	{ "protocol", CONF_ENUM_T, CONF_AT(struct model_external_auth, protocol),
	    .words = protocols, .required = true, .chooses = true,
	    .text = "what the authorizer speaks" },
	{ "http", CONF_POINTER_T, CONF_AT(struct model_external_auth, http),
	    .schema = &auth_http_schema, .arm = "HTTP", .arm_optional = true,
	    .text = "what it is told by HTTP" },
	{ "grpc", CONF_POINTER_T, CONF_AT(struct model_external_auth, grpc),
	    .schema = &auth_grpc_schema, .arm = "GRPC", .arm_optional = true,
	    .text = "what it is told by gRPC" },
	{ "backendRef", CONF_STRUCT_T, CONF_AT(struct model_external_auth, backend),
	    .schema = &model_mirror_ref_schema, .required = true,
	    .rule = model_mirror_ref_rule, .text = "the authorizer" },
	{ "forwardBody", CONF_POINTER_T, CONF_AT(struct model_external_auth, body),
	    .schema = &auth_body_schema, .text = "whether it sees the body" },
	{ 0 },
};

static const struct conf_schema auth_schema = { "external auth",
	sizeof(struct model_external_auth), auth_fields, NULL };

/* --- the filter --------------------------------------------------------------- */

#define FILTER(member)	CONF_AT(struct model_http_filter, member)

#define TYPE_ROW(list)							\
	{ "type", CONF_ENUM_T, FILTER(type), .words = list, .required = true,	\
	    .chooses = true, .critical = true, .text = "what it does" }
#define HEADER_ROWS							\
	{ "requestHeaderModifier", CONF_POINTER_T, FILTER(request_headers),	\
	    .schema = &change_schema, .rule = change_rule,		\
	    .arm = "RequestHeaderModifier",				\
	    .text = "changes headers of the request" },			\
	{ "responseHeaderModifier", CONF_POINTER_T, FILTER(response_headers),	\
	    .schema = &change_schema, .rule = change_rule,		\
	    .arm = "ResponseHeaderModifier",				\
	    .text = "changes headers of the reply" }
#define OTHER_ROWS							\
	{ "requestMirror", CONF_POINTER_T, FILTER(mirror),		\
	    .schema = &mirror_schema, .rule = mirror_rule,		\
	    .arm = "RequestMirror",					\
	    .text = "sends a copy elsewhere, whose reply nobody gets" },	\
	{ "extensionRef", CONF_POINTER_T, FILTER(extension),		\
	    .schema = &model_local_ref_schema, .arm = "ExtensionRef",	\
	    .text = "a filter that is a document: RateLimit, FaultInjection, "	\
	    "Compression, Cache" }

static const struct conf_field http_fields[] = {
	TYPE_ROW(types),
	HEADER_ROWS,
	{ "requestRedirect", CONF_POINTER_T, FILTER(redirect),
	    .schema = &redirect_schema, .arm = "RequestRedirect",
	    .text = "answers with a redirect" },
	{ "urlRewrite", CONF_POINTER_T, FILTER(rewrite),
	    .schema = &rewrite_schema, .arm = "URLRewrite",
	    .text = "changes host or path of the request" },
	{ "cors", CONF_POINTER_T, FILTER(cors), .schema = &cors_schema,
	    .rule = cors_rule, .arm = "CORS",
	    .text = "lets browsers call from other origins" },
	{ "externalAuth", CONF_POINTER_T, FILTER(external_auth),
	    .schema = &auth_schema, .arm = "ExternalAuth",
	    .text = "asks another service whether to let pass" },
	OTHER_ROWS,
	{ 0 },
};

const struct conf_schema model_http_filter_schema = { "HTTPRoute filter",
	sizeof(struct model_http_filter), http_fields, NULL };

/* The first words of types. */
static const char *const grpc_types[] = {
	[MODEL_REQUEST_HEADERS] = "RequestHeaderModifier",
	[MODEL_RESPONSE_HEADERS] = "ResponseHeaderModifier",
	[MODEL_MIRROR] = "RequestMirror",
	[MODEL_EXTENSION] = "ExtensionRef",
	NULL,
};

static const struct conf_field grpc_fields[] = {
	TYPE_ROW(grpc_types),
	HEADER_ROWS,
	OTHER_ROWS,
	{ 0 },
};

const struct conf_schema model_grpc_filter_schema = { "GRPCRoute filter",
	sizeof(struct model_http_filter), grpc_fields, NULL };

const char *
model_filter_type_name(enum model_filter_type type)
{
	return types[type];
}

const struct model_http_filter *
model_filter_find(const struct model_http_filter *filters, size_t n,
    enum model_filter_type type)
{
	for (size_t i = 0; i < n; i++)
		if (filters[i].type == (int)type)
			return &filters[i];
	return NULL;
}

int
model_filters_check(const struct model_http_filter *filters, size_t n,
    const struct conf_place *at)
{
	for (size_t i = 0; i < n; i++) {
		enum model_filter_type type = (enum model_filter_type)filters[i].type;

		if (type != MODEL_MIRROR && type != MODEL_EXTENSION &&
		    model_filter_find(filters, i, type) != NULL)
			return conf_fail(at, "filters[%zu].type: %s stands twice, "
			    "expected it once", i, types[type]);
		if ((type == MODEL_REDIRECT &&
		    model_filter_find(filters, i, MODEL_REWRITE) != NULL) ||
		    (type == MODEL_REWRITE &&
		    model_filter_find(filters, i, MODEL_REDIRECT) != NULL))
			return conf_fail(at, "filters[%zu].type: expected "
			    "RequestRedirect or URLRewrite, found both", i);
	}
	return 0;
}

uint32_t
model_mirror_share(const struct model_mirror *m)
{
	if (m->fraction != NULL)
		return (uint32_t)(m->fraction->numerator * CONF_PERCENT_ALL /
		    m->fraction->denominator);
	return m->percent < 0 ? CONF_PERCENT_ALL :
	    (uint32_t)(m->percent * (CONF_PERCENT_ALL / 100));
}
