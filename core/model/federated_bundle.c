#include <stdio.h>

#include "base/check.h"
#include "model/federated_bundle.h"
#include "pki/hash.h"
#include "pki/spiffe_bundle.h"

static const char *const versions[] = { "mesh/v1", NULL };

#define SPEC(member)	CONF_AT(struct model_federated_bundle_spec, member)

static const struct conf_field spec_fields[] = {
	{ "trustDomain", CONF_STRING_T, SPEC(trust_domain),
	    .pattern = CONF_TRUST_DOMAIN, .required = true, .critical = true,
	    .text = "whose it is" },
	{ "bundle", CONF_STRING_T, SPEC(bundle), .pattern = CONF_LONG_TEXT,
	    .required = true, .critical = true,
	    .text = "what was fetched, a JWK Set as SPIFFE has it" },
	{ "begunWith", CONF_STRING_T, SPEC(begun_with),
	    .max = MODEL_BUNDLE_HASH, .fallback = "", .critical = true,
	    .text = "SHA-256 of the trustDomainBundle that it stands for" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "FederatedBundle spec",
	sizeof(struct model_federated_bundle_spec), spec_fields, NULL };

static int
spec_rule(const void *value, const struct conf_place *at)
{
	const struct model_federated_bundle_spec *s = value;
	struct err err = ERR_INIT;
	struct spiffe_bundle b;

	if (spiffe_bundle_read(&b, slice_str(s->trust_domain),
	    slice_str(s->bundle), &err) != 0)
		return conf_fail(at, "bundle: %s", err.text);
	spiffe_bundle_fini(&b);
	return 0;
}

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct model_federated_bundle, spec),
	    .schema = &spec_schema, .rule = spec_rule, .required = true,
	    .critical = true, .text = "what was fetched" },
	{ 0 },
};

static const struct conf_schema schema = { "FederatedBundle",
	sizeof(struct model_federated_bundle), fields, NULL };

const struct model_federated_bundle *
model_federated_bundle(const struct model_object *o)
{
	check(o->kind == &model_federated_bundle_kind);
	return (const struct model_federated_bundle *)(const void *)o->head;
}

void
model_federated_bundle_hash(const char *text, char out[MODEL_BUNDLE_HASH + 1])
{
	uint8_t digest[HASH_LEN];

	out[0] = '\0';
	if (text == NULL)
		return;
	hash_sha256(digest, slice_str(text));
	for (size_t i = 0; i < HASH_LEN; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static void
print_domain(struct str *out, const struct model_object *o)
{
	str_add(out, model_federated_bundle(o)->spec.trust_domain);
}

/* It was checked: reading fails nowhere. */
static void
read_it(struct spiffe_bundle *b, const struct model_object *o)
{
	const struct model_federated_bundle_spec *s =
	    &model_federated_bundle(o)->spec;
	struct err err = ERR_INIT;

	check(spiffe_bundle_read(b, slice_str(s->trust_domain),
	    slice_str(s->bundle), &err) == 0);
}

static void
print_roots(struct str *out, const struct model_object *o)
{
	struct spiffe_bundle b;

	read_it(&b, o);
	str_addf(out, "%zu", b.roots->len);
	spiffe_bundle_fini(&b);
}

static void
print_sequence(struct str *out, const struct model_object *o)
{
	struct spiffe_bundle b;

	read_it(&b, o);
	if (b.has_sequence)
		str_addf(out, "%llu", (unsigned long long)b.sequence);
	else
		str_add_char(out, '-');
	spiffe_bundle_fini(&b);
}

static const struct model_column columns[] = {
	{ "TRUST-DOMAIN", print_domain, false },
	{ "ROOTS", print_roots, false },
	{ "SEQUENCE", print_sequence, false },
	{ NULL, NULL, false },
};

const struct model_kind model_federated_bundle_kind = {
	.kind = "FederatedBundle", .plural = "federatedbundles",
	.group = "mesh", .versions = versions, .namespaced = false,
	.stored = true, .delivery = MODEL_TO_MEMBERS, .schema = &schema,
	.columns = columns, .concerns = model_concerns_everybody,
	.text = "what control fetched of another trust domain; control writes it",
};
