#include <string.h>

#include "model/gateway.h"

static const char *const modes[] = { "Terminate", "Passthrough", NULL };
static const char *const froms[] = {
	[MODEL_FROM_SAME] = "Same",
	[MODEL_FROM_ALL] = "All",
	[MODEL_FROM_SELECTOR] = "Selector",
	NULL,
};
static const char *const operators[] = {
	[MODEL_IN] = "In",
	[MODEL_NOT_IN] = "NotIn",
	[MODEL_EXISTS] = "Exists",
	[MODEL_NOT_EXISTS] = "DoesNotExist",
	NULL,
};

/* What each protocol says of a listener, and which kinds of routes it takes. */
static const struct {
	const char *word;
	bool        has_hostname, has_tls, needs_tls;
	const char *kinds[3];
} protocols[] = {
	[MODEL_LISTENER_HTTP] = { "HTTP", true, false, false,
	    { "HTTPRoute", "GRPCRoute", NULL } },
	[MODEL_LISTENER_HTTPS] = { "HTTPS", true, true, false,
	    { "HTTPRoute", "GRPCRoute", NULL } },
	[MODEL_LISTENER_TLS] = { "TLS", true, true, true,
	    { "TLSRoute", "TCPRoute", NULL } },
	[MODEL_LISTENER_TCP] = { "TCP", false, false, false, { "TCPRoute", NULL } },
	[MODEL_LISTENER_UDP] = { "UDP", false, false, false, { "UDPRoute", NULL } },
};

/* --- selectors ---------------------------------------------------------------- */

static const struct conf_field expression_fields[] = {
	{ "key", CONF_STRING_T, CONF_AT(struct model_expression, key),
	    .pattern = CONF_LABEL_KEY, .required = true, .text = "a label" },
	{ "operator", CONF_ENUM_T, CONF_AT(struct model_expression, operator),
	    .words = operators, .required = true, .text = "what is asked of it" },
	{ "values", CONF_STRING_T, CONF_LIST_AT(struct model_expression, values),
	    .pattern = CONF_LABEL_VALUE, .max_items = 100,
	    .text = "of In and NotIn: which values" },
	{ 0 },
};

static const struct conf_schema expression_schema = { "expression",
	sizeof(struct model_expression), expression_fields, NULL };

static int
expression_rule(const void *value, const struct conf_place *at)
{
	const struct model_expression *e = value;
	bool needs = e->operator == MODEL_IN || e->operator == MODEL_NOT_IN;

	if (needs == (e->values_len > 0))
		return 0;
	return conf_fail(at, "values: expected %s for %s", needs ? "at least one" :
	    "none", operators[e->operator]);
}

static const struct conf_field selector_fields[] = {
	{ "matchLabels", CONF_PAIRS_T, CONF_AT(struct model_selector, labels),
	    .key_pattern = CONF_LABEL_KEY, .pattern = CONF_LABEL_VALUE,
	    .text = "labels that must be there" },
	{ "matchExpressions", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_selector, expressions),
	    .schema = &expression_schema, .rule = expression_rule,
	    .max_items = 100, .text = "what else must hold" },
	{ 0 },
};

const struct conf_schema model_selector_schema = { "label selector",
	sizeof(struct model_selector), selector_fields, NULL };

static bool
expression_matches(const struct model_expression *e, const struct conf_pairs *labels)
{
	const char *value = conf_pairs_get(labels, e->key);
	bool is_in = false;

	for (size_t i = 0; i < e->values_len && value != NULL; i++)
		is_in = is_in || strcmp(e->values[i], value) == 0;
	switch (e->operator) {
	case MODEL_IN:
		return is_in;
	case MODEL_NOT_IN:
		return !is_in;
	case MODEL_EXISTS:
		return value != NULL;
	default:
		return value == NULL;
	}
}

