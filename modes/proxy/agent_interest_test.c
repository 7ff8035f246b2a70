#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/unit.h"
#include "modes/proxy/agent_interest.h"

static void
collect(void *arg, struct slice name)
{
	str_add_slice(arg, name);
	str_add_char(arg, ' ');
}

static char *
listed(const struct interests *s)
{
	struct str out = { 0 };
	size_t len;
	struct slice *list = interests_list(s, &len);

	for (size_t i = 0; i < len; i++)
		collect(&out, list[i]);
	mem_free(list);
	str_add(&out, "");
	return str_give(&out);
}

TEST(interests_are_news_once_and_sorted)
{
	struct interests s = { { 0 } };

	assert_true(interests_add(&s, SLICE("b/x"), false, 1));
	assert_true(interests_add(&s, SLICE("a/y"), true, 1));
	assert_false(interests_add(&s, SLICE("b/x"), false, 2));
	assert_true(interests_has(&s, SLICE("b/x")));
	assert_false(interests_has(&s, SLICE("b/")));
	char *text = listed(&s);

	assert_string_equal(text, "a/y b/x ");
	mem_free(text);
	interests_fini(&s);
}

TEST(interests_lapse_when_nobody_used_them)
{
	struct interests s = { { 0 } };
	struct str gone = { 0 };

	interests_add(&s, SLICE("a/idle"), false, 1000);
	interests_add(&s, SLICE("a/used"), false, 1000);
	interests_add(&s, SLICE("a/again"), false, 1000);
	interests_add(&s, SLICE("a/kept"), true, 1000);
	/* Permanent stays so when a worker wants it too, and becomes so. */
	interests_add(&s, SLICE("a/kept"), false, 1001);
	interests_add(&s, SLICE("a/late"), false, 1000);
	interests_add(&s, SLICE("a/late"), true, 1001);
	interests_used(&s, SLICE("a/used"), 2000);
	interests_used(&s, SLICE("a/stranger"), 2000);
	interests_add(&s, SLICE("a/again"), false, 2000);
	assert_int_equal(interests_lapse(&s, 999 + INTEREST_IDLE_MS, collect,
	    &gone), 0);
	assert_int_equal(interests_lapse(&s, 1000 + INTEREST_IDLE_MS, collect,
	    &gone), 1);
	assert_string_equal(str_ptr(&gone), "a/idle ");
	char *text = listed(&s);

	assert_string_equal(text, "a/again a/kept a/late a/used ");
	mem_free(text);
	assert_int_equal(interests_lapse(&s, 2000 + INTEREST_IDLE_MS, collect,
	    &gone), 2);
	str_fini(&gone);
	interests_fini(&s);
}

TEST(interests_have_a_limit_that_spares_the_permanent)
{
	struct interests s = { { 0 } };

	for (int i = 0; i < INTEREST_MAX; i++) {
		char *name = mem_printf("a/s%d", i);

		assert_true(interests_add(&s, slice_str(name), false, 1));
		mem_free(name);
	}
	assert_false(interests_add(&s, SLICE("a/more"), false, 1));
	assert_false(interests_has(&s, SLICE("a/more")));
	assert_true(interests_add(&s, SLICE("a/more"), true, 1));
	interests_fini(&s);
}

TEST(interest_gate_lets_a_name_through_once_in_a_span)
{
	static struct interest_gate g;
	const struct service_name web = { "web", "shop" };
	const struct service_name api = { "api", "shop" };

	assert_true(interest_gate_pass(&g, &web, 500, 1000));
	assert_false(interest_gate_pass(&g, &web, 501, 1000));
	assert_true(interest_gate_pass(&g, &api, 501, 1000));
	assert_false(interest_gate_pass(&g, &web, 999, 1000));
	assert_true(interest_gate_pass(&g, &web, 1000, 1000));
	assert_false(interest_gate_pass(&g, &web, 1999, 1000));
}
