#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/unit.h"
#include "policy/calls.h"

static void
note(struct calls *c, const char *caller, const char *method, const char *path,
    uint64_t now_ms)
{
	const struct call k = { .service = SLICE("shop/web"),
		.caller = slice_str(caller), .port = 80, .is_http = true,
		.method = slice_str(method), .path = slice_str(path) };

	calls_note(c, &k, 0, now_ms);
}

struct lines {
	char  *v[CALLS_MAX + CALLS_ANY_MAX + 1];
	size_t len;
};

static void
add_line(void *arg, const struct calls_row *r)
{
	struct lines *l = arg;

	assert_true(l->len < CALLS_MAX + CALLS_ANY_MAX);
	l->v[l->len++] = mem_printf("%.*s:%u %.*s %.*s %.*s %llu %llu-%llu",
	    SLICE_ARG(r->of.service), r->of.port, SLICE_ARG(r->of.caller),
	    SLICE_ARG(r->of.method), SLICE_ARG(r->of.path),
	    (unsigned long long)r->count, (unsigned long long)r->first_ms,
	    (unsigned long long)r->last_ms);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All rows, in order; gives how many. */
static size_t
expect(const struct calls *c, const char *wanted)
{
	struct lines l = { .len = 0 };
	struct str s = { 0 };
	size_t n;

	calls_each(c, add_line, &l);
	n = l.len;
	qsort(l.v, l.len, sizeof(l.v[0]), compare);
	for (size_t i = 0; i < l.len; i++) {
		str_addf(&s, "%s\n", l.v[i]);
		mem_free(l.v[i]);
	}
	if (wanted != NULL)
		assert_string_equal(str_ptr(&s), wanted);
	str_fini(&s);
	return n;
}

TEST(calls_are_counted_by_caller_method_and_shape)
{
	struct calls *c = calls_new();
	const struct call tcp = { .service = SLICE("shop/db"),
		.caller = SLICE("shop/web"), .port = 5432 };

	note(c, "shop/a", "GET", "/orders/1", 10);
	note(c, "shop/a", "GET", "/orders/2?not=here", 20);
	note(c, "shop/a", "POST", "/orders", 30);
	note(c, "", "GET", "/login", 40);
	calls_note(c, &tcp, 0, 50);
	calls_note(c, &tcp, 0, 60);
	expect(c, "shop/db:5432 shop/web   2 50-60\n"
	    "shop/web:80  GET /login 1 40-40\n"
	    "shop/web:80 shop/a GET /orders/{*} 2 10-20\n"
	    "shop/web:80 shop/a POST /orders 1 30-30\n");
	assert_int_equal(calls_left_out(c), 0);
	/* A caller would choose what is allowed later. */
	note(c, "shop/a", "*", "/login", 70);
	note(c, "shop/a", "G*", "/login", 70);
	assert_int_equal(expect(c, NULL), 4);
	assert_int_equal(calls_left_out(c), 2);
	calls_free(c);
}

/* "aa", "ab" ... */
static const char *
word(char out[3], unsigned i)
{
	out[0] = (char)('a' + i / 26 % 26);
	out[1] = (char)('a' + i % 26);
	out[2] = '\0';
	return out;
}

TEST(calls_that_come_again_are_known_by_their_mark)
{
	const struct call k = { .service = SLICE("shop/web"),
		.caller = SLICE("shop/a"), .port = 80, .is_http = true,
		.method = SLICE("GET"), .path = SLICE("/users/a/mail") };
	struct calls *c = calls_new();
	char path[64], name[3];

	assert_false(calls_again(c, 7, 10));
	calls_note(c, &k, 7, 10);
	calls_note(c, &k, 0, 20);
	assert_true(calls_again(c, 7, 30));
	assert_false(calls_again(c, 0, 40));
	assert_false(calls_again(c, 8, 40));
	/* Another one in its place, */
	assert_false(calls_again(c, 7 + 64, 40));
	expect(c, "shop/web:80 shop/a GET /users/a/mail 3 10-30\n");
	/* and its row is gone when rows that are alike become one. */
	for (unsigned i = 1; i <= CALLS_ALIKE; i++) {
		snprintf(path, sizeof(path), "/users/%s/mail", word(name, i));
		note(c, "shop/a", "GET", path, 40);
	}
	assert_false(calls_again(c, 7, 50));
	calls_note(c, &k, 7, 50);
	assert_true(calls_again(c, 7, 60));
	expect(c, "shop/web:80 shop/a GET /users/{*}/mail 69 10-60\n");
	calls_free(c);
}

/* An API has more than a few words of its own in one place. */
TEST(calls_by_words_are_kept_one_by_one)
{
	static const char *const words[] = { "orders", "users", "carts",
		"health", "login", "logout", "search", "about", "help" };
	struct calls *c = calls_new();
	char path[64], name[3];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		snprintf(path, sizeof(path), "/%s", words[i]);
		note(c, "shop/a", "GET", path, 10);
	}
	expect(c, "shop/web:80 shop/a GET /about 1 10-10\n"
	    "shop/web:80 shop/a GET /carts 1 10-10\n"
	    "shop/web:80 shop/a GET /health 1 10-10\n"
	    "shop/web:80 shop/a GET /help 1 10-10\n"
	    "shop/web:80 shop/a GET /login 1 10-10\n"
	    "shop/web:80 shop/a GET /logout 1 10-10\n"
	    "shop/web:80 shop/a GET /orders 1 10-10\n"
	    "shop/web:80 shop/a GET /search 1 10-10\n"
	    "shop/web:80 shop/a GET /users 1 10-10\n");
	for (unsigned i = 9; i < CALLS_ALIKE; i++) {
		snprintf(path, sizeof(path), "/%s", word(name, i));
		note(c, "shop/a", "GET", path, 10);
	}
	assert_int_equal(expect(c, NULL), CALLS_ALIKE);
	calls_free(c);
}