bool
model_selector_match(const struct model_selector *s, const struct conf_pairs *labels)
{
	for (size_t i = 0; i < s->expressions_len; i++)
		if (!expression_matches(&s->expressions[i], labels))
			return false;
	return model_labels_match(&s->labels, labels);
}

bool
model_namespaces_allow(const struct model_namespaces *n, const char *own,
    const char *namespace, const struct conf_pairs *labels)
{
	switch (n->from) {
	case MODEL_FROM_ALL:
		return true;
	case MODEL_FROM_SAME:
		return strcmp(own, namespace) == 0;
	case MODEL_FROM_SELECTOR:
		return n->selector != NULL && model_selector_match(n->selector,
		    labels);
	default:
		return false;
	}
}

/* --- listeners ---------------------------------------------------------------- */

#define TLS(member)	CONF_AT(struct model_listener_tls, member)

static const struct conf_field tls_fields[] = {
	{ "mode", CONF_ENUM_T, TLS(mode), .words = modes, .fallback = "Terminate",
	    .critical = true, .text = "Passthrough: the backend ends TLS" },
	{ "certificateRefs", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_listener_tls, certificates),
	    .schema = &model_secret_ref_schema, .max_items = 64,
	    .text = "Secrets of type kubernetes.io/tls" },
	{ "options", CONF_PAIRS_T, TLS(options), .key_pattern = CONF_LABEL_KEY,
	    .text = "of other implementations" },
	{ 0 },
};

static const struct conf_schema tls_schema = { "listener TLS",
	sizeof(struct model_listener_tls), tls_fields, NULL };

static const struct conf_field namespaces_fields[] = {
	{ "from", CONF_ENUM_T, CONF_AT(struct model_namespaces, from),
	    .words = froms, .fallback = "Same", .critical = true,
	    .text = "routes of which namespaces may attach" },
	{ "selector", CONF_POINTER_T, CONF_AT(struct model_namespaces, selector),
	    .schema = &model_selector_schema, .critical = true,
	    .text = "of Selector: namespaces with such labels" },
	{ 0 },
};

static const struct conf_schema namespaces_schema = { "namespaces",
	sizeof(struct model_namespaces), namespaces_fields, NULL };

static const struct conf_field kind_fields[] = {
	{ "group", CONF_STRING_T, CONF_AT(struct model_route_kind, group),
	    .pattern = CONF_GROUP, .fallback = MODEL_GATEWAY_GROUP,
	    .text = "group of the kind" },
	{ "kind", CONF_STRING_T, CONF_AT(struct model_route_kind, kind),
	    .pattern = CONF_KIND, .required = true, .text = "HTTPRoute ..." },
	{ 0 },
};

static const struct conf_schema kind_schema = { "kind of route",
	sizeof(struct model_route_kind), kind_fields, NULL };

static const struct conf_field allowed_fields[] = {
	{ "namespaces", CONF_STRUCT_T,
	    CONF_AT(struct model_allowed_routes, namespaces),
	    .schema = &namespaces_schema, .text = "from where" },
	{ "kinds", CONF_STRUCT_T, CONF_LIST_AT(struct model_allowed_routes, kinds),
	    .schema = &kind_schema, .max_items = 8,
	    .text = "of which kinds; default: those that fit the protocol" },
	{ 0 },
};

static const struct conf_schema allowed_schema = { "allowed routes",
	sizeof(struct model_allowed_routes), allowed_fields, NULL };

#define LISTENER(member)	CONF_AT(struct model_listener, member)

