#include <string.h>

#include "base/unit.h"
#include "conf/json.h"
#include "conf/yaml.h"

static const struct {
	const char *in;
	const char *json;	/* NULL: refused */
	const char *error;
} cases[] = {
	{ "", "null", NULL },
	{ "# nothing\n", "null", NULL },
	{ "a: 1\nb: [x, 'y', \"z\\n\"]\nc: {d: e}\n",
	    "{\"a\":1,\"b\":[\"x\",\"y\",\"z\\n\"],\"c\":{\"d\":\"e\"}}", NULL },
	{ "- true\n- False\n- ~\n-\n- null\n- 'true'\n",
	    "[true,false,null,null,null,\"true\"]", NULL },
	{ "[0x1F, 0o17, -3, +4, 1.5, 1e3, .5, 12345678901234567890]",
	    "[31,15,-3,4,1.5,1000.0,0.5,1.2345678901234567e+19]", NULL },
	{ "[yes, no, On, y, 010, 1_000, 22:30, .inf, 1.2.3, 10.0.0.1, -]x",
	    NULL, "t.yaml:1:62: invalid YAML: did not find expected <document start>" },
	{ "[yes, No, On, y, 010, 1_000, 22:30, .inf, 1.2.3, 10.0.0.1]",
	    "[\"yes\",\"No\",\"On\",\"y\",\"010\",\"1_000\",\"22:30\",\".inf\","
	    "\"1.2.3\",\"10.0.0.1\"]", NULL },
	{ "a: |\n  x\n  y\nb: >-\n  x\n  y\n", "{\"a\":\"x\\ny\\n\",\"b\":\"x y\"}",
	    NULL },
	{ "a: &x {p: 1}\nb: *x\nc: [*x, *x]\n",
	    "{\"a\":{\"p\":1},\"b\":{\"p\":1},\"c\":[{\"p\":1},{\"p\":1}]}", NULL },
	{ "80: web\nyes: 1\n", "{\"80\":\"web\",\"yes\":1}", NULL },
	{ "a: 1\nb: 2\na: 3\n", NULL,
	    "t.yaml:3:1: duplicate key \"a\", it stands in line 1 already" },
	{ "x: {a: 1, 'a': 2}", NULL,
	    "t.yaml:1:11: duplicate key \"a\", it stands in line 1 already" },
	{ "a:\n\tb: 1\n", NULL,
	    "t.yaml:2:1: a tab in the indentation, expected spaces" },
	{ "a:\n  b: 1\n \tc: 1\n", NULL,
	    "t.yaml:3:2: a tab in the indentation, expected spaces" },
	{ "a: !!str 1\n", NULL, "t.yaml:1:4: a tag, expected none" },
	{ "a: !mine [1]\n", NULL, "t.yaml:1:4: a tag, expected none" },
	{ "!!str a: 1\n", NULL, "t.yaml:1:1: a tag, expected none" },
	{ "a: *b\n", NULL, "t.yaml:1:4: alias *b, expected an anchor &b that "
	    "ends before it" },
	{ "a: &b [*b]\n", NULL, "t.yaml:1:8: alias *b, expected an anchor &b "
	    "that ends before it" },
	{ "a: &b {x: 1}\nc:\n  <<: *b\n", NULL,
	    "t.yaml:3:3: a merge key (<<), expected the fields written out" },
	{ "? [a]\n: 1\n", NULL, "t.yaml:1:3: a key that is a list, a map or an "
	    "alias, expected a word" },
	{ "a: b: c\n", NULL, "t.yaml:1:5: invalid YAML: mapping values are not "
	    "allowed in this context" },
	{ "a: [1\nb: 2\n", NULL, "t.yaml:2:2: invalid YAML: did not find "
	    "expected ',' or ']' while parsing a flow sequence that begins in "
	    "line 1" },
	{ "a: @x\n", NULL, "t.yaml:1:4: invalid YAML: found character that "
	    "cannot start any token while scanning for the next token that "
	    "begins in line 1" },
	{ "a: 1\n---\nb: 2\n", NULL,
	    "t.yaml:2:1: a second document, expected one" },
	{ "a: \"\\ud83d\\ude00\"\n", NULL, "t.yaml:1:7: invalid YAML: found "
	    "invalid Unicode character escape code while parsing a quoted "
	    "scalar that begins in line 1" },
	{ "a: \"x\\0y\"\n", NULL,
	    "t.yaml:1:4: \\0 in a string, expected no NUL" },
	{ "\"\\x00\": 1\n", NULL,
	    "t.yaml:1:1: \\0 in a string, expected no NUL" },
	{ "a: \xc3\n", NULL,
	    "t.yaml:1:4: a byte that is not UTF-8, expected UTF-8 text" },
	{ "a: \x01\n", NULL,
	    "t.yaml:1:4: a control character, expected UTF-8 text" },
	{ "a: \xc2\x80\n", NULL,
	    "t.yaml:1:4: invalid YAML: control characters are not allowed" },
};

