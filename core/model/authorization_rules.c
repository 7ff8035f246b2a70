#include <stdio.h>
#include <string.h>

#include "model/authorization_rules.h"

/* Istio bounds none of these lists; a document of a megabyte is read anyway. */
#define VALUES_MAX	4096

#define LIST(type, place)						\
	.list = true, .offset = offsetof(type, place.v),		\
	.len_offset = offsetof(type, place.v_len), .critical = true

#define TERM(word, attribute, line)					\
	{ word, CONF_STRING_T,						\
	    LIST(struct model_authz_terms, is[attribute]),		\
	    .min = 1, .max = 2048, .max_items = VALUES_MAX, .text = line }
#define NOT_TERM(word, attribute)					\
	{ word, CONF_STRING_T,						\
	    LIST(struct model_authz_terms, not[attribute]),		\
	    .min = 1, .max = 2048, .max_items = VALUES_MAX,		\
	    .text = "none of these" }

static const struct conf_field source_fields[] = {
	TERM("principals", MODEL_BY_PRINCIPAL,
	    "identities, as TD/ns/NS/sa/NAME or spiffe://TD/ns/NS/sa/NAME"),
	NOT_TERM("notPrincipals", MODEL_BY_PRINCIPAL),
	TERM("requestPrincipals", MODEL_BY_REQUEST_PRINCIPAL,
	    "ISSUER/SUBJECT of the request's token"),
	NOT_TERM("notRequestPrincipals", MODEL_BY_REQUEST_PRINCIPAL),
	TERM("namespaces", MODEL_BY_NAMESPACE, "namespaces of callers"),
	NOT_TERM("notNamespaces", MODEL_BY_NAMESPACE),
	{ "serviceAccounts", CONF_STRING_T, LIST(struct model_authz_terms,
	    is[MODEL_BY_ACCOUNT]), .min = 1, .max = 320, .max_items = 16,
	    .text = "callers, as NAMESPACE/NAME, or NAME of the policy's "
	    "namespace" },
	{ "notServiceAccounts", CONF_STRING_T, LIST(struct model_authz_terms,
	    not[MODEL_BY_ACCOUNT]), .min = 1, .max = 320, .max_items = 16,
	    .text = "none of these" },
	{ "ipBlocks", CONF_STRING_T, LIST(struct model_authz_terms,
	    is[MODEL_BY_IP]), .pattern = CONF_CIDR, .max_items = VALUES_MAX,
	    .text = "addresses that connections come from" },
	{ "notIpBlocks", CONF_STRING_T, LIST(struct model_authz_terms,
	    not[MODEL_BY_IP]), .pattern = CONF_CIDR, .max_items = VALUES_MAX,
	    .text = "none of these" },
	{ "remoteIpBlocks", CONF_STRING_T, LIST(struct model_authz_terms,
	    is[MODEL_BY_REMOTE_IP]), .pattern = CONF_CIDR,
	    .max_items = VALUES_MAX,
	    .text = "addresses of clients, behind trusted proxies" },
	{ "notRemoteIpBlocks", CONF_STRING_T, LIST(struct model_authz_terms,
	    not[MODEL_BY_REMOTE_IP]), .pattern = CONF_CIDR,
	    .max_items = VALUES_MAX, .text = "none of these" },
	TERM("trustDomains", MODEL_BY_TRUST_DOMAIN,
	    "trust domains of callers' identities"),
	NOT_TERM("notTrustDomains", MODEL_BY_TRUST_DOMAIN),
	{ 0 },
};

static const struct conf_schema source_schema = { "source",
	sizeof(struct model_authz_terms), source_fields, NULL };

static const struct conf_field operation_fields[] = {
	TERM("hosts", MODEL_BY_HOST, "of the request, in any case"),
	NOT_TERM("notHosts", MODEL_BY_HOST),
	TERM("ports", MODEL_BY_PORT,
	    "of the service, or of the application behind it"),
	NOT_TERM("notPorts", MODEL_BY_PORT),
	TERM("methods", MODEL_BY_METHOD, "of the request; POST for gRPC"),
	NOT_TERM("notMethods", MODEL_BY_METHOD),
	TERM("paths", MODEL_BY_PATH,
	    "of the request, normalised; {*} is a segment, {**} any number"),
	NOT_TERM("notPaths", MODEL_BY_PATH),
	{ 0 },
};

