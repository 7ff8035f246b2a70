#include <string.h>

#include "base/unit.h"
#include "http/grammar.h"
#include "http/head.h"

TEST(every_field_id_is_found_by_its_name)
{
	for (int id = FIELD_OTHER + 1; id < FIELD_IDS; id++) {
		struct slice name = http_field_name((enum http_field_id)id);

		assert_true(http_is_token(name));
		assert_int_equal(http_field_id(name), id);
	}
	assert_int_equal(http_field_id(SLICE("hosu")), FIELD_OTHER);
	assert_int_equal(http_field_id(SLICE("")), FIELD_OTHER);
	assert_int_equal(http_field_id(SLICE("x-a-name-longer-than-any-other")),
	    FIELD_OTHER);
}

TEST(fields_are_added_set_and_removed)
{
	struct arena a = { 0 };
	struct http_fields f;

	http_fields_init(&f, &a);
	for (int i = 0; i < 20; i++) {
		http_fields_add(&f, SLICE("x-many"), SLICE("v"));
		http_fields_add_id(&f, FIELD_VIA, SLICE("1.1 a"));
	}
	http_fields_add(&f, SLICE("host"), SLICE("h"));
	assert_int_equal(f.len, 41);
	assert_int_equal(http_fields_count(&f, FIELD_VIA), 20);
	assert_true(slice_is(http_fields_get(&f, FIELD_HOST), "h"));
	assert_null(http_fields_get(&f, FIELD_COOKIE).ptr);

	http_fields_set(&f, SLICE("x-many"), SLICE("one"));
	assert_int_equal(f.len, 22);
	assert_true(slice_is(f.v[0].value, "one"));
	assert_true(slice_is(http_fields_find(&f, SLICE("x-many")), "one"));
	http_fields_set_id(&f, FIELD_DATE, SLICE("now"));
	assert_int_equal(http_fields_remove_id(&f, FIELD_VIA), 20);
	assert_int_equal(http_fields_remove(&f, SLICE("x-none")), 0);
	assert_int_equal(f.len, 3);
	assert_int_equal(http_fields_size(&f),
	    3 * 32 + (6 + 3) + (4 + 1) + (4 + 3));
	arena_fini(&a);
}

