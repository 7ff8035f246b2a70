#include "base/str.h"
#include "base/unit.h"
#include "http/path.h"
#include "model/warn.h"

/* out NULL: refused */
static const struct { const char *in, *out; } vectors[] = {
	{ "/", "/" },
	{ "/a/b", "/a/b" },
	{ "/a/b/", "/a/b/" },
	{ "/a/../b", "/b" },
	{ "/a/./b", "/a/b" },
	{ "/a/b/..", "/a/" },
	{ "/a/b/.", "/a/b/" },
	{ "/..", "/" },
	{ "/../../a", "/a" },
	{ "/a/../../b", "/b" },
	{ "/a/b/../../../c", "/c" },
	{ "//", "/" },
	{ "//a", "/a" },
	{ "/a//b", "/a/b" },
	{ "/a///", "/a/" },
	{ "/a//../b", "/b" },
	{ "/%2e%2e/a", "/a" },
	{ "/a/%2E%2e/b", "/b" },
	{ "/a/.%2e/b", "/b" },
	{ "/a/%2e/b", "/a/b" },
	{ "/.a", "/.a" },
	{ "/..a/b", "/..a/b" },
	{ "/.../b", "/.../b" },
	{ "/%7Euser", "/~user" },
	{ "/%61%2d%5f", "/a-_" },
	{ "/%c3%a9", "/%C3%A9" },
	{ "/a%20b", "/a%20b" },
	{ "/%252e%252e/", "/%252e%252e/" },
	{ "/%25", "/%25" },
	{ "/a;v=1/b", "/a;v=1/b" },
	{ "/a%3bb", "/a%3Bb" },
	{ "/{a}|\"<>^`[]", "/%7Ba%7D%7C%22%3C%3E%5E%60%5B%5D" },
	{ "/a%3fb", "/a%3Fb" },
	{ "/:@!$&'()*+,;=-._~", "/:@!$&'()*+,;=-._~" },
	{ "/a/..;/b", NULL },
	{ "/a/.;x/b", NULL },
	{ "/a/%2e%2e;x", NULL },
	{ "/a%2fb", NULL },
	{ "/a%2Fb", NULL },
	{ "/a%5cb", NULL },
	{ "/a\\b", NULL },
	{ "/%00", NULL },
	{ "/a%0d%0ab", NULL },
	{ "/%7f", NULL },
	{ "/a\x01", NULL },
	{ "/a b", NULL },
	{ "/a\xc3\xa9", NULL },
	{ "/a#b", NULL },
	{ "/%", NULL },
	{ "/%2", NULL },
	{ "/%zz", NULL },
	{ "/%2/", NULL },
};

TEST(paths_have_one_form)
{
	struct arena a = { 0 };

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct slice out;
		bool ok = http_path_normalize(&a, slice_str(vectors[i].in), &out);

		if (ok != (vectors[i].out != NULL) ||
		    (ok && !slice_is(out, vectors[i].out)))
			fail_msg("%s", vectors[i].in);
		arena_reset(&a);
	}
	arena_fini(&a);
}

/* Whatever is accepted is left alone the second time: judged once is enough. */
TEST(normal_paths_stay_as_they_are)
{
	static const char letters[] = "/.%2eE5;a\\~25cC\"";
	struct arena a = { 0 };
	uint64_t seed = 1;

	for (int i = 0; i < 50000; i++) {
		char raw[16] = "/";
		struct slice once, twice;

		for (size_t j = 1; j < 12; j++) {
			seed = seed * UINT64_C(6364136223846793005) + 1;
			raw[j] = letters[(seed >> 33) % (sizeof(letters) - 1)];
		}
		if (http_path_normalize(&a, slice_of(raw, 12), &once)) {
			assert_true(http_path_normalize(&a, once, &twice));
			assert_true(slice_eq(once, twice));
		}
		arena_reset(&a);
	}
	arena_fini(&a);
}

static void
note(void *arg, const struct model_object *o, const char *text)
{
	size_t *warnings = arg;

	(void)o;
	*warnings += strstr(text, ".paths[0]: matches nothing") != NULL;
}

/* Of a policy about this path alone. */
static size_t
count_warnings(const char *path)
{
	struct model_set set;
	struct str doc = { 0 };
	size_t n = 0;

	str_add(&doc, "{\"apiVersion\": \"security.istio.io/v1\", \"kind\": "
	    "\"AuthorizationPolicy\", \"metadata\": {\"name\": \"p\"}, \"spec\": "
	    "{\"rules\": [{\"to\": [{\"operation\": {\"paths\": [");
	str_add_json(&doc, slice_str(path));
	str_add(&doc, "]}}]}]}}");
	model_set_init(&set, MODEL_STRICT, "default");
	model_set_read_text(&set, str_slice(&doc), "t", CONF_JSON);
	assert_int_equal(set.faults_len, 0);
	model_warn(&set, 0, note, &n);
	model_set_fini(&set);
	str_fini(&doc);
	return n;
}

/* The model cannot ask here, and has these rules once more (warn_values.c). */
TEST(paths_that_no_request_has_are_those_that_policies_are_warned_of)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const char *in = vectors[i].in, *out = vectors[i].out;
		bool is_had = out != NULL && strcmp(in, out) == 0;

		/* A '*' may be a pattern's. */
		if (strchr(in, '*') == NULL &&
		    count_warnings(in) != (is_had ? 0 : 1))
			fail_msg("%s", in);
	}
}