static const struct conf_schema operation_schema = { "operation",
	sizeof(struct model_authz_terms), operation_fields, NULL };

static const struct conf_field from_fields[] = {
	{ "source", CONF_STRUCT_T, CONF_AT(struct model_authz_side, terms),
	    .schema = &source_schema, .required = true, .critical = true,
	    .text = "who; all that it says must hold" },
	{ 0 },
};

static const struct conf_schema from_schema = { "from",
	sizeof(struct model_authz_side), from_fields, NULL };

static const struct conf_field to_fields[] = {
	{ "operation", CONF_STRUCT_T, CONF_AT(struct model_authz_side, terms),
	    .schema = &operation_schema, .required = true, .critical = true,
	    .text = "what; all that it says must hold" },
	{ 0 },
};

static const struct conf_schema to_schema = { "to",
	sizeof(struct model_authz_side), to_fields, NULL };

static const struct conf_field when_fields[] = {
	{ "key", CONF_STRING_T, CONF_AT(struct model_authz_condition, key),
	    .min = 1, .max = 512, .required = true, .critical = true,
	    .text = "what is looked at, as request.headers[x-team]" },
	{ "values", CONF_STRING_T, LIST(struct model_authz_condition, is),
	    .min = 1, .max = 2048, .max_items = VALUES_MAX,
	    .text = "one of which it is" },
	{ "notValues", CONF_STRING_T, LIST(struct model_authz_condition, not),
	    .min = 1, .max = 2048, .max_items = VALUES_MAX,
	    .text = "none of these" },
	{ 0 },
};

static const struct conf_schema when_schema = { "condition",
	sizeof(struct model_authz_condition), when_fields, NULL };

static const struct conf_field rule_fields[] = {
	{ "from", CONF_STRUCT_T, CONF_LIST_AT(struct model_authz_rule, from),
	    .schema = &from_schema, .max_items = 512, .critical = true,
	    .text = "one of which must match; none: anybody" },
	{ "to", CONF_STRUCT_T, CONF_LIST_AT(struct model_authz_rule, to),
	    .schema = &to_schema, .max_items = 512, .critical = true,
	    .text = "one of which must match; none: anything" },
	{ "when", CONF_STRUCT_T, CONF_LIST_AT(struct model_authz_rule, when),
	    .schema = &when_schema, .max_items = 512, .critical = true,
	    .text = "all of which must hold" },
	{ 0 },
};

const struct conf_schema model_authz_rule_schema = { "rule",
	sizeof(struct model_authz_rule), rule_fields, NULL };

/* --- keys of conditions ----------------------------------------------------- */

static const struct {
	const char                *key;
	enum model_authz_attribute attribute;
	const char                *name;	/* of a claim */
} keys[] = {
	{ "source.ip", MODEL_BY_IP, NULL },
	{ "remote.ip", MODEL_BY_REMOTE_IP, NULL },
	{ "source.namespace", MODEL_BY_NAMESPACE, NULL },
	{ "source.principal", MODEL_BY_PRINCIPAL, NULL },
	{ "source.serviceAccount", MODEL_BY_ACCOUNT, NULL },
	{ "source.trustDomain", MODEL_BY_TRUST_DOMAIN, NULL },
	{ "request.auth.principal", MODEL_BY_REQUEST_PRINCIPAL, NULL },
	{ "request.auth.audiences", MODEL_BY_CLAIM, "aud" },
	{ "request.auth.presenter", MODEL_BY_CLAIM, "azp" },
	{ "destination.ip", MODEL_BY_DESTINATION_IP, NULL },
	{ "destination.port", MODEL_BY_PORT, NULL },
	{ "connection.sni", MODEL_BY_SNI, NULL },
};

