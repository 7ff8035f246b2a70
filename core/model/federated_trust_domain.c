#include "base/check.h"
#include "model/federated_trust_domain.h"
#include "pki/spiffe.h"
#include "pki/spiffe_bundle.h"

static const char *const versions[] = { "spire.spiffe.io/v1alpha1", NULL };
static const char *const profiles[] = { "https_web", "https_spiffe", NULL };

#define PROFILE(member)	CONF_AT(struct model_bundle_endpoint, member)

static const struct conf_field profile_fields[] = {
	{ "type", CONF_ENUM_T, PROFILE(type), .words = profiles,
	    .required = true, .chooses = true, .critical = true,
	    .text = "how the endpoint proves itself: by a certificate of the web, "
	    "or by one of a trust domain" },
	{ "endpointSPIFFEID", CONF_STRING_T, PROFILE(spiffe_id),
	    .arm = "https_spiffe", .min = 1, .max = SPIFFE_MAX,
	    .critical = true,
	    .text = "the SPIFFE ID that it must have" },
	{ 0 },
};

static const struct conf_schema profile_schema = { "bundle endpoint profile",
	sizeof(struct model_bundle_endpoint), profile_fields, NULL };

#define SPEC(member)							\
	CONF_AT(struct model_federated_trust_domain_spec, member)

static const struct conf_field spec_fields[] = {
	{ "trustDomain", CONF_STRING_T, SPEC(trust_domain),
	    .pattern = CONF_TRUST_DOMAIN, .required = true, .critical = true,
	    .text = "the other trust domain" },
	{ "bundleEndpointURL", CONF_STRING_T, SPEC(url), .min = 1, .max = 2048,
	    .text = "where its bundle is fetched, https://; none: nowhere" },
	{ "bundleEndpointProfile", CONF_POINTER_T, SPEC(profile),
	    .schema = &profile_schema,
	    .text = "how whoever answers there is known" },
	{ "trustDomainBundle", CONF_STRING_T, SPEC(bundle),
	    .pattern = CONF_LONG_TEXT, .critical = true,
	    .text = "its bundle until one was fetched: a JWK Set as SPIFFE has it, "
	    "or roots in PEM" },
	{ "className", CONF_STRING_T, SPEC(class_name), .min = 1, .max = 253,
	    .text = "which of SPIRE's controllers it is for" },
	{ 0 },
};

static const struct conf_schema spec_schema = {
	"ClusterFederatedTrustDomain spec",
	sizeof(struct model_federated_trust_domain_spec), spec_fields, NULL };

/* SPIFFE Federation, 5.1: https, and nobody's password in it. */
static int
url_check(const char *url, const struct conf_place *at)
{
	struct slice rest = slice_str(url), host;

	if (!slice_has_prefix(rest, SLICE("https://")))
		return conf_fail(at, "bundleEndpointURL: expected https://, "
		    "found \"%s\"", url);
	rest = slice_from(rest, 8);
	slice_cut(&rest, '/', &host);
	if (host.len == 0)
		return conf_fail(at, "bundleEndpointURL: expected a host in "
		    "\"%s\"", url);
	if (slice_find(host, '@') >= 0)
		return conf_fail(at, "bundleEndpointURL: expected no user in "
		    "\"%s\"", url);
	return 0;
}

static int
bundle_check(const struct model_federated_trust_domain_spec *s,
    const struct conf_place *at)
{
	struct err err = ERR_INIT;
	struct spiffe_bundle b;

	if (spiffe_bundle_read(&b, slice_str(s->trust_domain),
	    slice_str(s->bundle), &err) != 0)
		return conf_fail(at, "trustDomainBundle: %s", err.text);
	spiffe_bundle_fini(&b);
	return 0;
}

static int
profile_check(const struct model_bundle_endpoint *p,
    const struct conf_place *at)
{
	struct spiffe id;

	if (p->type != MODEL_HTTPS_SPIFFE)
		return 0;
	if (spiffe_parse(&id, slice_str(p->spiffe_id)) &&
	    id.kind != SPIFFE_DOMAIN)
		return 0;
	return conf_fail(at, "bundleEndpointProfile.endpointSPIFFEID: expected "
	    "a SPIFFE ID with a path, found \"%s\"", p->spiffe_id);
}

static int
spec_rule(const void *value, const struct conf_place *at)
{
	const struct model_federated_trust_domain_spec *s = value;

	if ((s->url == NULL) != (s->profile == NULL))
		return conf_fail(at, "%s: expected one beside %s", s->url ==
		    NULL ? "bundleEndpointURL" : "bundleEndpointProfile",
		    s->url != NULL ? "bundleEndpointURL" :
		    "bundleEndpointProfile");
	if (s->url == NULL && s->bundle == NULL)
		return conf_fail(at, "trustDomainBundle: expected one, as there "
		    "is no bundleEndpointURL either");
	if ((s->url != NULL && url_check(s->url, at) != 0) ||
	    (s->profile != NULL && profile_check(s->profile, at) != 0))
		return -1;
	return s->bundle == NULL ? 0 : bundle_check(s, at);
}

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T,
	    CONF_AT(struct model_federated_trust_domain, spec),
	    .schema = &spec_schema, .rule = spec_rule, .required = true,
	    .critical = true, .text = "what is wanted" },
	{ 0 },
};

static const struct conf_schema schema = { "ClusterFederatedTrustDomain",
	sizeof(struct model_federated_trust_domain), fields, NULL };

const struct model_federated_trust_domain *
model_federated_trust_domain(const struct model_object *o)
{
	check(o->kind == &model_federated_trust_domain_kind);
	return (const struct model_federated_trust_domain *)
	    (const void *)o->head;
}

static void
print_domain(struct str *out, const struct model_object *o)
{
	str_add(out, model_federated_trust_domain(o)->spec.trust_domain);
}

static void
print_endpoint(struct str *out, const struct model_object *o)
{
	const char *url = model_federated_trust_domain(o)->spec.url;

	str_add(out, url == NULL ? "-" : url);
}

static void
print_profile(struct str *out, const struct model_object *o)
{
	const struct model_bundle_endpoint *p =
	    model_federated_trust_domain(o)->spec.profile;

	str_add(out, p == NULL ? "-" : profiles[p->type]);
}

static const struct model_column columns[] = {
	{ "TRUST-DOMAIN", print_domain, false },
	{ "PROFILE", print_profile, false },
	{ "ENDPOINT", print_endpoint, false },
	{ NULL, NULL, false },
};

const struct model_kind model_federated_trust_domain_kind = {
	.kind = "ClusterFederatedTrustDomain",
	.plural = "clusterfederatedtrustdomains", .short_name = "cftd",
	.group = "spire.spiffe.io", .versions = versions, .namespaced = false,
	.stored = true, .delivery = MODEL_TO_MEMBERS, .schema = &schema,
	/* Who may call is not known before he does. */
	.columns = columns, .concerns = model_concerns_everybody,
	.text = "another trust domain whose identities are believed",
};
