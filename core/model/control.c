#include "base/check.h"
#include "model/control.h"
#include "model/mesh_config.h"

static const char *const versions[] = { "mesh/v1", NULL };
static const char *const log_formats[] = { "text", "json", NULL };

#define AT(member)	CONF_AT(struct model_control_spec, member)

static const struct conf_field spec_fields[] = {
	{ "dataDir", CONF_STRING_T, AT(data_dir), .pattern = CONF_PATH,
	    .fallback = "/var/lib/mesh/control",
	    .text = "directory for the registry and the keys" },
	{ "apiListen", CONF_STRING_T, AT(api_listen), .pattern = CONF_LISTEN,
	    .fallback = ":7700", .text = "the API, by TLS" },
	{ "adminListen", CONF_STRING_T, AT(admin_listen), .pattern = CONF_LISTEN,
	    .fallback = "127.0.0.1:7701", .text = "health and metrics" },
	{ "socket", CONF_STRING_T, AT(socket), .pattern = CONF_PATH,
	    .fallback = "/run/mesh/control.sock",
	    .text = "the API on a local socket, mode 0660" },
	{ "socketGroup", CONF_INT_T, AT(socket_group), .min = -1,
	    .max = 4294967294, .fallback = "-1",
	    .text = "number of the group that owns the socket; -1: leave it" },
	{ "trustDomain", CONF_STRING_T, AT(trust_domain),
	    .pattern = CONF_TRUST_DOMAIN, .fallback = "mesh.internal",
	    .text = "first part of every identity; fixed at the first start" },
	{ "caCertFile", CONF_STRING_T, AT(ca_cert_file), .pattern = CONF_PATH,
	    .text = "a root certificate to use; default: one is made" },
	{ "caKeyFile", CONF_STRING_T, AT(ca_key_file), .pattern = CONF_PATH,
	    .text = "the root's key, mode 0600; goes with caCertFile" },
	{ "secretKeyFile", CONF_STRING_T, AT(secret_key_file), .pattern = CONF_PATH,
	    .text = "the key that locks stored Secrets, mode 0600; default: one "
	    "is made in dataDir" },
	{ "certificateLifetime", CONF_DURATION_T, AT(certificate_lifetime_ms),
	    .min = 10000, .max = INT64_C(30) * 86400000, .fallback = "24h",
	    .text = "life of a workload's certificate" },
	{ "bundleRefreshHint", CONF_DURATION_T, AT(bundle_refresh_ms),
	    .min = 1000, .max = INT64_C(86400000), .fallback = "5m",
	    .text = "how often meshes that federate with this one are to look "
	    "for its bundle" },
	{ "federationListen", CONF_STRING_T, AT(federation_listen),
	    .pattern = CONF_LISTEN,
	    .text = "our bundle for other meshes, by https_web; default: nowhere" },
	{ "federationCertFile", CONF_STRING_T, AT(federation_cert_file),
	    .pattern = CONF_PATH,
	    .text = "the certificate that is shown there, in PEM" },
	{ "federationKeyFile", CONF_STRING_T, AT(federation_key_file),
	    .pattern = CONF_PATH, .text = "its key, mode 0600" },
	{ "federationCaFile", CONF_STRING_T, AT(federation_ca_file),
	    .pattern = CONF_PATH,
	    .fallback = "/etc/ssl/certs/ca-certificates.crt",
	    .text = "whom endpoints of bundles are judged by whose profile is "
	    "https_web, in PEM" },
	{ "oidcIssuer", CONF_STRING_T, AT(oidc_issuer), .min = 1, .max = 2048,
	    .text = "who vouches for people by ID tokens; none: nobody" },
	{ "oidcAudience", CONF_STRING_T,
	    CONF_LIST_AT(struct model_control_spec, oidc_audience), .min = 1,
	    .max_items = 16,
	    .text = "for whom such a token must be: the client's ID; may be "
	    "repeated" },
	{ "oidcJwks", CONF_STRING_T, AT(oidc_jwks), .pattern = CONF_LONG_TEXT,
	    .text = "the issuer's keys, a JWK Set" },
	{ "oidcJwksUri", CONF_STRING_T, AT(oidc_jwks_uri), .min = 1, .max = 2048,
	    .text = "where the issuer's keys are; where it says itself "
	    "unless given" },
	{ "oidcUsernameClaim", CONF_STRING_T, AT(oidc_username_claim),
	    .fallback = "sub", .min = 1, .max = 253,
	    .text = "which claim is the name" },
	{ "oidcGroupsClaim", CONF_STRING_T, AT(oidc_groups_claim),
	    .fallback = "groups", .min = 1, .max = 253,
	    .text = "which claim is the list of groups" },
	{ "oidcCaFile", CONF_STRING_T, AT(oidc_ca_file), .pattern = CONF_PATH,
	    .fallback = "/etc/ssl/certs/ca-certificates.crt",
	    .text = "whom the servers of issuer and keys are judged by, in PEM" },
	{ "initialInboundPolicy", CONF_ENUM_T, AT(initial_policy),
	    .words = model_inbound_policies, .fallback = "deny",
	    .text = "defaultInboundPolicy of a mesh that begins with this start" },
	{ "sandbox", CONF_BOOL_T, AT(sandbox), .fallback = "true",
	    .text = "give up what it does not need: files, system calls, "
	    "capabilities" },
	{ "logLevel", CONF_STRING_T, AT(log_level), .fallback = "info",
	    .text = "error, warn, info or debug, also by part: info,store=debug" },
	{ "logFormat", CONF_ENUM_T, AT(log_format), .words = log_formats,
	    .fallback = "text", .text = "how lines of the log are written" },
	{ "accessLog", CONF_STRING_T, AT(access_log), .pattern = CONF_PATH,
	    .fallback = "stdout", .text = "stdout, none or a file" },
	{ 0 },
};

