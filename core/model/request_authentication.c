#include <string.h>

#include "base/check.h"
#include "model/closure.h"
#include "model/request_authentication.h"
#include "pki/jwk.h"

static const char *const versions[] = { "security.istio.io/v1",
	"security.istio.io/v1beta1", NULL };

static const struct conf_field header_fields[] = {
	{ "name", CONF_STRING_T, CONF_AT(struct model_jwt_header, name),
	    .pattern = CONF_HEADER_NAME, .required = true,
	    .text = "name of a field" },
	{ "prefix", CONF_STRING_T, CONF_AT(struct model_jwt_header, prefix),
	    .max = 64, .text = "what stands before the token, spaces included" },
	{ 0 },
};

static const struct conf_schema header_schema = { "place of a token",
	sizeof(struct model_jwt_header), header_fields, NULL };

#define RULE(member)	CONF_AT(struct model_jwt_rule, member)
#define RULE_LIST(member)	CONF_LIST_AT(struct model_jwt_rule, member)

static const struct conf_field rule_fields[] = {
	{ "issuer", CONF_STRING_T, RULE(issuer), .min = 1, .max = 1024,
	    .required = true, .critical = true,
	    .text = "who gives the tokens out: their claim iss" },
	{ "audiences", CONF_STRING_T, RULE_LIST(audiences), .min = 1,
	    .max_items = 64, .critical = true,
	    .text = "one of which a token must be for; none: any" },
	{ "jwksUri", CONF_STRING_T, RULE(jwks_uri), .min = 1, .max = 2048,
	    .text = "where the issuer's keys are, https://" },
	{ "jwks", CONF_STRING_T, RULE(jwks), .pattern = CONF_LONG_TEXT,
	    .text = "the issuer's public keys, a JWK Set" },
	{ "fromHeaders", CONF_STRUCT_T, RULE_LIST(from_headers),
	    .schema = &header_schema, .max_items = 16,
	    .text = "fields that a token may be in" },
	{ "fromParams", CONF_STRING_T, RULE_LIST(from_params), .min = 1,
	    .max = 256, .max_items = 16,
	    .text = "parameters of the query that a token may be in" },
	{ "fromCookies", CONF_STRING_T, RULE_LIST(from_cookies),
	    .pattern = CONF_HEADER_NAME, .max_items = 16,
	    .text = "cookies that a token may be in" },
	{ "outputPayloadToHeader", CONF_STRING_T, RULE(output_payload),
	    .pattern = CONF_HEADER_NAME, .critical = true,
	    .text = "field in which the application gets the claims" },
	{ "outputClaimToHeaders", CONF_STRUCT_T, RULE_LIST(output_claims),
	    .schema = &model_claim_to_header_schema, .max_items = 32,
	    .critical = true,
	    .text = "fields in which the application gets a claim each" },
	{ "spaceDelimitedClaims", CONF_STRING_T, RULE_LIST(space_delimited),
	    .min = 1, .max = 256, .max_items = 64,
	    .text = "claims that are lists with spaces between" },
	{ "forwardOriginalToken", CONF_BOOL_T, RULE(forwards),
	    .text = "the application gets the token too" },
	{ "timeout", CONF_DURATION_T, RULE(timeout_ms), .min = 1, .max = 600000,
	    .fallback = "5s", .text = "to get the issuer's keys" },
	{ 0 },
};

static const struct conf_schema rule_schema = { "JWT rule",
	sizeof(struct model_jwt_rule), rule_fields, NULL };

#define SPEC(member)							\
	CONF_AT(struct model_request_authentication_spec, member)

static const struct conf_field spec_fields[] = {
	{ "selector", CONF_POINTER_T, SPEC(selector), .critical = true,
	    .schema = &model_authz_selector_schema,
	    .text = "workloads of its namespace that it is about; none: all" },
	{ "targetRefs", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_request_authentication_spec, targets),
	    .schema = &model_target_ref_schema, .max_items = 16,
	    .critical = true,
	    .text = "Services and Gateways that it is about, instead" },
	{ "targetRef", CONF_POINTER_T, SPEC(target), .critical = true,
	    .schema = &model_target_ref_schema,
	    .text = "the one that it is about, as targetRefs of one" },
	{ "jwtRules", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_request_authentication_spec, rules),
	    .schema = &rule_schema, .max_items = 32, .critical = true,
	    .text = "one of which must take a token" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "RequestAuthentication spec",
	sizeof(struct model_request_authentication_spec), spec_fields, NULL };

static int
outputs_check(const struct model_jwt_rule *r, size_t i,
    const struct conf_place *at)
{
	if (r->output_payload != NULL &&
	    model_claim_header_is_carrier(r->output_payload))
		return conf_fail(at, "jwtRules[%zu].outputPayloadToHeader: "
		    MODEL_CLAIM_HEADER_EXPECTED ", found \"%s\"", i,
		    r->output_payload);
	for (size_t k = 0; k < r->output_claims_len; k++)
		if (model_claim_header_is_carrier(r->output_claims[k].header))
			return conf_fail(at, "jwtRules[%zu].outputClaimToHeaders"
			    "[%zu].header: " MODEL_CLAIM_HEADER_EXPECTED
			    ", found \"%s\"", i, k, r->output_claims[k].header);
	return 0;
}

