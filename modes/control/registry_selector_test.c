#include "base/unit.h"
#include "modes/control/registry_selector.h"

/* app=web, empty="", a.b/c=1; nothing else. */
static struct slice
label(const void *ctx, struct slice key)
{
	(void)ctx;
	return slice_is(key, "app") ? SLICE("web") :
	    slice_is(key, "empty") ? SLICE("") :
	    slice_is(key, "a.b/c") ? SLICE("1") : SLICE_NONE;
}

TEST(registry_selector_means_what_kubernetes_means)
{
	static const struct {
		const char *text;
		bool        matches;
	} rows[] = {
		{ "", true }, { "  ", true },
		{ "app=web", true }, { "app == web", true },
		{ "app=api", false }, { "app!=web", false },
		{ "app != api", true }, { "none!=web", true },
		{ "app", true }, { "none", false }, { "!none", true },
		{ "!app", false }, { "empty", true }, { "empty=", true },
		{ "app=", false }, { "none=", false },
		{ "app in (web)", true }, { "app in (api, web)", true },
		{ "app in (api)", false }, { "none in (web)", false },
		{ "app notin (api)", true }, { "app notin(api,web)", false },
		{ "none notin (web)", true }, { "empty in (,x)", true },
		{ "app=web,!none,a.b/c=1", true }, { "app=web, none", false },
		{ "in=1", false }, { "!in", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct registry_selector s;
		struct err err = ERR_INIT;
		struct arena a;

		arena_init(&a);
		if (registry_selector_read(&s, &a, slice_str(rows[i].text),
		    &err) < 0)
			fail_msg("%s: %s", rows[i].text, err.text);
		if (registry_selector_match(&s, label, NULL) !=
		    rows[i].matches)
			fail_msg("%s", rows[i].text);
		arena_fini(&a);
	}
}

TEST(registry_selector_that_is_wrong_is_refused)
{
	static const char *const rows[] = {
		",", "app=web,", "=web", "!", "!!app", "app=a=b", "app in",
		"app in web", "app in (web", "app in (web) x", "app like web",
		"app=we b", "app=(web)", "-app", "app=-x", "app!", "app=\xff",
		"app in (web))",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct registry_selector s;
		struct err err = ERR_INIT;
		struct arena a;

		arena_init(&a);
		if (registry_selector_read(&s, &a, slice_str(rows[i]),
		    &err) == 0)
			fail_msg("%s was accepted", rows[i]);
		assert_int_equal(err.kind, ERR_DATA);
		arena_fini(&a);
	}
}

TEST(registry_selector_has_limits)
{
	struct registry_selector s;
	struct err err = ERR_INIT;
	struct arena a;
	char many[2 * 33 + 1], values[200 * 2] = "a in (";

	arena_init(&a);
	for (size_t i = 0; i < 33; i++)
		many[2 * i] = 'a', many[2 * i + 1] = ',';
	assert_int_equal(registry_selector_read(&s, &a,
	    slice_of(many, sizeof(many) - 2), &err), -1);
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	for (size_t i = 6; i < sizeof(values); i += 2)
		values[i] = 'b', values[i + 1] = ',';
	assert_int_equal(registry_selector_read(&s, &a,
	    slice_of(values, sizeof(values)), &err), -1);
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	arena_fini(&a);
}