TEST(yaml_reads)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a = { 0 };
		struct err err = ERR_INIT;
		struct str out = { 0 };
		struct conf_node *n = conf_yaml_read(&a, slice_str(cases[i].in),
		    "t.yaml", &err);

		if (cases[i].json == NULL) {
			assert_string_equal(err.text, cases[i].error);
			assert_int_equal(err.kind, ERR_DATA);
			assert_null(n);
		} else {
			assert_string_equal(err.text, "");
			conf_json_write(&out, n);
			assert_string_equal(str_ptr(&out), cases[i].json);
		}
		str_fini(&out);
		arena_fini(&a);
	}
}

TEST(yaml_refuses_nul)
{
	struct arena a = { 0 };
	struct err err;

	assert_null(conf_yaml_read(&a, SLICE("a: b\0c\n"), "t.yaml", &err));
	assert_string_equal(err.text,
	    "t.yaml:1:5: a NUL byte, expected UTF-8 text");
	arena_fini(&a);
}

TEST(yaml_nodes_know_where_they_stand)
{
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	struct conf_node *n = conf_yaml_read(&a, SLICE("# head\nspec:\n"
	    "  ports:\n  - name: \xc3\xa9\n    port: 80\n"), "t.yaml", &err);
	const struct conf_node *item = conf_at(conf_find(n, "spec.ports"), 0);

	assert_non_null(item);
	assert_int_equal(item->line, 4);
	assert_int_equal(item->column, 5);
	assert_int_equal(conf_get(item, "port")->line, 5);
	assert_int_equal(conf_get(item, "port")->column, 11);
	assert_int_equal(conf_entry_of(item, SLICE("port"))->column, 5);
	assert_true(conf_get(item, "name")->plain);
	arena_fini(&a);
}

static void
assert_refused(struct str *text, const char *expected)
{
	struct arena a = { 0 };
	struct err err = ERR_INIT;

	assert_null(conf_yaml_read(&a, str_slice(text), "t.yaml", &err));
	assert_string_equal(err.text, expected);
	str_fini(text);
	arena_fini(&a);
}

TEST(yaml_bombs_are_refused)
{
	struct str s = { 0 };

	for (unsigned i = 0; i < 2000; i++)
		str_add_char(&s, '[');
	assert_refused(&s,
	    "t.yaml:1:65: nested too deeply, expected at most 64 levels");

	for (unsigned i = 0; i < 66; i++)
		str_addf(&s, "%*sa:\n", (int)i, "");
	assert_refused(&s,
	    "t.yaml:65:65: nested too deeply, expected at most 64 levels");

	for (unsigned i = 0; i < CONF_MAX_NODES; i++)
		str_add(&s, "- 0\n");
	assert_refused(&s, "t.yaml:100000:3: "
	    "too many values, expected at most 100000 in one file");

	str_add(&s, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 10; i++) {
		str_addf(&s, "a%d: &a%d [", i, i);
		for (int j = 0; j < 10; j++)
			str_addf(&s, "%s*a%d", j > 0 ? ", " : "", i - 1);
		str_add(&s, "]\n");
	}
	assert_refused(&s, "t.yaml:5:45: "
	    "too many values, expected at most 100000 in one file");

	str_add(&s, "a: &a ");
	for (int i = 0; i < 40; i++)
		str_add_char(&s, '[');
	for (int i = 0; i < 40; i++)
		str_add_char(&s, ']');
	str_add(&s, "\nb: ");
	for (int i = 0; i < 40; i++)
		str_add_char(&s, '[');
	str_add(&s, "*a");
	assert_refused(&s,
	    "t.yaml:2:44: nested too deeply, expected at most 64 levels");
}

