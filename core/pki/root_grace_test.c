#include "base/unit.h"
#include "pki/forge_test.h"
#include "pki/root_grace.h"

#define ROOTS	4

/* Roots A, B, ... of one domain or another, and a grace. */
struct world {
	struct root_grace grace;
	struct str        der[ROOTS];
	uint8_t           key[ROOTS][HASH_LEN];
	struct bundle_set *now;
	uint64_t          now_ms;
};

static void
world_init(struct world *w)
{
	*w = (struct world){ .now_ms = 1000 };
	root_grace_init(&w->grace);
	for (int i = 0; i < ROOTS; i++) {
		struct key key;
		struct forge f;
		struct err err = ERR_INIT;
		struct bundle *b = bundle_new(SLICE("td"));
		char name[] = { (char)('a' + i), 0 };

		key_generate(&key);
		forge_ca(&f, name, name, key.point);
		w->der[i] = forge_sign(&f, &key);
		assert_int_equal(bundle_add(b, str_slice(&w->der[i]), &err), 0);
		hash_sha256(w->key[i], b->roots[0].spki);
		bundle_unref(b);
	}
}

static void
world_fini(struct world *w)
{
	root_grace_fini(&w->grace);
	bundle_set_unref(w->now);
	for (int i = 0; i < ROOTS; i++)
		str_fini(&w->der[i]);
}

/* "AB": what b.example has now, c.example has A alone; "": the former is gone. */
static void
change(struct world *w, const char *roots)
{
	struct bundle_set *before = w->now;
	struct bundle *b = bundle_new(SLICE("b.example"));
	struct bundle *c = bundle_new(SLICE("c.example"));
	struct err err = ERR_INIT;

	w->now = bundle_set_new();
	for (const char *at = roots; *at != '\0'; at++)
		assert_int_equal(bundle_add(b, str_slice(&w->der[*at - 'A']),
		    &err), 0);
	assert_int_equal(bundle_add(c, str_slice(&w->der[0]), &err), 0);
	assert_int_equal(bundle_set_add(w->now, c, &err), 0);
	assert_int_equal(bundle_set_add(w->now, b, &err), 0);
	bundle_unref(b);
	bundle_unref(c);
	root_grace_change(&w->grace, before, w->now, w->now_ms);
	bundle_set_unref(before);
}

static bool
has(const struct world *w, char root)
{
	return root_grace_has(&w->grace, SLICE("b.example"),
	    w->key[root - 'A'], w->now_ms);
}

TEST(root_grace_is_of_who_leaves_beside_one_that_stays)
{
	static const struct {
		const char *before, *now;
		bool        is_kept;	/* A */
	} cases[] = {
		{ "AB", "B", true }, { "AB", "BC", true },
		{ "A", "B", false }, { "A", "", false }, { "AB", "", false },
		{ "AB", "CD", false }, { "AB", "AB", false },
		{ "A", "AB", false }, { "B", "BC", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct world w;

		world_init(&w);
		change(&w, cases[i].before);
		change(&w, cases[i].now);
		assert_int_equal(has(&w, 'A'), cases[i].is_kept);
		assert_false(has(&w, 'D'));
		/* Another domain's root of that key is none of its own. */
		assert_false(root_grace_has(&w.grace, SLICE("c.example"),
		    w.key[0], w.now_ms));
		assert_int_equal(root_grace_expire(&w.grace, w.now_ms),
		    cases[i].is_kept ? w.now_ms + ROOT_GRACE_MS : 0);
		world_fini(&w);
	}
}

TEST(root_grace_ends_on_time_for_each)
{
	struct world w;

	world_init(&w);
	change(&w, "ABC");
	change(&w, "BC");
	w.now_ms += 4000;
	change(&w, "C");
	assert_true(has(&w, 'A') && has(&w, 'B'));
	assert_int_equal(root_grace_expire(&w.grace, w.now_ms),
	    1000 + ROOT_GRACE_MS);
	/* The second that it left the set before does not prolong the first. */
	w.now_ms = 1000 + ROOT_GRACE_MS - 1;
	assert_true(has(&w, 'A'));
	w.now_ms++;
	assert_false(has(&w, 'A'));
	assert_true(has(&w, 'B'));
	assert_int_equal(root_grace_expire(&w.grace, w.now_ms),
	    5000 + ROOT_GRACE_MS);
	w.now_ms = 5000 + ROOT_GRACE_MS;
	assert_false(has(&w, 'B'));
	assert_int_equal(root_grace_expire(&w.grace, w.now_ms), 0);
	world_fini(&w);
}

TEST(root_grace_is_taken_back_with_the_domain)
{
	static const char *const ends[] = { "", "D" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct world w;

		world_init(&w);
		change(&w, "AB");
		change(&w, "B");
		assert_true(has(&w, 'A'));
		change(&w, ends[i]);
		assert_false(has(&w, 'A') || has(&w, 'B'));
		assert_int_equal(root_grace_expire(&w.grace, w.now_ms), 0);
		world_fini(&w);
	}
}
