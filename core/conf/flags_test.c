#include <string.h>

#include "base/unit.h"
#include "conf/flags.h"
#include "conf/json.h"

struct settings {
	const char  *token_file;
	bool         permissive;
	int64_t      drain_ms, workers;
	const char **hosts;
	size_t       hosts_len;
	struct conf_pairs labels;
	struct settings  *nested;
};

static const struct conf_schema settings_schema;

static const struct conf_field fields[] = {
	{ "tokenFile", CONF_STRING_T, CONF_AT(struct settings, token_file),
	    .pattern = CONF_PATH },
	{ "permissive", CONF_BOOL_T, CONF_AT(struct settings, permissive) },
	{ "drainTime", CONF_DURATION_T, CONF_AT(struct settings, drain_ms) },
	{ "workers", CONF_INT_T, CONF_AT(struct settings, workers),
	    .min = 0, .max = 9 },
	{ "hosts", CONF_STRING_T, CONF_LIST_AT(struct settings, hosts) },
	{ "labels", CONF_PAIRS_T, CONF_AT(struct settings, labels) },
	{ "nested", CONF_POINTER_T, CONF_AT(struct settings, nested),
	    .schema = &settings_schema },
	{ 0 },
};

static const struct conf_schema settings_schema = { "settings",
	sizeof(struct settings), fields, NULL };

static int
add_label(struct conf_node *into, struct slice text, struct err *err)
{
	struct conf_node *labels = conf_get(into, "labels");
	struct slice key;

	slice_cut(&text, '=', &key);
	if (text.ptr == NULL)
		return err_set(err, ERR_USAGE, "expected KEY=VALUE");
	if (labels == NULL)
		labels = conf_set_map(into, "labels");
	conf_set_slice(labels, arena_dup(into->items.arena, key).ptr, text);
	return 0;
}

static const struct conf_flag rows[] = {
	{ "labels", "label", "KEY=VALUE", add_label },
	{ 0 },
};

static const struct conf_flags flags = { &settings_schema, rows, "MESH_T_" };

static const struct {
	const char *args[6];
	const char *json;	/* NULL: refused */
	const char *error;
	int         left;	/* arguments that were not ours */
} cases[] = {
	{ { "--token-file", "/a", "--permissive" },
	    "{\"tokenFile\":\"/a\",\"permissive\":true}", NULL, 0 },
	{ { "--token-file=/a=b", "--permissive=false" },
	    "{\"tokenFile\":\"/a=b\",\"permissive\":false}", NULL, 0 },
	{ { "--token-file", "/a", "--token-file", "80" },
	    "{\"tokenFile\":\"80\"}", NULL, 0 },
	{ { "--hosts", "a", "--hosts=b", "--workers", "3" },
	    "{\"hosts\":[\"a\",\"b\"],\"workers\":3}", NULL, 0 },
	{ { "--label", "a=1", "--label=b=x=y" },
	    "{\"labels\":{\"a\":\"1\",\"b\":\"x=y\"}}", NULL, 0 },
	{ { "--validate", "word", "--workers=1", "--nested", "-x", "--labels" },
	    "{\"workers\":1}", NULL, 5 },
	{ { "--token-file" }, NULL, "--token-file: expected a value behind it", 0 },
	{ { "--label", "a" }, NULL, "--label: expected KEY=VALUE", 0 },
};

TEST(flags_come_from_the_schema)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a = { 0 };
		struct err err = ERR_INIT;
		struct str s = { 0 };
		struct conf_node *into = conf_map_new(&a);
		char *argv[7] = { 0 };
		int at = 0, left = 0, result = 0;

		for (int j = 0; j < 6 && cases[i].args[j] != NULL; j++)
			argv[j] = arena_strdup(&a, cases[i].args[j]);
		while (result >= 0 && argv[at] != NULL) {
			result = conf_flags_take(&flags, argv, &at, into, &err);
			if (result == 0) {
				left++;
				at++;
			}
		}
		if (cases[i].json == NULL) {
			assert_int_equal(result, -1);
			assert_int_equal(err.kind, ERR_USAGE);
			assert_string_equal(err.text, cases[i].error);
		} else {
			conf_json_write(&s, into);
			assert_string_equal(str_ptr(&s), cases[i].json);
			assert_int_equal(left, cases[i].left);
		}
		str_fini(&s);
		arena_fini(&a);
	}
}

