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

TEST(calls_that_come_again_are_known_by_their_mark)
{
	const struct call k = { .service = SLICE("shop/web"),
		.caller = SLICE("shop/a"), .port = 80, .is_http = true,
		.method = SLICE("GET"), .path = SLICE("/users/a/mail") };
	struct calls *c = calls_new();
	char path[64];

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
	for (char i = 'b'; i < 'b' + CALLS_ALIKE; i++) {
		snprintf(path, sizeof(path), "/users/%c/mail", i);
		note(c, "shop/a", "GET", path, 40);
	}
	assert_false(calls_again(c, 7, 50));
	calls_note(c, &k, 7, 50);
	assert_true(calls_again(c, 7, 60));
	expect(c, "shop/web:80 shop/a GET /users/{*}/mail 13 10-60\n");
	calls_free(c);
}

/* /users/ann is no id by its looks, but by how many there are. */
TEST(calls_that_differ_in_one_segment_become_one)
{
	struct calls *c = calls_new();
	char path[64];

	for (char i = 'a'; i < 'a' + CALLS_ALIKE; i++) {
		snprintf(path, sizeof(path), "/users/%c/mail", i);
		note(c, "shop/a", "GET", path, 10);
	}
	note(c, "shop/a", "GET", "/users/list", 10);
	note(c, "shop/b", "GET", "/users/a/mail", 10);
	assert_int_equal(expect(c, NULL), CALLS_ALIKE + 2);
	note(c, "shop/a", "GET", "/users/zoe/mail", 20);
	note(c, "shop/a", "GET", "/users/yan/mail", 30);
	expect(c, "shop/web:80 shop/a GET /users/list 1 10-10\n"
	    "shop/web:80 shop/a GET /users/{*}/mail 10 10-30\n"
	    "shop/web:80 shop/b GET /users/a/mail 1 10-10\n");
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
