#include <string.h>

#include "base/check.h"
#include "model/closure.h"
#include "model/secret.h"
#include "pki/base64.h"
#include "pki/keypair.h"

static const char *const versions[] = { "v1", NULL };

/* --- Secret ------------------------------------------------------------------- */

#define SECRET(member)	CONF_AT(struct model_secret, member)

static const struct conf_field secret_fields[] = {
	MODEL_HEAD_FIELDS,
	{ "type", CONF_STRING_T, SECRET(type), .fallback = MODEL_SECRET_OPAQUE,
	    .min = 1, .max = 253,
	    .text = "Opaque, or kubernetes.io/tls with tls.crt and tls.key" },
	{ "data", CONF_PAIRS_T, SECRET(data), .key_pattern = CONF_SECRET_KEY,
	    .pattern = CONF_BASE64, .text = "values in base64" },
	{ "stringData", CONF_PAIRS_T, SECRET(string_data),
	    .key_pattern = CONF_SECRET_KEY, .pattern = CONF_LONG_TEXT,
	    .text = "values as text; they go before data" },
	{ "immutable", CONF_BOOL_T, SECRET(immutable), .text = "accepted, not used" },
	{ 0 },
};

static int
verify_secret(const void *filled, const struct conf_node *doc, struct err *err)
{
	static const char *const needed[] = { "tls.crt", "tls.key" };
	const struct model_secret *s = filled;

	if (strcmp(s->type, MODEL_SECRET_TLS) != 0)
		return 0;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (conf_pairs_get(&s->data, needed[i]) == NULL &&
		    conf_pairs_get(&s->string_data, needed[i]) == NULL)
			return conf_error(doc, err, "data[%s]: the required value is "
			    "missing, which type " MODEL_SECRET_TLS " needs",
			    needed[i]);
	return 0;
}

static const struct conf_schema secret_schema = { "Secret",
	sizeof(struct model_secret), secret_fields, verify_secret };

const struct model_secret *
model_secret(const struct model_object *o)
{
	check(o->kind == &model_secret_kind);
	return (const struct model_secret *)(const void *)o->head;
}

/* base64 as it may be written over several lines. */
static struct slice
decode(const char *text, struct arena *a)
{
	size_t len = strlen(text), n = 0;
	char *joined = arena_alloc(a, len + 1), *out = arena_alloc(a, len + 1);

	for (const char *c = text; *c != '\0'; c++)
		if (*c != '\n' && *c != '\r')
			joined[n++] = *c;
	ptrdiff_t got = base64_decode(out, len, BASE64_STD, slice_of(joined, n));

	return got < 0 ? SLICE_NONE : slice_of(out, (size_t)got);
}

struct slice
model_secret_bytes(const struct model_object *o, const char *key, struct arena *a)
{
	bool is_secret = o->kind == &model_secret_kind;
	const char *plain = conf_pairs_get(is_secret ?
	    &model_secret(o)->string_data : &model_config_map(o)->data, key);
	const char *coded = conf_pairs_get(is_secret ? &model_secret(o)->data :
	    &model_config_map(o)->binary_data, key);

	if (plain != NULL)
		return slice_str(plain);
	return coded == NULL ? SLICE_NONE : decode(coded, a);
}

int
model_secret_check_pair(const struct model_object *o, struct err *err)
{
	struct arena a;
	int result;

	arena_init(&a);
	result = keypair_check(model_secret_bytes(o, "tls.crt", &a),
	    model_secret_bytes(o, "tls.key", &a), err);
	arena_fini(&a);
	return result;
}

struct conf_node *
model_secret_shown(const struct conf_node *doc, struct arena *a)
{
	static const char *const hidden[] = { "data", "stringData" };
	struct conf_node *copy = conf_copy(a, doc);

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		CONF_FOREACH(e, conf_get(copy, hidden[i]))
			e->node->text = SLICE("");
	/* kubectl keeps the whole document in an annotation of its own. */
	conf_unset(conf_get(conf_get(copy, "metadata"), "annotations"),
	    "kubectl.kubernetes.io/last-applied-configuration");
	return copy;
}

static void
print_type(struct str *out, const struct model_object *o)
{
	str_add(out, model_secret(o)->type);
}

static void
print_secret_keys(struct str *out, const struct model_object *o)
{
	const struct model_secret *s = model_secret(o);

	str_addf(out, "%zu", s->data.len + s->string_data.len);
}

static const struct model_column secret_columns[] = {
	{ "TYPE", print_type, false },
	{ "DATA", print_secret_keys, false },
	{ NULL, NULL, false },
};

static bool
secret_concerns(const struct model_subject *subject, const struct model_object *o)
{
	return model_subject_shows(subject, o) ||
	    model_subject_presents(subject, o);
}

const struct model_kind model_secret_kind = {
	.kind = "Secret", .plural = "secrets", .group = "core",
	.versions = versions, .namespaced = true, .stored = true,
	.write_only = true, .delivery = MODEL_TO_MEMBERS, .schema = &secret_schema,
	.columns = secret_columns, .concerns = secret_concerns,
	.text = "certificates, keys and other bytes that nobody is shown",
};

/* --- ConfigMap ---------------------------------------------------------------- */

#define MAP(member)	CONF_AT(struct model_config_map, member)

static const struct conf_field map_fields[] = {
	MODEL_HEAD_FIELDS,
	{ "data", CONF_PAIRS_T, MAP(data), .key_pattern = CONF_SECRET_KEY,
	    .pattern = CONF_LONG_TEXT, .text = "values as text" },
	{ "binaryData", CONF_PAIRS_T, MAP(binary_data),
	    .key_pattern = CONF_SECRET_KEY, .pattern = CONF_BASE64,
	    .text = "values in base64" },
	{ "immutable", CONF_BOOL_T, MAP(immutable), .text = "accepted, not used" },
	{ 0 },
};

static const struct conf_schema map_schema = { "ConfigMap",
	sizeof(struct model_config_map), map_fields, NULL };

const struct model_config_map *
model_config_map(const struct model_object *o)
{
	check(o->kind == &model_config_map_kind);
	return (const struct model_config_map *)(const void *)o->head;
}

static void
print_map_keys(struct str *out, const struct model_object *o)
{
	const struct model_config_map *m = model_config_map(o);

	str_addf(out, "%zu", m->data.len + m->binary_data.len);
}

static const struct model_column map_columns[] = {
	{ "DATA", print_map_keys, false },
	{ NULL, NULL, false },
};

/* To nobody by itself: who trusts the authorities in it is sent it. */
static bool
concerns(const struct model_subject *subject, const struct model_object *o)
{
	return model_subject_trusts(subject, o) ||
	    model_subject_shows(subject, o);
}

const struct model_kind model_config_map_kind = {
	.kind = "ConfigMap", .plural = "configmaps", .short_name = "cm",
	.group = "core", .versions = versions, .namespaced = true, .stored = true,
	.delivery = MODEL_TO_MEMBERS, .schema = &map_schema,
	.columns = map_columns, .concerns = concerns,
	.text = "texts that others refer to, such as certificates of authorities",
};