static int
keys_check(const char *jwks, size_t i, const struct conf_place *at)
{
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	struct jwk_set set;
	int rc = 0;

	if (jwk_set_read(&set, &a, slice_str(jwks), &err) != 0)
		rc = conf_fail(at, "jwtRules[%zu].jwks: %s", i, err.text);
	else if (set.has_secret)
		rc = conf_fail(at, "jwtRules[%zu].jwks: expected public keys, "
		    "found a private or a shared one", i);
	else if (set.len == 0 && set.left_out == 0)
		rc = conf_fail(at, "jwtRules[%zu].jwks: expected a key for "
		    "signatures, found no keys in it", i);
	else if (set.len == 0)
		rc = conf_fail(at, "jwtRules[%zu].jwks: expected a key for "
		    "signatures, RSA of 2048 to 4096 bits or EC on P-256 or "
		    "P-384, found %zu others", i, set.left_out);
	arena_fini(&a);
	return rc;
}

static int
rule_check(const struct model_jwt_rule *r, size_t i, const struct conf_place *at)
{
	struct slice uri = slice_str(r->jwks_uri);

	if (r->jwks != NULL && r->jwks_uri != NULL)
		return conf_fail(at, "jwtRules[%zu].jwksUri: expected none beside "
		    "jwks", i);
	if (r->jwks_uri != NULL && !slice_has_prefix(uri, SLICE("https://")) &&
	    !slice_has_prefix(uri, SLICE("http://")))
		return conf_fail(at, "jwtRules[%zu].jwksUri: expected http:// or "
		    "https://, found \"%s\"", i, r->jwks_uri);
	if (r->jwks != NULL && keys_check(r->jwks, i, at) != 0)
		return -1;
	return outputs_check(r, i, at);
}

static int
spec_rule(const void *value, const struct conf_place *at)
{
	const struct model_request_authentication_spec *s = value;
	const struct model_authz_scope scope = { NULL, s->selector, s->targets,
		s->targets_len };

	if (model_authz_scope_check(&scope, s->target, at) != 0)
		return -1;
	for (size_t i = 0; i < s->rules_len; i++)
		if (rule_check(&s->rules[i], i, at) != 0)
			return -1;
	return 0;
}

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T,
	    CONF_AT(struct model_request_authentication, spec),
	    .schema = &spec_schema, .rule = spec_rule, .critical = true,
	    .text = "what is wanted" },
	{ 0 },
};

static const struct conf_schema schema = { "RequestAuthentication",
	sizeof(struct model_request_authentication), fields, NULL };

const struct model_request_authentication *
model_request_authentication(const struct model_object *o)
{
	check(o->kind == &model_request_authentication_kind);
	return (const struct model_request_authentication *)
	    (const void *)o->head;
}

static struct model_authz_scope
scope_of(const struct model_object *o)
{
	const struct model_request_authentication *r =
	    model_request_authentication(o);

	return (struct model_authz_scope){ r->head.meta.namespace,
		r->spec.selector, r->spec.targets, r->spec.targets_len };
}

bool
model_request_authentication_is_for(const struct model_object *o,
    const struct model_authz_place *place)
{
	if (o->kind != &model_request_authentication_kind)
		return false;
	const struct model_authz_scope scope = scope_of(o);

	return model_authz_scope_is_for(&scope, place);
}

static bool
concerns(const struct model_subject *subject, const struct model_object *o)
{
	const struct model_authz_scope scope = scope_of(o);

	return model_authz_scope_concerns(subject, o, &scope);
}

static int
finish(struct model_object *o, struct err *err)
{
	struct model_request_authentication *p =
	    (struct model_request_authentication *)(void *)o->head;

	(void)err;
	model_authz_scope_settle(p->spec.target, &p->spec.targets,
	    &p->spec.targets_len);
	return 0;
}

/* --- for people ------------------------------------------------------------- */

static void
print_for(struct str *out, const struct model_object *o)
{
	const struct model_authz_scope scope = scope_of(o);

	model_authz_scope_print(out, &scope);
}

static void
print_issuers(struct str *out, const struct model_object *o)
{
	const struct model_request_authentication_spec *s =
	    &model_request_authentication(o)->spec;

	for (size_t i = 0; i < s->rules_len; i++)
		str_addf(out, "%s%s", i > 0 ? "," : "", s->rules[i].issuer);
}

static const struct model_column columns[] = {
	{ "FOR", print_for, false },
	{ "ISSUERS", print_issuers, false },
	{ NULL, NULL, false },
};

const struct model_kind model_request_authentication_kind = {
	.kind = "RequestAuthentication", .plural = "requestauthentications",
	.short_name = "ra", .group = "security.istio.io", .versions = versions,
	.namespaced = true, .stored = true, .delivery = MODEL_TO_MEMBERS,
	.schema = &schema, .columns = columns, .concerns = concerns,
	.finish = finish,
	.text = "whose tokens requests may carry",
};

struct slice
model_keys_missing(const char *fault)
{
	struct slice rest = slice_str(fault), where;

	if (!slice_has_prefix(rest, SLICE(MODEL_KEYS_OF)))
		return SLICE_NONE;
	rest = slice_from(rest, sizeof(MODEL_KEYS_OF) - 1);
	return slice_cut(&rest, ' ', &where) ? where : SLICE_NONE;
}
