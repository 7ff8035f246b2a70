#include <string.h>

#include "model/extension_provider.h"
#include "model/mesh_config.h"

/* --- the service ------------------------------------------------------------------ */

/* [NAMESPACE/]NAME[.NAMESPACE][.svc[.cluster.local] | .mesh] */
static bool
read_service(const char *text, struct slice *namespace, struct slice *name)
{
	static const char *const domains[] = { "", "svc", "svc.cluster.local",
		"mesh" };
	struct slice rest = slice_str(text), space = SLICE_NONE;
	ptrdiff_t slash = slice_find(rest, '/');

	*namespace = slash < 0 ? SLICE_NONE : slice_of(rest.ptr, (size_t)slash);
	if (slash >= 0)
		rest = slice_from(rest, (size_t)slash + 1);
	slice_cut(&rest, '.', name);
	if (slice_cut(&rest, '.', &space)) {
		if (namespace->ptr != NULL && !slice_eq(*namespace, space))
			return false;
		*namespace = space;
	}
	if (namespace->ptr == NULL || !conf_pattern_match(CONF_LABEL, *namespace) ||
	    !conf_pattern_match(CONF_LABEL, *name))
		return false;
	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++)
		if (slice_is(rest, domains[i]))
			return true;
	return false;
}

/* --- tables --------------------------------------------------------------------- */

#define BODY(member)	CONF_AT(struct model_provider_body, member)
static const struct conf_field body_fields[] = {
	{ "maxRequestBytes", CONF_INT_T, BODY(max), .min = 1,
	    .max = MODEL_AUTH_BODY_MAX, .required = true,
	    .text = "of the body that are shown" },
	{ "allowPartialMessage", CONF_BOOL_T, BODY(allows_part),
	    .text = "of a longer body its beginning is; else it is refused with "
	    "413" },
	{ "packAsBytes", CONF_BOOL_T, BODY(as_bytes),
	    .text = "by gRPC in raw_body instead of body, which is UTF-8" },
	{ 0 },
};
static const struct conf_schema body_schema = { "body to show",
	sizeof(struct model_provider_body), body_fields, NULL };

static int
status_rule(const void *value, const struct conf_place *at)
{
	const char *text = *(const char *const *)value;
	uint64_t n;

	if (text == NULL || (strlen(text) == 3 && slice_u64(slice_str(text),
	    &n) && n >= 400 && n <= 599))
		return 0;
	return conf_fail(at, ": expected a status from \"400\" to \"599\", found "
	    "\"%s\"", text);
}

static int
service_rule(const void *value, const struct conf_place *at)
{
	const char *text = *(const char *const *)value;
	struct slice namespace, name;

	if (text == NULL || read_service(text, &namespace, &name))
		return 0;
	return conf_fail(at, ": expected a service such as NAME.NAMESPACE.mesh or "
	    "NAMESPACE/NAME, found \"%s\"", text);
}

#define AT(member)	CONF_AT(struct model_auth_provider, member)
#define LIST(member)	CONF_LIST_AT(struct model_auth_provider, member),	\
	.pattern = CONF_HEADER_NAME, .max_items = 64
#define COMMON_ROWS							\
	{ "service", CONF_STRING_T, AT(host), .required = true,		\
	    .rule = service_rule, .text = "NAME.NAMESPACE.mesh or the like, or "	\
	    "NAMESPACE/NAME" },						\
	{ "port", CONF_PORT_T, AT(port), .required = true,		\
	    .text = "of the service" },					\
	{ "timeout", CONF_DURATION_T, AT(timeout_ms), .min = 1,		\
	    .max = 600000, .fallback = MODEL_AUTH_TIMEOUT,		\
	    .text = "for all of a question" },				\
	{ "failOpen", CONF_BOOL_T, AT(fails_open),			\
	    .text = "if nobody answers the request is let by" },	\
	{ "statusOnError", CONF_STRING_T, AT(error_status),		\
	    .rule = status_rule,					\
	    .text = "else this is what its caller gets; none: 403" },	\
	{ "includeRequestBodyInCheck", CONF_POINTER_T, AT(body),	\
	    .schema = &body_schema, .text = "whether it sees the body" }

