#include <string.h>

#include "base/check.h"
#include "model/closure.h"
#include "model/host_attestor.h"
#include "pki/host_proof.h"
#include "pki/web.h"

static const char *const versions[] = { "mesh/v1", NULL };
static const char *const types[] = { "X509", "HostKey", NULL };

#define X509(member)	CONF_AT(struct model_host_x509, member)
#define X509_LIST(member) CONF_LIST_AT(struct model_host_x509, member)

static int
x509_rule(const void *value, const struct conf_place *at)
{
	const struct model_host_x509 *x = value;
	struct web_roots *roots = web_roots_new();
	struct err err = ERR_INIT;
	int r = web_roots_add(roots, slice_str(x->roots), &err);

	web_roots_unref(roots);
	return r == 0 ? 0 : conf_fail(at, "roots: %s", err.text);
}

static const struct conf_field x509_fields[] = {
	{ "roots", CONF_STRING_T, X509(roots), .pattern = CONF_LONG_TEXT,
	    .required = true, .critical = true,
	    .text = "who signs the certificates of hosts, in PEM" },
	{ "hosts", CONF_STRING_T, X509_LIST(hosts), .pattern = CONF_HOSTNAME,
	    .required = true, .critical = true, .min_items = 1, .max_items = 256,
	    .text = "names, one of which a certificate has; *. stands for one "
	    "label" },
	{ "revoked", CONF_STRING_T, X509_LIST(revoked), .min = 1, .max = 253,
	    .critical = true, .max_items = 1000,
	    .text = "names of hosts, or serial numbers in hex, that may not" },
	{ 0 },
};

static const struct conf_schema x509_schema = { "host certificates",
	sizeof(struct model_host_x509), x509_fields, NULL };

static int
key_rule(const void *value, const struct conf_place *at)
{
	const struct model_host_key *k = value;
	uint8_t point[KEY_POINT_LEN];
	struct err err = ERR_INIT;

	return host_proof_read_public(point, slice_str(k->public_key),
	    &err) == 0 ? 0 : conf_fail(at, "publicKey: %s", err.text);
}

static const struct conf_field key_fields[] = {
	{ "publicKey", CONF_STRING_T, CONF_AT(struct model_host_key, public_key),
	    .pattern = CONF_TEXT, .required = true, .critical = true,
	    .text = "its public key, on P-256, in PEM" },
	{ 0 },
};

static const struct conf_schema key_schema = { "host key",
	sizeof(struct model_host_key), key_fields, NULL };

/* A label, "*" behind one or alone, or with "{host}" in it. */
static bool
is_pattern(struct slice s)
{
	static const struct slice host = { "{host}", 6 };
	bool is_all = slice_is(s, "*");

	if (s.len > 0 && s.ptr[s.len - 1] == '*')
		s.len--;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (slice_has_prefix(slice_from(s, i), host)) {
			i += host.len - 1;
			continue;
		}
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '-')
			return false;
	}
	return is_all || (s.len > 0 && s.len <= 63);
}

static bool
is_of_gateway(struct slice name)
{
	return slice_has_prefix(name, SLICE(MODEL_GATEWAY_ACCOUNT));
}

static int
check_patterns(const struct conf_place *at, const char *field, const char **v,
    size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_pattern(slice_str(v[i])))
			return conf_fail(at, "%s[%zu]: expected a name, "
			    "perhaps with {host} in it or * at its end, found "
			    "\"%s\"", field, i, v[i]);
	return 0;
}

static int
spec_rule(const void *value, const struct conf_place *at)
{
	const struct model_host_attestor_spec *s = value;
	static const char *const no_gateway = "names that begin with \""
	    MODEL_GATEWAY_ACCOUNT "\" are those of Gateways: say gateways";

	if (check_patterns(at, "services", s->services, s->services_len) < 0 ||
	    check_patterns(at, "gateways", s->gateways, s->gateways_len) < 0)
		return -1;
	for (size_t i = 0; i < s->services_len; i++)
		if (is_of_gateway(slice_str(s->services[i])))
			return conf_fail(at, "services[%zu]: %s", i, no_gateway);
	if (s->services_len + s->gateways_len == 0)
		return conf_fail(at, ": expected services or gateways");
	if (s->account != NULL && is_of_gateway(slice_str(s->account)))
		return conf_fail(at, "serviceAccount: %s", no_gateway);
	if (s->account != NULL && s->services_len == 0)
		return conf_fail(at, "serviceAccount: is for services; a "
		    "Gateway has its own");
	return 0;
}

#define SPEC(member)	CONF_AT(struct model_host_attestor_spec, member)

