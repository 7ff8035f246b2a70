#include <string.h>

#include "base/unit.h"
#include "conf/json.h"
#include "modes/ctl/call.h"
#include "modes/ctl/client.h"
#include "modes/ctl/rows.h"

static const struct rows_column columns[] = {
	{ "NAME", "name", ROWS_TEXT, false },
	{ "N", "n", ROWS_NUMBER, false },
	{ "LIST", "list", ROWS_TEXT, false },
	{ "P50", "p.50", ROWS_MS, false },
	{ "OK", "ok", ROWS_YES, true },
	{ 0 },
};

static const char text[] = "[{\"name\":\"a\\u001bb\",\"n\":5,\"list\":[1,\"x\"],"
    "\"p\":{\"50\":1.25},\"ok\":true},{\"name\":\"c\",\"n\":10000,\"list\":[],"
    "\"p\":{\"50\":12345}}]";

static void
print(struct ctl *c, enum ctl_format format)
{
	struct err err = ERR_INIT;

	str_clear(&c->out);
	c->format = format;
	rows_print(c, conf_json_read(&c->arena, slice_str(text), "t", &err),
	    columns, "rows");
}

TEST(rows_are_a_table_or_data)
{
	struct ctl c = { .headers = true, .quiet = true };

	arena_init(&c.arena);
	print(&c, CTL_TABLE);
	assert_string_equal(str_ptr(&c.out),
	    "NAME        N  LIST    P50\n"
	    "a\\x1bb      5  1,x   1.2ms\n"
	    "c       10000  -     12.3s\n");
	print(&c, CTL_WIDE);
	assert_non_null(strstr(str_ptr(&c.out), "1.2ms  \u221a\n"));
	assert_non_null(strstr(str_ptr(&c.out), "12.3s  -\n"));
	print(&c, CTL_NAME);
	assert_string_equal(str_ptr(&c.out), "a\\x1bb\nc\n");
	print(&c, CTL_JSON);
	assert_non_null(strstr(str_ptr(&c.out), "\"a\\u001bb\""));
	print(&c, CTL_YAML);
	assert_null(strchr(str_ptr(&c.out), '\033'));
	str_clear(&c.out);
	c.format = CTL_TABLE;
	rows_print(&c, NULL, columns, "rows");
	assert_int_equal(c.out.len, 0);
	str_fini(&c.out);
	arena_fini(&c.arena);
}

TEST(paths_hold_what_they_are_given)
{
	struct ctl c = { 0 };

	arena_init(&c.arena);
	assert_string_equal(call_path(&c, "/v1/x", "a/b", "c d", "\u00fc?", NULL),
	    "/v1/x/a%2Fb/c%20d/%C3%BC%3F");
	assert_string_equal(call_query(&c, "/v1/x", "a", NULL), "/v1/x");
	assert_string_equal(call_query(&c, call_query(&c, "/v1/x", "a", "1&2"),
	    "b", "c=d"), "/v1/x?a=1%262&b=c%3Dd");
	arena_fini(&c.arena);
}

TEST(refusals_are_errors_of_the_kind_that_control_says)
{
	static const struct {
		int           status;
		const char   *body;
		enum err_kind kind;
		const char   *text;
	} cases[] = {
		{ 409, "{\"error\":{\"kind\":\"conflict\",\"message\":\"moved\"}}",
		    ERR_CONFLICT, "moved" },
		/* The word counts, not the number. */
		{ 500, "{\"error\":{\"kind\":\"denied\",\"message\":\"no\"}}",
		    ERR_DENIED, "no" },
		{ 404, "{}", ERR_NOT_FOUND, "control answers 404" },
		{ 401, "<html>", ERR_DENIED, "control answers 401" },
		{ 502, "", ERR_INTERNAL, "control answers 502" },
		{ 418, "", ERR_DATA, "control answers 418" },
		{ 503, "{\"error\":{\"kind\":\"none\",\"message\":7}}",
		    ERR_UNAVAILABLE, "control answers 503" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct client_answer answer = { .status = cases[i].status };
		struct err err = ERR_INIT;

		str_add(&answer.body, cases[i].body);
		assert_int_equal(call_refused(&answer, &err), -1);
		assert_int_equal(err.kind, cases[i].kind);
		assert_string_equal(err.text, cases[i].text);
		client_answer_fini(&answer);
	}
}