static const struct conf_field listener_fields[] = {
	{ "name", CONF_STRING_T, LISTENER(name), .pattern = CONF_SUBDOMAIN,
	    .required = true, .text = "unique; what sectionName of a route says" },
	{ "hostname", CONF_STRING_T, LISTENER(hostname), .pattern = CONF_HOSTNAME,
	    .text = "hosts that it is for; default: all" },
	{ "port", CONF_PORT_T, LISTENER(port), .required = true,
	    .text = "where clients connect" },
	{ "protocol", CONF_STRING_T, LISTENER(protocol), .min = 1, .max = 255,
	    .pattern = CONF_LABEL_KEY, .required = true,
	    .text = "HTTP, HTTPS, TLS, TCP or UDP; others are not served" },
	{ "tls", CONF_POINTER_T, LISTENER(tls), .schema = &tls_schema,
	    .critical = true, .text = "of HTTPS and TLS: certificates" },
	{ "allowedRoutes", CONF_STRUCT_T, LISTENER(allowed),
	    .schema = &allowed_schema, .text = "which routes may attach" },
	{ 0 },
};

const struct conf_schema model_listener_schema = { "listener",
	sizeof(struct model_listener), listener_fields, NULL };

enum model_listener_protocol
model_listener_protocol(const struct model_listener *l)
{
	for (int i = 0; i < MODEL_LISTENER_OTHER; i++)
		if (strcmp(protocols[i].word, l->protocol) == 0)
			return (enum model_listener_protocol)i;
	return MODEL_LISTENER_OTHER;
}

static int
check_tls(const struct model_listener *l, const struct conf_place *at)
{
	enum model_listener_protocol p = model_listener_protocol(l);

	if (l->tls != NULL && !protocols[p].has_tls)
		return conf_fail(at, "tls: expected none for protocol %s",
		    l->protocol);
	if (l->tls == NULL && protocols[p].needs_tls)
		return conf_fail(at, ": the required field \"tls\" is missing, which "
		    "protocol %s needs", l->protocol);
	if (l->tls == NULL)
		return 0;
	if (p == MODEL_LISTENER_HTTPS && l->tls->mode != MODEL_TLS_TERMINATE)
		return conf_fail(at, "tls.mode: expected Terminate for protocol "
		    "HTTPS, found %s", modes[l->tls->mode]);
	if (l->tls->mode == MODEL_TLS_TERMINATE && l->tls->certificates_len == 0 &&
	    l->tls->options.len == 0)
		return conf_fail(at, "tls: the required field \"certificateRefs\" is "
		    "missing, which mode Terminate needs");
	return 0;
}

int
model_listener_rule(const void *value, const struct conf_place *at)
{
	const struct model_listener *l = value;
	enum model_listener_protocol p = model_listener_protocol(l);

	if (p == MODEL_LISTENER_OTHER)
		return 0;
	if (l->hostname != NULL && !protocols[p].has_hostname)
		return conf_fail(at, "hostname: expected none for protocol %s",
		    l->protocol);
	return check_tls(l, at);
}

static bool
same_host(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

int
model_listeners_check(const struct model_listener *l, size_t n,
    const struct conf_place *at)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++) {
			if (strcmp(l[i].name, l[j].name) == 0)
				return conf_fail(at, "listeners[%zu].name: the name "
				    "%s stands twice, expected each once", i,
				    l[i].name);
			if (l[i].port == l[j].port &&
			    strcmp(l[i].protocol, l[j].protocol) == 0 &&
			    same_host(l[i].hostname, l[j].hostname))
				return conf_fail(at, "listeners[%zu]: expected "
				    "another port, protocol or hostname than that of "
				    "listener %s", i, l[j].name);
		}
	return 0;
}

bool
model_listener_takes(const struct model_listener *l, const struct model_kind *kind)
{
	enum model_listener_protocol p = model_listener_protocol(l);
	bool fits = false, is_named = l->allowed.kinds_len == 0;

	for (size_t i = 0; p != MODEL_LISTENER_OTHER &&
	    protocols[p].kinds[i] != NULL; i++)
		fits = fits || strcmp(protocols[p].kinds[i], kind->kind) == 0;
	for (size_t i = 0; i < l->allowed.kinds_len; i++)
		is_named = is_named || model_ref_is(l->allowed.kinds[i].group,
		    l->allowed.kinds[i].kind, kind->group, kind->kind);
	return fits && is_named;
}