/* What stands between the first bracket, which head ends with, and the last. */
static bool
cut_name(struct slice key, struct slice head, struct slice *name)
{
	if (!slice_has_prefix(key, head) || key.ptr[key.len - 1] != ']')
		return false;
	*name = slice_of(key.ptr + head.len, key.len - head.len - 1);
	return true;
}

/* "a" or "a][b": no part is empty, and no part has a bracket. */
static bool
is_claim(struct slice name)
{
	bool is_open = true;	/* a part is to begin */

	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (c == ']' && (is_open || i + 2 >= name.len ||
		    name.ptr[++i] != '['))
			return false;
		if (c == '[')
			return false;
		is_open = c == ']';
	}
	return !is_open;
}

bool
model_authz_key(const char *key, enum model_authz_attribute *attribute,
    struct slice *name)
{
	struct slice k = slice_str(key);

	*name = SLICE_NONE;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i].key, key) == 0) {
			*attribute = keys[i].attribute;
			*name = slice_str(keys[i].name);
			return true;
		}
	*attribute = MODEL_BY_CLAIM;
	if (cut_name(k, SLICE("request.auth.claims["), name))
		return is_claim(*name);
	*attribute = MODEL_BY_HEADER;
	return cut_name(k, SLICE("request.headers["), name) &&
	    conf_pattern_match(CONF_HEADER_NAME, *name);
}

/* --- what rows cannot say --------------------------------------------------- */

bool
model_authz_is_template(const char *path)
{
	return strstr(path, "{*}") != NULL || strstr(path, "{**}") != NULL;
}

static bool
template_ok(struct slice rest)
{
	bool is_last = false;
	struct slice part;

	while (slice_cut(&rest, '/', &part)) {
		bool is_one = slice_is(part, "{*}"), is_any = slice_is(part,
		    "{**}");

		if ((is_one || is_any) && is_last)
			return false;
		is_last |= is_any;
		if (!is_one && !is_any && (slice_find(part, '{') >= 0 ||
		    slice_find(part, '}') >= 0 || slice_find(part, '*') >= 0))
			return false;
	}
	return true;
}

static bool
is_port(const char *text)
{
	uint64_t n;

	return slice_u64(slice_str(text), &n) && n > 0 && n < 65536;
}

static bool
is_account(const char *text)
{
	struct slice rest = slice_str(text), part;
	int parts = 0;

	while (slice_cut(&rest, '/', &part)) {
		parts++;
		if (!conf_pattern_match(CONF_SUBDOMAIN, part))
			return false;
	}
	return parts == 1 || parts == 2;
}

/* NULL: the value is one of the attribute. */
static const char *
fault_of(enum model_authz_attribute attribute, const char *text)
{
	switch (attribute) {
	case MODEL_BY_PORT:
		return is_port(text) ? NULL : "a port, 1 to 65535";
	case MODEL_BY_ACCOUNT:
		return is_account(text) ? NULL :
		    "NAMESPACE/NAME or NAME, without \"*\"";
	case MODEL_BY_IP: case MODEL_BY_REMOTE_IP: case MODEL_BY_DESTINATION_IP:
		return conf_pattern_match(CONF_CIDR, slice_str(text)) ? NULL :
		    conf_pattern_expected(CONF_CIDR);
	case MODEL_BY_PATH:
		return !model_authz_is_template(text) ||
		    template_ok(slice_str(text)) ? NULL :
		    "{*} and {**} as whole segments, nothing but text behind {**} "
		    "and no other \"*\"";
	default:
		return NULL;
	}
}

static int
check_values(enum model_authz_attribute attribute,
    const struct model_authz_values *values, const char *path,
    const struct conf_place *at)
{
	for (size_t i = 0; i < values->v_len; i++) {
		const char *expected = fault_of(attribute, values->v[i]);

		if (expected != NULL)
			return conf_fail(at, "%s[%zu]: expected %s, found \"%s\"",
			    path, i, expected, values->v[i]);
	}
	return 0;
}

