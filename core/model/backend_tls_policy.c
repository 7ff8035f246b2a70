#include "base/check.h"
#include "model/authorities.h"
#include "model/backend_tls_policy.h"
#include "model/closure.h"
#include "pki/spiffe.h"

static const char *const versions[] = { MODEL_GATEWAY_GROUP "/v1",
	MODEL_GATEWAY_GROUP "/v1alpha3", MODEL_GATEWAY_GROUP "/v1alpha2", NULL };
static const char *const san_types[] = { "Hostname", "URI", NULL };
static const char *const well_known[] = { "System", NULL };

static const struct conf_field san_fields[] = {
	{ "type", CONF_ENUM_T, CONF_AT(struct model_san, type), .words = san_types,
	    .required = true, .chooses = true, .text = "what it is" },
	{ "hostname", CONF_STRING_T, CONF_AT(struct model_san, hostname),
	    .pattern = CONF_HOSTNAME, .arm = "Hostname", .text = "a host name" },
	{ "uri", CONF_STRING_T, CONF_AT(struct model_san, uri), .min = 1, .max = 253,
	    .arm = "URI", .text = "a URI, such as a SPIFFE ID" },
	{ 0 },
};

static const struct conf_schema san_schema = { "subject alternative name",
	sizeof(struct model_san), san_fields, NULL };

#define VALIDATION(member)	CONF_AT(struct model_backend_validation, member)

static const struct conf_field validation_fields[] = {
	{ "caCertificateRefs", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_backend_validation, cas),
	    .schema = &model_local_ref_schema, .max_items = 8, .critical = true,
	    .text = "ConfigMaps with ca.crt, or one ClusterFederatedTrustDomain" },
	{ "wellKnownCACertificates", CONF_WORD_T, VALIDATION(well_known),
	    .words = well_known, .critical = true,
	    .text = "instead: those of the system" },
	{ "hostname", CONF_STRING_T, VALIDATION(hostname),
	    .pattern = CONF_PRECISE_HOSTNAME, .required = true,
	    .text = "server name to ask for and to find in the certificate" },
	{ "subjectAltNames", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_backend_validation, sans),
	    .schema = &san_schema, .max_items = 5, .critical = true,
	    .text = "names to find in the certificate instead: one of these" },
	{ 0 },
};

const struct conf_schema model_backend_validation_schema = {
	"backend validation",
	sizeof(struct model_backend_validation), validation_fields, NULL };

const char *
model_backend_domain(const struct model_backend_validation *v)
{
	return v->cas_len > 0 && model_authorities_is_domain(&v->cas[0]) ?
	    v->cas[0].name : NULL;
}

/* Bundles are never merged, and members are known by their IDs. */
static int
domain_rule(const struct model_backend_validation *v,
    const struct conf_place *at)
{
	struct spiffe id;

	for (size_t i = 0; i < v->cas_len; i++)
		if (model_authorities_is_domain(&v->cas[i]) &&
		    v->cas_len > 1)
			return conf_fail(at, "caCertificateRefs[%zu]: expected "
			    "a trust domain alone, found %zu references", i,
			    v->cas_len);
	if (model_backend_domain(v) == NULL)
		return 0;
	for (size_t i = 0; i < v->sans_len; i++)
		if (v->sans[i].type != MODEL_SAN_URI || !spiffe_parse(&id,
		    slice_str(v->sans[i].uri)) || id.kind == SPIFFE_DOMAIN)
			return conf_fail(at, "subjectAltNames[%zu]: expected a "
			    "URI that is a SPIFFE ID, as it is about a trust "
			    "domain", i);
	return v->sans_len > 0 ? 0 : conf_fail(at, "subjectAltNames: expected "
	    "SPIFFE IDs, as it is about a trust domain");
}

int
model_backend_validation_rule(const void *value, const struct conf_place *at)
{
	const struct model_backend_validation *v = value;

	if ((v->cas_len > 0) != (v->well_known != NULL))
		return domain_rule(v, at);
	return conf_fail(at, ": expected caCertificateRefs or "
	    "wellKnownCACertificates, found %s", v->cas_len > 0 ? "both" : "neither");
}

static const struct conf_field spec_fields[] = {
	{ "targetRefs", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_backend_tls_policy_spec, targets),
	    .schema = &model_target_ref_schema, .required = true, .min_items = 1,
	    .max_items = 16, .text = "the services that it is about" },
	{ "validation", CONF_STRUCT_T,
	    CONF_AT(struct model_backend_tls_policy_spec, validation),
	    .schema = &model_backend_validation_schema,
	    .rule = model_backend_validation_rule, .required = true,
	    .critical = true,
	    .text = "what their certificates must be" },
	{ "options", CONF_PAIRS_T,
	    CONF_AT(struct model_backend_tls_policy_spec, options),
	    .key_pattern = CONF_LABEL_KEY, .text = "of other implementations" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "BackendTLSPolicy spec",
	sizeof(struct model_backend_tls_policy_spec), spec_fields, NULL };

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct model_backend_tls_policy, spec),
	    .schema = &spec_schema, .required = true, .text = "what is wanted" },
	{ 0 },
};

static const struct conf_schema schema = { "BackendTLSPolicy",
	sizeof(struct model_backend_tls_policy), fields, NULL };

const struct model_backend_tls_policy *
model_backend_tls_policy(const struct model_object *o)
{
	check(o->kind == &model_backend_tls_policy_kind);
	return (const struct model_backend_tls_policy *)(const void *)o->head;
}

static void
print_targets(struct str *out, const struct model_object *o)
{
	const struct model_backend_tls_policy_spec *s =
	    &model_backend_tls_policy(o)->spec;

	model_print_targets(out, s->targets, s->targets_len);
}

static void
print_hostname(struct str *out, const struct model_object *o)
{
	str_add(out, model_backend_tls_policy(o)->spec.validation.hostname);
}

static const struct model_column columns[] = {
	{ "TARGETS", print_targets, false },
	{ "HOSTNAME", print_hostname, false },
	{ NULL, NULL, false },
};

static bool
concerns(const struct model_subject *subject, const struct model_object *o)
{
	const struct model_backend_tls_policy_spec *s =
	    &model_backend_tls_policy(o)->spec;

	/* Those of hosts outside are not asked for by name. */
	return model_subject_is_local(subject, o->head->meta.namespace) ||
	    model_subject_targets(subject, o, s->targets, s->targets_len);
}

const struct model_kind model_backend_tls_policy_kind = {
	.kind = "BackendTLSPolicy", .plural = "backendtlspolicies",
	.short_name = "btlspolicy", .group = MODEL_GATEWAY_GROUP,
	.versions = versions, .namespaced = true, .stored = true,
	.delivery = MODEL_TO_MEMBERS, .schema = &schema, .columns = columns,
	.concerns = concerns,
	.text = "backends that end TLS themselves, and how they are known",
};