static const struct conf_field http_fields[] = {
	COMMON_ROWS,
	{ "pathPrefix", CONF_STRING_T, AT(path), .pattern = CONF_URL_PATH,
	    .text = "put before the request's path" },
	{ "includeRequestHeadersInCheck", CONF_STRING_T, LIST(headers),
	    .text = "headers of the request that it sees besides Host, "
	    "Content-Length and Authorization" },
	{ "includeAdditionalHeadersInCheck", CONF_PAIRS_T, AT(more_headers),
	    .key_pattern = CONF_HEADER_NAME, .pattern = CONF_FIELD_VALUE,
	    .text = "headers that it sees, instead of any of that name" },
	{ "headersToUpstreamOnAllow", CONF_STRING_T, LIST(up_allow),
	    .text = "headers of its answer that the service gets, and from "
	    "nobody else" },
	{ "headersToDownstreamOnDeny", CONF_STRING_T, LIST(down_deny),
	    .text = "headers of its answer that a caller gets who is refused; "
	    "none: all" },
	{ "headersToDownstreamOnAllow", CONF_STRING_T, LIST(down_allow),
	    .text = "headers of its answer that other callers get" },
	{ 0 },
};
static const struct conf_schema http_schema = { "authorization by HTTP",
	sizeof(struct model_auth_provider), http_fields, NULL };

static const struct conf_field grpc_fields[] = {
	COMMON_ROWS,
	{ 0 },
};
static const struct conf_schema grpc_schema = { "authorization by gRPC",
	sizeof(struct model_auth_provider), grpc_fields, NULL };

#define PROVIDER(member)	CONF_AT(struct model_extension_provider, member)
static const struct conf_field provider_fields[] = {
	{ "name", CONF_STRING_T, PROVIDER(name), .required = true, .min = 1,
	    .max = 253, .text = "as AuthorizationPolicies have it" },
	{ "envoyExtAuthzHttp", CONF_POINTER_T, PROVIDER(http),
	    .schema = &http_schema, .text = "it is asked by HTTP" },
	{ "envoyExtAuthzGrpc", CONF_POINTER_T, PROVIDER(grpc),
	    .schema = &grpc_schema,
	    .text = "it is asked by gRPC, as envoy.service.auth.v3.Authorization" },
	{ 0 },
};
const struct conf_schema model_extension_provider_schema = {
	"extension provider", sizeof(struct model_extension_provider),
	provider_fields, NULL
};

/* --- all of them ------------------------------------------------------------------ */

int
model_extension_providers_check(const struct model_extension_provider *v,
    size_t n, const struct conf_place *spec)
{
	for (size_t i = 0; i < n; i++) {
		if ((v[i].http == NULL) == (v[i].grpc == NULL))
			return conf_fail(spec, "extensionProviders[%zu]: expected "
			    "one of envoyExtAuthzHttp and envoyExtAuthzGrpc", i);
		for (size_t k = 0; k < i; k++)
			if (strcmp(v[k].name, v[i].name) == 0)
				return conf_fail(spec, "extensionProviders[%zu]"
				    ".name: \"%s\" stands twice, expected it "
				    "once", i, v[i].name);
	}
	return 0;
}

static void
lower(struct arena *a, const char **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v[i] = arena_lower(a, slice_str(v[i])).ptr;
}

void
model_extension_providers_finish(struct arena *a,
    struct model_extension_provider *v, size_t n)
{
	struct slice namespace = SLICE_NONE, name = SLICE_NONE;

	for (size_t i = 0; i < n; i++) {
		struct model_auth_provider *p = v[i].http != NULL ? v[i].http :
		    v[i].grpc;

		read_service(p->host, &namespace, &name);
		p->namespace = arena_dup(a, namespace).ptr;
		p->service = arena_dup(a, name).ptr;
		lower(a, p->headers, p->headers_len);
		lower(a, p->up_allow, p->up_allow_len);
		lower(a, p->down_deny, p->down_deny_len);
		lower(a, p->down_allow, p->down_allow_len);
		for (size_t k = 0; k < p->more_headers.len; k++)
			p->more_headers.items[k].key = arena_lower(a,
			    slice_str(p->more_headers.items[k].key)).ptr;
	}
}

const struct model_extension_provider *
model_extension_provider(const struct model_object *mesh_config,
    const char *name)
{
	const struct model_mesh_config_spec *s = mesh_config == NULL ? NULL :
	    &model_mesh_config(mesh_config)->spec;

	for (size_t i = 0; s != NULL && i < s->providers_len; i++)
		if (strcmp(s->providers[i].name, name) == 0)
			return &s->providers[i];
	return NULL;
}

const struct model_auth_provider *
model_auth_provider(const struct model_extension_provider *p)
{
	return p->http != NULL ? p->http : p->grpc;
}