/* What is written reads back as the same tree, whatever its strings look like. */
TEST(yaml_round_trip)
{
	static const char *const texts[] = { "", "plain", "no", "Yes", "1.0", "80",
	    "010", "0x1f", "null", "~", "true", "- a", "a: b", "a #b", "#c", "*x",
	    "&x", "!t", "'q'", "\"q\"", "line\nline\n", "no end\nof line",
	    " lead", "trail ", "trail \nx", "\ttab", "a\n\n\n", "\n", "{a}", "[",
	    "22:30", "\xc3\xa9", "\xf0\x9f\x98\x80", "%x", "@x", "`", "a, b",
	    "mesh/v1", "=", "<<", "---", "...", "? x", "10.0.0.1:80", "::1",
	    "\x7f", "2026-11-21", "long long long long long long long long long "
	    "long long long long long long long long long long long" };
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	struct str s = { 0 };
	struct conf_node *n = conf_map_new(&a);
	struct conf_node *list = conf_set_list(n, "texts");
	struct conf_node *keys = conf_set_map(n, "keys");

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		conf_add_string(list, texts[i]);
		if (strcmp(texts[i], "<<") != 0)
			conf_set_string(keys, texts[i], texts[i]);
	}
	conf_set_int(n, "int", -5);
	conf_set_float(n, "float", 1e300);
	conf_set_bool(n, "bool", false);
	conf_set(n, "null", conf_null_new(&a));
	conf_set_map(n, "map");
	conf_set_list(n, "list");
	conf_yaml_write(&s, n);
	struct conf_node *back = conf_yaml_read(&a, str_slice(&s), "t", &err);

	assert_string_equal(err.text, "");
	assert_true(conf_equal(n, back));
	str_fini(&s);
	arena_fini(&a);
}

TEST(yaml_writes_for_people)
{
	struct arena a = { 0 };
	struct str s = { 0 };
	struct conf_node *n = conf_map_new(&a);
	struct conf_node *spec = conf_set_map(n, "spec");
	struct conf_node *port = conf_add_map(conf_set_list(spec, "ports"));

	conf_set_string(n, "kind", "Service");
	conf_set_string(n, "version", "1.0");
	conf_set_int(port, "port", 80);
	conf_set_string(port, "name", "http");
	conf_yaml_write(&s, n);
	assert_string_equal(str_ptr(&s), "spec:\n  ports:\n  - port: 80\n"
	    "    name: http\nkind: Service\nversion: \"1.0\"\n");
	str_fini(&s);
	arena_fini(&a);
}

/*
 * Whatever is cut off or replaced, the result is an error or a tree, and a
 * tree written in either form reads back as itself.
 */
static void
assert_reads_or_refuses(struct slice text)
{
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	struct str out = { 0 };
	const struct conf_node *n = conf_yaml_read(&a, text, "t", &err), *back;

	if (n == NULL) {
		assert_int_equal(err.kind, ERR_DATA);
		assert_true(strncmp(err.text, "t:", 2) == 0);
	} else {
		conf_json_write(&out, n);
		back = conf_json_read(&a, str_slice(&out), "j", &err);
		assert_true(conf_equal(n, back));
		str_clear(&out);
		conf_yaml_write(&out, n);
		back = conf_yaml_read(&a, str_slice(&out), "y", &err);
		assert_true(conf_equal(n, back));
	}
	str_fini(&out);
	arena_fini(&a);
}

TEST(yaml_survives_every_small_change)
{
	static const char whole[] = "a: &x {b: [1, 'c', \"d\\n\"]}\nz: *x\n"
	    "e:\n- |\n  f\n  g\n- >-\n  h\n- ? i\n  : j # k\n- 0x1f\n- -1.5e3\n"
	    "l: \xc3\xa9\n";
	static const char other[] = "\n\t :-?[]{},#&*!|>'\"%@`~0.\x80\xff";
	struct str s = { 0 };
	struct arena a = { 0 };
	struct err err = ERR_INIT;

	assert_non_null(conf_yaml_read(&a, slice_of(whole, sizeof(whole) - 1), "t",
	    &err));
	arena_fini(&a);
	for (size_t n = 0; n < sizeof(whole); n++)
		assert_reads_or_refuses(slice_of(whole, n));
	for (size_t i = 0; i < sizeof(whole) - 1; i++)
		for (size_t j = 0; j < sizeof(other); j++) {
			str_clear(&s);
			str_add_slice(&s, slice_of(whole, sizeof(whole) - 1));
			s.ptr[i] = other[j];
			assert_reads_or_refuses(str_slice(&s));
		}
	str_fini(&s);
}