static const struct conf_field spec_fields[] = {
	{ "type", CONF_ENUM_T, SPEC(type), .words = types, .required = true,
	    .critical = true, .chooses = true,
	    .text = "how a host proves itself: X509, a certificate that somebody "
	    "signed; HostKey, a key that stands here" },
	{ "x509", CONF_POINTER_T, SPEC(x509), .schema = &x509_schema,
	    .rule = x509_rule, .arm = "X509", .critical = true,
	    .text = "whose certificates" },
	{ "hostKey", CONF_POINTER_T, SPEC(host_key), .schema = &key_schema,
	    .rule = key_rule, .arm = "HostKey", .critical = true,
	    .text = "which key" },
	{ "services", CONF_STRING_T,
	    CONF_LIST_AT(struct model_host_attestor_spec, services), .min = 1,
	    .max = 128, .critical = true, .max_items = 64,
	    .text = "of this namespace, that such a host may serve: names, "
	    "perhaps with * at the end or {host}, the first label of its name" },
	{ "gateways", CONF_STRING_T,
	    CONF_LIST_AT(struct model_host_attestor_spec, gateways), .min = 1,
	    .max = 128, .critical = true, .max_items = 64,
	    .text = "of this namespace, whose proxies such a host may run: names "
	    "likewise" },
	{ "serviceAccount", CONF_STRING_T, SPEC(account), .pattern = CONF_LABEL,
	    .critical = true,
	    .text = "which it then has; default: one of the service's name" },
	{ "expires", CONF_TIME_T, SPEC(expires), .critical = true,
	    .text = "when it ends; default: never" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "HostAttestor spec",
	sizeof(struct model_host_attestor_spec), spec_fields, NULL };

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct model_host_attestor, spec),
	    .schema = &spec_schema, .rule = spec_rule, .required = true,
	    .text = "who may join, and as what" },
	{ 0 },
};

static const struct conf_schema schema = { "HostAttestor",
	sizeof(struct model_host_attestor), fields, NULL };

const struct model_host_attestor *
model_host_attestor(const struct model_object *o)
{
	check(o->kind == &model_host_attestor_kind);
	return (const struct model_host_attestor *)(const void *)o->head;
}

/* Whether the pattern, with {host} replaced, is the name or begins it. */
static bool
covers(struct slice pattern, struct slice host, struct slice name)
{
	static const struct slice place = { "{host}", 6 };

	while (pattern.len > 0) {
		if (slice_is(pattern, "*"))
			return true;
		if (slice_has_prefix(pattern, place)) {
			if (host.len == 0 || !slice_has_prefix(name, host))
				return false;
			pattern = slice_from(pattern, place.len);
			name = slice_from(name, host.len);
		} else {
			if (name.len == 0 || name.ptr[0] != pattern.ptr[0])
				return false;
			pattern = slice_from(pattern, 1);
			name = slice_from(name, 1);
		}
	}
	return name.len == 0;
}

bool
model_host_may_serve(const struct model_host_attestor_spec *s,
    struct slice host, struct slice service)
{
	bool is_gateway = is_of_gateway(service);
	const char **v = is_gateway ? s->gateways : s->services;
	size_t n = is_gateway ? s->gateways_len : s->services_len;
	struct slice label;

	slice_cut(&host, '.', &label);
	if (is_gateway)
		service = slice_from(service, strlen(MODEL_GATEWAY_ACCOUNT));
	for (size_t i = 0; i < n; i++)
		if (covers(slice_str(v[i]), label, service))
			return true;
	return false;
}

static void
print_type(struct str *out, const struct model_object *o)
{
	str_add(out, types[model_host_attestor(o)->spec.type]);
}

static void
print_names(struct str *out, const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		str_addf(out, "%s%s", i > 0 ? "," : "", v[i]);
}

static void
print_services(struct str *out, const struct model_object *o)
{
	const struct model_host_attestor_spec *s = &model_host_attestor(o)->spec;

	print_names(out, s->services, s->services_len);
}

static void
print_gateways(struct str *out, const struct model_object *o)
{
	const struct model_host_attestor_spec *s = &model_host_attestor(o)->spec;

	print_names(out, s->gateways, s->gateways_len);
}

static const struct model_column columns[] = {
	{ "TYPE", print_type, false },
	{ "SERVICES", print_services, false },
	{ "GATEWAYS", print_gateways, false },
	{ NULL, NULL, false },
};

const struct model_kind model_host_attestor_kind = {
	.kind = "HostAttestor", .plural = "hostattestors", .group = "mesh",
	.versions = versions, .namespaced = true, .stored = true,
	.delivery = MODEL_TO_NOBODY, .schema = &schema, .columns = columns,
	.text = "machines that may join without a token",
};
