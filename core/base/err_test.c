#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/unit.h"

TEST(err_says_what_and_where_outermost_first)
{
	struct err e = ERR_INIT;

	assert_int_equal(err_set(&e, ERR_DATA, "line %d", 3), -1);
	assert_int_equal(err_wrap(&e, "file %s", "a.yaml"), -1);
	assert_int_equal(err_wrap(&e, "apply"), -1);
	assert_string_equal(e.text, "apply: file a.yaml: line 3");
	assert_int_equal(e.kind, ERR_DATA);
	errno = ENOENT;
	assert_int_equal(err_errno(&e, "open %s", "/x"), -1);
	assert_string_equal(e.text, "open /x: No such file or directory");
	assert_int_equal(e.kind, ERR_SYSTEM);
}

TEST(err_that_is_too_long_is_cut_at_the_end)
{
	struct err e = ERR_INIT;
	char text[3000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set(&e, ERR_DATA, "%s", text);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	err_wrap(&e, "context");
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	assert_memory_equal(e.text, "context: xx", 11);
	err_wrap(&e, "%s", text);	/* no room for both: what failed stays */
	assert_memory_equal(e.text, "context: xx", 11);
}

TEST(err_kinds_have_a_name_and_both_codes)
{
	static const struct {
		enum err_kind kind;
		const char   *name;
		int           exit_code, status;
	} cases[] = {
		{ ERR_NONE, "none", 0, 200 },
		{ ERR_USAGE, "usage", 64, 400 },
		{ ERR_DATA, "data", 65, 400 },
		{ ERR_NOT_FOUND, "not-found", 66, 404 },
		{ ERR_UNAVAILABLE, "unavailable", 69, 503 },
		{ ERR_INTERNAL, "internal", 70, 500 },
		{ ERR_CONFLICT, "conflict", 75, 409 },
		{ ERR_DENIED, "denied", 77, 403 },
		{ ERR_CONFIG, "config", 78, 500 },
		{ ERR_SYSTEM, "system", 71, 500 },
		{ ERR_TOO_LARGE, "too-large", 65, 413 },
		{ ERR_TOO_MANY, "too-many", 75, 429 },
		{ ERR_EXISTS, "exists", 65, 409 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err e = { .kind = cases[i].kind };

		assert_string_equal(err_kind_name(e.kind), cases[i].name);
		assert_int_equal(err_exit_code(&e), cases[i].exit_code);
		assert_int_equal(err_http_status(&e), cases[i].status);
	}
}