static const struct {
	const char *is, *not;
} words[MODEL_OF_REQUEST] = {
	[MODEL_BY_PRINCIPAL] = { "principals", "notPrincipals" },
	[MODEL_BY_REQUEST_PRINCIPAL] = { "requestPrincipals",
	    "notRequestPrincipals" },
	[MODEL_BY_NAMESPACE] = { "namespaces", "notNamespaces" },
	[MODEL_BY_ACCOUNT] = { "serviceAccounts", "notServiceAccounts" },
	[MODEL_BY_IP] = { "ipBlocks", "notIpBlocks" },
	[MODEL_BY_REMOTE_IP] = { "remoteIpBlocks", "notRemoteIpBlocks" },
	[MODEL_BY_TRUST_DOMAIN] = { "trustDomains", "notTrustDomains" },
	[MODEL_BY_HOST] = { "hosts", "notHosts" },
	[MODEL_BY_PORT] = { "ports", "notPorts" },
	[MODEL_BY_METHOD] = { "methods", "notMethods" },
	[MODEL_BY_PATH] = { "paths", "notPaths" },
};

const char *
model_authz_word(enum model_authz_attribute a, bool is_not)
{
	return is_not ? words[a].not : words[a].is;
}

static int
check_terms(const struct model_authz_terms *t, const char *path,
    const struct conf_place *at)
{
	size_t n = 0;
	char below[96];

	for (int a = 0; a < MODEL_OF_REQUEST; a++) {
		n += t->is[a].v_len + t->not[a].v_len;
		snprintf(below, sizeof(below), "%s.%s", path, words[a].is);
		if (check_values((enum model_authz_attribute)a, &t->is[a], below,
		    at) != 0)
			return -1;
		snprintf(below, sizeof(below), "%s.%s", path, words[a].not);
		if (check_values((enum model_authz_attribute)a, &t->not[a], below,
		    at) != 0)
			return -1;
	}
	if (n == 0)
		return conf_fail(at, "%s: expected at least one field, found none",
		    path);
	if (t->is[MODEL_BY_ACCOUNT].v_len + t->not[MODEL_BY_ACCOUNT].v_len > 0 &&
	    t->is[MODEL_BY_PRINCIPAL].v_len + t->not[MODEL_BY_PRINCIPAL].v_len +
	    t->is[MODEL_BY_NAMESPACE].v_len + t->not[MODEL_BY_NAMESPACE].v_len >
	    0)
		return conf_fail(at, "%s: expected no principals or namespaces "
		    "beside serviceAccounts", path);
	return 0;
}

static int
check_condition(const struct model_authz_condition *c, const char *path,
    const struct conf_place *at)
{
	enum model_authz_attribute attribute;
	struct slice name;
	char below[80];

	if (!model_authz_key(c->key, &attribute, &name))
		return conf_fail(at, "%s.key: expected request.headers[NAME], "
		    "source.ip, remote.ip, source.namespace, source.principal, "
		    "request.auth.principal, .audiences, .presenter or "
		    ".claims[NAME], destination.ip, destination.port or "
		    "connection.sni, found \"%s\"", path, c->key);
	if (c->is.v_len + c->not.v_len == 0)
		return conf_fail(at, "%s: expected values or notValues, found "
		    "neither", path);
	snprintf(below, sizeof(below), "%s.values", path);
	if (check_values(attribute, &c->is, below, at) != 0)
		return -1;
	snprintf(below, sizeof(below), "%s.notValues", path);
	return check_values(attribute, &c->not, below, at);
}

int
model_authz_rule_check(const struct model_authz_rule *r, size_t number,
    const struct conf_place *at)
{
	char path[64];

	for (size_t i = 0; i < r->from_len; i++) {
		snprintf(path, sizeof(path), "rules[%zu].from[%zu].source", number,
		    i);
		if (check_terms(&r->from[i].terms, path, at) != 0)
			return -1;
	}
	for (size_t i = 0; i < r->to_len; i++) {
		snprintf(path, sizeof(path), "rules[%zu].to[%zu].operation", number,
		    i);
		if (check_terms(&r->to[i].terms, path, at) != 0)
			return -1;
	}
	for (size_t i = 0; i < r->when_len; i++) {
		snprintf(path, sizeof(path), "rules[%zu].when[%zu]", number, i);
		if (check_condition(&r->when[i], path, at) != 0)
			return -1;
	}
	return 0;
}