TEST(lines_of_a_field_are_joined_for_their_length)
{
	static const struct {
		const char *name, *joined;	/* NULL: absent */
	} cases[] = {
		{ "x-a", "1, , 2" }, { "cookie", "a=b; c=d" },
		{ "x-one", "only" }, { "x-empty", "" }, { "x-none", NULL },
		{ "via", NULL },
	};
	struct arena a = { 0 };
	struct http_fields f;

	http_fields_init(&f, &a);
	http_fields_add(&f, SLICE("x-a"), SLICE("1"));
	http_fields_add(&f, SLICE("cookie"), SLICE("a=b"));
	http_fields_add(&f, SLICE("x-a"), SLICE(""));
	http_fields_add(&f, SLICE("x-one"), SLICE("only"));
	http_fields_add(&f, SLICE("x-empty"), SLICE(""));
	http_fields_add(&f, SLICE("cookie"), SLICE("c=d"));
	http_fields_add(&f, SLICE("x-a"), SLICE("2"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice got = http_fields_join(&f, &a,
		    slice_str(cases[i].name), SLICE(", "));

		if (cases[i].joined == NULL)
			assert_null(got.ptr);
		else
			assert_true(got.ptr != NULL &&
			    slice_is(got, cases[i].joined));
	}

	/* As many as a head may have. */
	char value[600];
	struct arena room = { 0 };

	memset(value, 'x', sizeof(value));
	for (int i = 0; i < 100; i++)
		http_fields_add(&f, SLICE("x-many"), slice_of(value,
		    sizeof(value)));
	assert_int_equal(http_fields_join(&f, &room, SLICE("x-many"),
	    SLICE(",")).len, 100 * sizeof(value) + 99);
	assert_in_range(room.total, 0, 2 * 100 * sizeof(value));
	arena_fini(&room);
	arena_fini(&a);
}

TEST(grammar_of_tokens_and_values)
{
	static const struct { struct slice s; bool token, value; } t[] = {
		{ { "x-a!#$%&'*+.^_`|~9Z", 19 }, true, true },
		{ { "", 0 }, false, true },
		{ { "a b", 3 }, false, true }, { { "a\tb", 3 }, false, true },
		{ { "a:b", 3 }, false, true }, { { "\xe9", 1 }, false, true },
		{ { "a\rb", 3 }, false, false }, { { "a\nb", 3 }, false, false },
		{ { "a\0b", 3 }, false, false }, { { "\x7f", 1 }, false, false },
		{ { "\x0b", 1 }, false, false }, { { "\x0c", 1 }, false, false },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(http_is_token(t[i].s), t[i].token);
		assert_int_equal(http_is_field_value(t[i].s), t[i].value);
	}
}

TEST(authority_is_split_and_lower_cased)
{
	static const struct {
		const char *in, *authority, *host;
		int         port;
	} t[] = {
		{ "Orders.Default.mesh", "orders.default.mesh",
		    "orders.default.mesh", 0 },
		{ "a:80", "a:80", "a", 80 },
		{ "a:00080", "a:80", "a", 80 },
		{ "a:", "a", "a", 0 },
		{ "a_b.c~d:65535", "a_b.c~d:65535", "a_b.c~d", 65535 },
		{ "127.0.0.1:7711", "127.0.0.1:7711", "127.0.0.1", 7711 },
		{ "[::1]", "[::1]", "::1", 0 },
		{ "[FE80::A]:443", "[fe80::a]:443", "fe80::a", 443 },
		{ "", NULL, NULL, 0 }, { ":80", NULL, NULL, 0 },
		{ "a:0", NULL, NULL, 0 }, { "a:65536", NULL, NULL, 0 },
		{ "a:80x", NULL, NULL, 0 }, { "a:-1", NULL, NULL, 0 },
		{ "a:80:80", NULL, NULL, 0 }, { "a,b", NULL, NULL, 0 },
		{ "u@a", NULL, NULL, 0 }, { "a/b", NULL, NULL, 0 },
		{ "a b", NULL, NULL, 0 }, { "a?b", NULL, NULL, 0 },
		{ "a#b", NULL, NULL, 0 }, { "a\\b", NULL, NULL, 0 },
		{ "%61", NULL, NULL, 0 }, { "\xc3\xa9", NULL, NULL, 0 },
		{ "[]", NULL, NULL, 0 }, { "[::1", NULL, NULL, 0 },
		{ "[::1]x", NULL, NULL, 0 }, { "[fe80::1%25eth0]", NULL, NULL, 0 },
		{ "::1", NULL, NULL, 0 },
	};
	struct arena a = { 0 };

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct http_head h;

		http_head_init(&h, &a);
		bool ok = http_authority_parse(&a, slice_str(t[i].in), &h);

		assert_int_equal(ok, t[i].authority != NULL);
		if (!ok)
			continue;
		assert_true(slice_is(h.authority, t[i].authority));
		assert_true(slice_is(h.host, t[i].host));
		assert_int_equal(h.port, t[i].port);
	}
	arena_fini(&a);
}

TEST(methods_and_statuses)
{
	assert_int_equal(http_method_id(SLICE("GET")), METHOD_GET);
	assert_int_equal(http_method_id(SLICE("get")), METHOD_OTHER);
	assert_int_equal(http_method_id(SLICE("PROPFIND")), METHOD_OTHER);
	assert_int_equal(http_method_id(SLICE("PATCH")), METHOD_PATCH);
	assert_true(http_method_is_idempotent(METHOD_DELETE));
	assert_false(http_method_is_idempotent(METHOD_POST));
	assert_false(http_method_is_idempotent(METHOD_OTHER));
	assert_string_equal(http_status_text(404), "Not Found");
	assert_string_equal(http_status_text(799), "Unknown");
	assert_true(http_status_has_no_body(103));
	assert_true(http_status_has_no_body(204));
	assert_true(http_status_has_no_body(304));
	assert_false(http_status_has_no_body(200));
	assert_false(http_status_has_no_body(205));
}

/* Every byte at every place of a run, against the table. */
TEST(grammar_spans_agree_with_the_table)
{
	static const unsigned int classes[] = {
		BYTE_VALUE, BYTE_TARGET, BYTE_TOKEN, BYTE_PCHAR,
	};
	char run[24];

	for (size_t k = 0; k < 4; k++) {
		for (size_t at = 0; at < sizeof(run); at++) {
			for (int c = 0; c < 256; c++) {
				memset(run, 'a', sizeof(run));
				run[at] = (char)c;
				size_t n = http_bytes_span(run, sizeof(run),
				    classes[k]);

				assert_int_equal(n, http_byte_is((char)c,
				    classes[k]) ? sizeof(run) : at);
			}
		}
	}
}
