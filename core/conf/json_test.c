#include <stdlib.h>
#include <string.h>

#include "base/unit.h"
#include "conf/json.h"
#include "conf/source.h"

static const struct {
	const char *in;
	const char *out;	/* written again; NULL: refused */
	const char *error;
} cases[] = {
	{ "{}", "{}", NULL },
	{ "[]", "[]", NULL },
	{ " {\"b\": 1, \"a\": [true, false, null, -0.5, \"x\"]}\n",
	    "{\"b\":1,\"a\":[true,false,null,-0.5,\"x\"]}", NULL },
	{ "\"\\ud83d\\ude00 \\u00e9 \\/ \\n\"",
	    "\"\xf0\x9f\x98\x80 \xc3\xa9 / \\n\"", NULL },
	{ "\xef\xbb\xbf[1]", "[1]", NULL },
	{ "{\"a\\\"b\": {\"c\": [\"}\", \"]\"]}}",
	    "{\"a\\\"b\":{\"c\":[\"}\",\"]\"]}}", NULL },
	{ "1e3", "1000.0", NULL },
	{ "0.1", "0.1", NULL },
	{ "{\"a\": 1,\n \"a\": 2}", NULL, "t.json:2:2: duplicate key \"a\"" },
	{ "{\"a\\\\\": 1, \"a\\\\\": 2}", NULL,
	    "t.json:1:12: duplicate key \"a\\\\\"" },
	{ "{\"a\": }", NULL,
	    "t.json:1:7: invalid JSON: unexpected token near '}'" },
	{ "", NULL, "t.json:1:1: invalid JSON: unexpected token near end of file" },
	{ "{\"a\": 1} x", NULL,
	    "t.json:1:10: invalid JSON: end of file expected near 'x'" },
	{ "[\"\\u0000\"]", NULL,
	    "t.json:1:9: \\u0000 in a string, expected no NUL" },
	{ "[\"\\ud83d\"]", NULL, "t.json:1:9: invalid JSON: invalid Unicode "
	    "'\\uD83D' near '\"\\ud83d\"'" },
	{ "[\"\xff\"]", NULL,
	    "t.json:1:3: a byte that is not UTF-8, expected UTF-8 text" },
	{ "[1,\n2,\n99999999999999999999]", NULL,
	    "t.json:3:20: invalid JSON: too big integer near "
	    "'99999999999999999999'" },
};

TEST(json_reads_and_writes)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a = { 0 };
		struct err err = ERR_INIT;
		struct str out = { 0 };
		struct conf_node *n = conf_json_read(&a, slice_str(cases[i].in),
		    "t.json", &err);

		if (cases[i].out == NULL) {
			assert_null(n);
			assert_string_equal(err.text, cases[i].error);
			assert_int_equal(err.kind, ERR_DATA);
		} else {
			assert_string_equal(err.text, "");
			assert_non_null(n);
			conf_json_write(&out, n);
			assert_string_equal(str_ptr(&out), cases[i].out);
		}
		str_fini(&out);
		arena_fini(&a);
	}
}

TEST(json_refuses_every_prefix_of_a_document)
{
	const char *whole = "{\"a\":[1,\"\\u00e9\",{\"b\":null}],\"c\":true}";
	struct err err;

	for (size_t n = 0; n < strlen(whole); n++) {
		struct arena a = { 0 };
		char *part = strndup(whole, n);

		assert_null(conf_json_read(&a, slice_of(part, n), "t.json", &err));
		free(part);
		arena_fini(&a);
	}
}

TEST(json_nodes_know_where_they_stand)
{
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	struct conf_node *n = conf_json_read(&a, slice_str("{\n"
	    "  \"\xc3\xa9\": \"\\\"]\", \"list\": [10,\n"
	    "    {\"deep\": true}]}"), "t.json", &err);

	assert_non_null(n);
	const struct conf_node *list = conf_get(n, "list");

	assert_int_equal(list->line, 2);
	assert_int_equal(list->column, 23);
	assert_int_equal(conf_entry_of(n, SLICE("list"))->column, 15);
	assert_int_equal(conf_at(list, 0)->column, 24);
	assert_int_equal(conf_find(conf_at(list, 1), "deep")->line, 3);
	assert_int_equal(conf_find(conf_at(list, 1), "deep")->column, 14);
	assert_string_equal(conf_get_string(n, "\xc3\xa9"), "\"]");
	conf_error(conf_at(list, 1), &err, "wrong by %d", 2);
	assert_string_equal(err.text, "t.json:3:5: wrong by 2");
	arena_fini(&a);
}