const struct conf_schema model_control_spec_schema = { "Control spec",
	sizeof(struct model_control_spec), spec_fields, NULL };

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct model_control, spec),
	    .schema = &model_control_spec_schema, .text = "its settings" },
	{ 0 },
};

const struct conf_flags model_control_flags = {
	&model_control_spec_schema, NULL, "MESH_CONTROL_",
};

static int
verify(const void *filled, const struct conf_node *doc, struct err *err)
{
	const struct model_control *c = filled;
	const struct conf_node *spec = conf_get(doc, "spec");
	struct slice issuer = slice_str(c->spec.oidc_issuer);
	bool has_keys = c->spec.oidc_jwks != NULL,
	    has_uri = c->spec.oidc_jwks_uri != NULL;

	if ((c->spec.ca_cert_file == NULL) != (c->spec.ca_key_file == NULL))
		return conf_error(spec, err, "spec: expected caCertFile and "
		    "caKeyFile together, found one of them");
	if ((c->spec.federation_listen == NULL) !=
	    (c->spec.federation_cert_file == NULL) ||
	    (c->spec.federation_listen == NULL) !=
	    (c->spec.federation_key_file == NULL))
		return conf_error(spec, err, "spec: expected federationListen, "
		    "federationCertFile and federationKeyFile together, found "
		    "some of them");
	/* A token for anybody else would do as well. */
	if (c->spec.oidc_issuer != NULL && c->spec.oidc_audience_len == 0)
		return conf_error(spec, err, "spec: expected oidcAudience beside "
		    "oidcIssuer, found none");
	if (c->spec.oidc_issuer != NULL && has_keys && has_uri)
		return conf_error(spec, err, "spec: expected oidcJwks or "
		    "oidcJwksUri beside oidcIssuer, found both");
	if (c->spec.oidc_issuer != NULL && !has_keys && !has_uri &&
	    !slice_has_prefix(issuer, SLICE("https://")) &&
	    !slice_has_prefix(issuer, SLICE("http://")))
		return conf_error(spec, err, "spec: expected oidcIssuer to be an "
		    "https URL, at which it says where its keys are, or "
		    "oidcJwks or oidcJwksUri beside it, found \"%s\"",
		    c->spec.oidc_issuer);
	return 0;
}

static const struct conf_schema schema = { "Control",
	sizeof(struct model_control), fields, verify };

const struct model_control *
model_control(const struct model_object *o)
{
	check(o->kind == &model_control_kind);
	return (const struct model_control *)(const void *)o->head;
}

static const struct model_column columns[] = {
	{ NULL, NULL, false },
};

const struct model_kind model_control_kind = {
	.kind = "Control", .plural = "controls", .group = "mesh",
	.versions = versions, .namespaced = false, .stored = false,
	.delivery = MODEL_TO_NOBODY, .schema = &schema, .columns = columns,
	.text = "settings of one mesh control; fields are its flags",
};