TEST(flags_from_the_environment_lie_between_document_and_command_line)
{
	static char one[] = "MESH_T_TOKEN_FILE=/env", two[] = "MESH_T_HOSTS=a,b";
	static char three[] = "MESH_T_LABEL=k=v,l=w", four[] = "MESH_T_WORKERS=";
	static char five[] = "MESH_T_DRAIN_TIME=5s", flag[] = "--drain-time=7s";
	char *env[] = { one, two, three, four, five, NULL };
	char *argv[] = { flag, NULL };
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	struct str s = { 0 };
	struct conf_node *doc = conf_json_read(&a, SLICE("{\"tokenFile\":\"/doc\","
	    "\"hosts\":[\"x\"],\"workers\":2}"), "d", &err);
	struct conf_node *low = conf_map_new(&a), *high = conf_map_new(&a);
	int at = 0;

	assert_int_equal(conf_flags_env(&flags, env, low, &err), 0);
	assert_int_equal(conf_flags_take(&flags, argv, &at, high, &err), 1);
	conf_overlay(doc, low);
	conf_overlay(doc, high);
	conf_json_write(&s, doc);
	assert_string_equal(str_ptr(&s), "{\"tokenFile\":\"/env\",\"hosts\":[\"a\","
	    "\"b\"],\"workers\":2,\"drainTime\":\"7s\",\"labels\":{\"k\":\"v\","
	    "\"l\":\"w\"}}");
	str_fini(&s);
	arena_fini(&a);
}

TEST(flags_are_named_by_what_refuses_their_value)
{
	static char bad[] = "--drain-time=soon", low[] = "MESH_T_WORKERS=70";
	char *argv[] = { bad, NULL }, *env[] = { low, NULL };
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	struct conf_node *into = conf_map_new(&a);
	struct settings out;
	int at = 0;

	assert_int_equal(conf_flags_take(&flags, argv, &at, into, &err), 1);
	assert_int_equal(conf_decode(into, &settings_schema, &a, &out, &err), -1);
	assert_string_equal(err.text, "--drain-time: drainTime: expected a duration "
	    "such as 10s or 1h30m, found \"soon\"");
	into = conf_map_new(&a);
	assert_int_equal(conf_flags_env(&flags, env, into, &err), 0);
	assert_int_equal(conf_decode(into, &settings_schema, &a, &out, &err), -1);
	assert_string_equal(err.text, "MESH_T_WORKERS: workers: expected a whole "
	    "number from 0 to 9, found 70");
	arena_fini(&a);
}

static void
note(void *arg, const char *flag, const char *value, const struct conf_field *f)
{
	(void)f;
	str_addf(arg, "--%s %s\n", flag, value);
}

TEST(flags_can_be_listed)
{
	struct str s = { 0 };

	conf_flags_each(&flags, note, &s);
	assert_string_equal(str_ptr(&s), "--token-file PATH\n--permissive \n"
	    "--drain-time DURATION\n--workers N\n--hosts TEXT\n"
	    "--label KEY=VALUE\n");
	str_fini(&s);
}

TEST(flags_that_are_unknown_name_the_nearest)
{
	static const char *const more[] = { "--config", "--validate", NULL };
	static const struct {
		const char *word, *text;
	} v[] = {
		{ "--token-fiel", "unknown option \"--token-fiel\"; did you mean "
		    "--token-file?" },
		{ "--confg", "unknown option \"--confg\"; did you mean "
		    "--config?" },
		{ "--xyzzy", "unknown option \"--xyzzy\"" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(conf_flags_unknown(&flags, v[i].word, more,
		    &err), -1);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_string_equal(err.text, v[i].text);
	}
}