static void
assert_refused(struct str *text, enum err_kind kind, const char *expected)
{
	struct arena a = { 0 };
	struct err err = ERR_INIT;

	assert_null(conf_json_read(&a, str_slice(text), "t.json", &err));
	assert_string_equal(err.text, expected);
	assert_int_equal(err.kind, kind);
	assert_true(a.total < 65536);
	str_fini(text);
	arena_fini(&a);
}

TEST(json_bombs_are_refused_before_they_grow)
{
	struct str s = { 0 };

	for (unsigned i = 0; i < CONF_MAX_DEPTH + 1; i++)
		str_add_char(&s, '[');
	assert_refused(&s, ERR_DATA,
	    "t.json:1:65: nested too deeply, expected at most 64 levels");

	str_add(&s, "[\n0");
	for (unsigned i = 0; i < CONF_MAX_NODES; i++)
		str_add(&s, ",0");
	str_add(&s, "]");
	assert_refused(&s, ERR_DATA, "t.json:2:200000: "
	    "too many values, expected at most 100000 in one file");

	for (unsigned i = 0; i < CONF_MAX_BYTES + 1; i++)
		str_add_char(&s, ' ');
	assert_refused(&s, ERR_TOO_LARGE,
	    "t.json: 4194305 bytes are too many, expected at most 4194304");
}

TEST(json_as_deep_and_as_many_as_allowed_is_read)
{
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	struct str s = { 0 };

	for (unsigned i = 0; i < CONF_MAX_DEPTH; i++)
		str_add_char(&s, '[');
	for (unsigned i = 0; i < CONF_MAX_DEPTH; i++)
		str_add_char(&s, ']');
	assert_non_null(conf_json_read(&a, str_slice(&s), "t.json", &err));
	str_clear(&s);
	str_add(&s, "[0");
	for (unsigned i = 0; i < CONF_MAX_NODES - 2; i++)
		str_add(&s, ",0");
	str_add(&s, "]");
	assert_non_null(conf_json_read(&a, str_slice(&s), "t.json", &err));
	str_fini(&s);
	arena_fini(&a);
}

TEST(json_pretty_is_indented)
{
	struct arena a = { 0 };
	struct str s = { 0 };
	struct conf_node *n = conf_map_new(&a);

	conf_set_string(n, "name", "web");
	conf_add_int(conf_set_list(n, "ports"), 80);
	conf_set_map(n, "empty");
	conf_json_write_pretty(&s, n);
	assert_string_equal(str_ptr(&s), "{\n  \"name\": \"web\",\n"
	    "  \"ports\": [\n    80\n  ],\n  \"empty\": {}\n}\n");
	str_fini(&s);
	arena_fini(&a);
}

/* The deepest and last node, whose place depends on all that stands before. */
static const struct conf_node *
last_of(const struct conf_node *n)
{
	const struct conf_node *last = n;

	CONF_FOREACH(e, n)
		last = e->node;
	return last == n ? n : last_of(last);
}

static bool
starts_value(char c)
{
	return strchr("{[\"-0123456789tfn", c) != NULL;
}

/*
 * Whatever is cut off or replaced, the result is an error with a place, or a
 * tree that reads back as itself and whose places are those of values.
 */
TEST(json_survives_every_small_change)
{
	static const char whole[] = "{\"a\":[1,-2.5e1,\"\\u00e9\\\\\"],\"b\":{},\r"
	    "\t\"c\":{\"d\":[],\"\\\"\":[[true],null]}}";
	static const char other[] = "\n\t :-+?[]{},\"\\'0aeu.\x80\xc3";

	for (size_t i = 0; i < sizeof(whole) - 1; i++)
		for (size_t j = 0; j < sizeof(other); j++) {
			struct arena a = { 0 };
			struct err err = ERR_INIT;
			struct str s = { 0 };
			const struct conf_node *n;

			str_add(&s, whole);
			s.ptr[i] = other[j];
			n = conf_json_read(&a, str_slice(&s), "t", &err);
			if (n == NULL) {
				assert_int_equal(err.kind, ERR_DATA);
				assert_true(strncmp(err.text, "t:", 2) == 0);
			} else {
				const struct conf_node *last = last_of(n);

				if (last->line == 1 && slice_find(str_slice(&s),
				    '\xc3') < 0)
					assert_true(starts_value(
					    s.ptr[last->column - 1]));
				str_clear(&s);
				conf_json_write(&s, n);
				assert_true(conf_equal(n, conf_json_read(&a,
				    str_slice(&s), "back", &err)));
			}
			str_fini(&s);
			arena_fini(&a);
		}
}
