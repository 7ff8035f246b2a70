#include <string.h>

#include "conf/nearest.h"
#include "model/annotation.h"

static const struct {
	const char *key, *kind;
} known[] = {
	{ MODEL_DRY_RUN, "AuthorizationPolicy" },
	{ MODEL_PLAINTEXT, "Service" },
};

#define KNOWN	(sizeof(known) / sizeof(known[0]))

static const struct {
	const char *word;
	bool        is_true;
} words[] = {
	{ "true", true }, { "1", true }, { "t", true }, { "T", true },
	{ "TRUE", true }, { "True", true },
	{ "false", false }, { "0", false }, { "f", false }, { "F", false },
	{ "FALSE", false }, { "False", false },
};

static bool
read_word(struct slice text, bool *out)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_is(text, words[i].word)) {
			*out = words[i].is_true;
			return true;
		}
	return false;
}

bool
model_annotation_is_true(const char *value)
{
	bool is_true;

	return read_word(slice_str(value), &is_true) && is_true;
}

int
model_annotations_check(const struct model_object *o, struct err *err)
{
	const struct conf_node *all = conf_find(o->node, "metadata.annotations");
	bool is_true;

	for (size_t i = 0; i < KNOWN; i++) {
		const char *value = model_annotation(o, known[i].key);

		if (value == NULL || strcmp(known[i].kind, o->kind->kind) != 0 ||
		    read_word(slice_str(value), &is_true))
			continue;
		return conf_error(conf_get(all, known[i].key), err,
		    "metadata.annotations[%s]: expected \"true\" or \"false\", "
		    "found \"%s\"", known[i].key, value);
	}
	return 0;
}

/* What is behind the domain of a key. */
static struct slice
last_part(struct slice key)
{
	ptrdiff_t slash = slice_find(key, '/');

	return slash < 0 ? key : slice_from(key, (size_t)slash + 1);
}

static bool
is_near(struct slice key, const char *name)
{
	const char *last = last_part(slice_str(name)).ptr;

	return conf_nearest(key, &name, 1) != NULL ||
	    conf_nearest(last_part(key), &last, 1) != NULL;
}

const char *
model_annotation_meant(const struct model_object *o, struct slice key,
    const char **kind)
{
	for (size_t i = 0; i < KNOWN; i++) {
		bool is_own = strcmp(known[i].kind, o->kind->kind) == 0;

		*kind = known[i].kind;
		if (is_own ? !slice_is(key, known[i].key) &&
		    is_near(key, known[i].key) : slice_is(key, known[i].key))
			return known[i].key;
	}
	return NULL;
}