/* A template for ids beside it is none for words. */
TEST(calls_by_words_stand_beside_ids)
{
	struct calls *c = calls_new();

	note(c, "shop/a", "GET", "/orders/1", 10);
	note(c, "shop/a", "GET", "/orders/list", 10);
	note(c, "shop/a", "GET", "/orders/2", 10);
	expect(c, "shop/web:80 shop/a GET /orders/list 1 10-10\n"
	    "shop/web:80 shop/a GET /orders/{*} 2 10-10\n");
	calls_free(c);
}

/* /users/ann is no id by its looks, but by how many there are. */
TEST(calls_that_differ_in_one_segment_become_one)
{
	struct calls *c = calls_new();
	char path[64], name[3];

	for (unsigned i = 0; i < CALLS_ALIKE; i++) {
		snprintf(path, sizeof(path), "/users/%s/mail", word(name, i));
		note(c, "shop/a", "GET", path, 10);
	}
	note(c, "shop/a", "GET", "/users/list", 10);
	note(c, "shop/b", "GET", "/users/a/mail", 10);
	assert_int_equal(expect(c, NULL), CALLS_ALIKE + 2);
	note(c, "shop/a", "GET", "/users/zoe/mail", 20);
	note(c, "shop/a", "GET", "/users/yan/mail", 30);
	expect(c, "shop/web:80 shop/a GET /users/list 1 10-10\n"
	    "shop/web:80 shop/a GET /users/{*}/mail 66 10-30\n"
	    "shop/web:80 shop/b GET /users/a/mail 1 10-10\n");
	calls_free(c);
}

/* The row of a template, as seen. */
static void
take_template(void *arg, const struct calls_row *r)
{
	if (slice_find(r->of.path, '*') >= 0)
		*(struct calls_row *)arg = *r;
}

static struct calls_row
template_of(const struct calls *c)
{
	struct calls_row r = { .count = 0 };

	calls_each(c, take_template, &r);
	return r;
}

TEST(calls_tell_how_many_paths_a_template_stands_for)
{
	struct calls *c = calls_new(), *d = calls_new();
	struct calls_row r;
	char path[64];

	for (unsigned i = 0; i < 9; i++) {
		snprintf(path, sizeof(path), "/orders/%u", 1000 + i % 3);
		note(i < 6 ? c : d, "shop/a", "GET", path, 10);
	}
	note(d, "shop/a", "GET", "/orders/2000", 10);
	r = template_of(c);
	assert_int_equal(r.paths, 3);
	assert_false(r.has_more);
	assert_null(r.examples[0].ptr);	/* ids are not kept */
	calls_merge(c, d);
	r = template_of(c);
	assert_int_equal(r.paths, 4);
	assert_false(r.has_more);
	for (unsigned i = 0; i < 40; i++) {
		snprintf(path, sizeof(path), "/orders/%u", 3000 + i);
		note(c, "shop/a", "GET", path, 10);
	}
	r = template_of(c);
	assert_int_equal(r.paths, CALLS_PATHS_MAX);
	assert_true(r.has_more);
	calls_free(c);
	calls_free(d);
}

TEST(calls_tell_of_examples_of_what_they_united)
{
	struct calls *c = calls_new(), *d = calls_new();
	char path[64], name[3];
	struct calls_row r;

	for (unsigned i = 0; i <= CALLS_ALIKE; i++) {
		snprintf(path, sizeof(path), "/users/%s", word(name, i));
		note(c, "shop/a", "GET", path, 10);
		if (i < 5)
			note(d, "shop/a", "GET", path, 10);
	}
	/* Those of another thread are among them, whoever comes first. */
	calls_merge(d, c);
	assert_int_equal(expect(d, NULL), 1);
	r = template_of(d);
	assert_true(r.paths > CALLS_ALIKE);
	for (size_t i = 0; i < CALLS_EXAMPLES; i++)
		assert_true(slice_has_prefix(r.examples[i], SLICE("/users/")) &&
		    slice_find(r.examples[i], '*') < 0);
	assert_false(slice_eq(r.examples[0], r.examples[1]));
	note(d, "shop/a", "GET", "/users/zoe", 20);
	assert_true(template_of(d).has_more);
	calls_merge(c, d);
	assert_int_equal(expect(c, NULL), 1);
	calls_free(c);
	calls_free(d);
}

TEST(calls_of_several_threads_do_not_grow_by_templates)
{
	struct calls *c = calls_new(), *d = calls_new();
	char path[64], name[3];

	for (unsigned i = 0; i < CALLS_MAX; i++) {
		snprintf(path, sizeof(path), "/%s/%s", word(name, i),
		    word(name, i));
		note(c, "shop/a", "GET", path, 1000 + 20ull * i);
	}
	for (unsigned i = 0; i <= CALLS_ALIKE; i++) {
		snprintf(path, sizeof(path), "/users/of/%s", word(name, i));
		note(d, "shop/a", "GET", path, 1000 + 20ull * i);
	}
	assert_int_equal(expect(d, NULL), 1);
	calls_merge(c, d);
	assert_int_equal(expect(c, NULL), CALLS_MAX + 1);
	assert_true(slice_is(template_of(c).of.path, "/{**}"));
	calls_free(c);
	calls_free(d);
}

TEST(calls_do_not_grow)
{
	struct calls *c = calls_new();
	unsigned total = 0;
	char path[64], a[3], b[3];

	/* No two differ in one segment alone. */
	for (unsigned i = 0; i < 600; i++, total++) {
		snprintf(path, sizeof(path), "/%s/%s", word(a, i), word(b, i));
		note(c, i % 2 ? "shop/a" : "shop/b", "GET", path,
		    1000 + 20ull * i);
	}
	assert_int_equal(expect(c, NULL), CALLS_MAX + 2);
	assert_int_equal(calls_left_out(c), 0);
	for (unsigned i = 0; i < 100; i++, total++) {
		snprintf(path, sizeof(path), "shop/%s", word(a, i));
		note(c, path, "GET", "/", 1000000 + 20ull * i);
	}
	assert_int_equal(expect(c, NULL), CALLS_MAX + CALLS_ANY_MAX);
	assert_int_equal(calls_left_out(c), 100 - (CALLS_ANY_MAX - 2));
	calls_free(c);
}

TEST(calls_are_not_looked_for_without_end)
{
	struct calls *c = calls_new();
	char path[64], a[3], b[3];

	for (unsigned i = 0; i < 600; i++) {
		snprintf(path, sizeof(path), "/%s/%s", word(a, i), word(b, i));
		note(c, "shop/a", "GET", path, 5000);
	}
	assert_int_equal(expect(c, NULL), CALLS_LOOKS_MAX);
	assert_int_equal(calls_left_out(c), 600 - CALLS_LOOKS_MAX);
	/* What is known is counted all the same. */
	note(c, "shop/a", "GET", "/aa/aa", 5000);
	assert_int_equal(calls_left_out(c), 600 - CALLS_LOOKS_MAX);
	calls_free(c);
}

TEST(calls_of_several_threads_are_added)
{
	struct calls *c = calls_new(), *d = calls_new();

	note(c, "shop/a", "GET", "/orders/1", 30);
	note(d, "shop/a", "GET", "/orders/2", 10);
	note(d, "shop/a", "PUT", "/orders/2", 20);
	calls_merge(c, d);
	expect(c, "shop/web:80 shop/a GET /orders/{*} 2 10-30\n"
	    "shop/web:80 shop/a PUT /orders/{*} 1 20-20\n");
	calls_free(c);
	calls_free(d);
}

TEST(calls_with_names_without_end_are_left_out)
{
	struct calls *c = calls_new();
	char *caller = mem_alloc(2 * CALLS_KEY_MAX);

	memset(caller, 'a', 2 * CALLS_KEY_MAX - 1);
	caller[2 * CALLS_KEY_MAX - 1] = '\0';
	note(c, caller, "GET", "/", 10);
	assert_int_equal(expect(c, NULL), 0);
	assert_int_equal(calls_left_out(c), 1);
	mem_free(caller);
	calls_free(c);
}
