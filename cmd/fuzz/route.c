#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "route/regex_program.h"
#include "route/table.h"

/* The first line is a pattern, the rest a text. */
int
fuzz_regex(const uint8_t *data, size_t size)
{
	static const struct regex_budget walked = { .states_max = 0 };
	struct slice text = slice_of(data, size), pattern = SLICE("");

	slice_cut(&text, '\n', &pattern);
	for (int mode = REGEX_WHOLE; mode <= REGEX_ANYWHERE; mode++) {
		struct err err = ERR_INIT;
		uint64_t visits = 0;
		struct regex *fast = regex_compile(pattern,
		    (enum regex_mode)mode, &err);
		struct regex *slow = regex_compile_within(pattern,
		    (enum regex_mode)mode, &walked, &err);

		check((fast == NULL) == (slow == NULL));
		if (fast != NULL) {
			check(regex_match(fast, text) ==
			    regex_match_counted(slow, text, &visits));
			check(visits <= 2 * (text.len + 2) * REGEX_PROGRAM_MAX);
		}
		regex_free(fast);
		regex_free(slow);
	}
	return 0;
}

static const struct {
	struct slice         host;
	enum route_path_kind kind;
	struct slice         path, method;
	struct route_value   header, query;
} rules[] = {
	{ { "a.example", 9 }, ROUTE_EXACT, { "/x", 2 }, { NULL, 0 },
	    { .name = { NULL, 0 } }, { .name = { NULL, 0 } } },
	{ { "*.example", 9 }, ROUTE_PREFIX, { "/x/y", 4 }, { "GET", 3 },
	    { .name = { NULL, 0 } }, { { "q", 1 }, { "1 a", 3 }, false } },
	{ { "", 0 }, ROUTE_PREFIX, { "/", 1 }, { NULL, 0 },
	    { { "h", 1 }, { "v[0-9]+", 7 }, true }, { .name = { NULL, 0 } } },
	{ { "", 0 }, ROUTE_PREFIX, { "/x", 2 }, { NULL, 0 },
	    { .name = { NULL, 0 } }, { { "q", 1 }, { "[a-z]*", 6 }, true } },
	{ { "", 0 }, ROUTE_REGEX, { "(/[a-z]+)+", 10 }, { NULL, 0 },
	    { .name = { NULL, 0 } }, { .name = { NULL, 0 } } },
};

static struct route_table *
table(void)
{
	struct route_table *t = route_table_new();

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct err err = ERR_INIT;
		struct route_rule r = { .host = rules[i].host,
			.path_kind = rules[i].kind, .path = rules[i].path,
			.method = rules[i].method, .route = SLICE("a/b"),
			.headers = &rules[i].header, .queries = &rules[i].query,
			.headers_len = rules[i].header.name.len > 0,
			.queries_len = rules[i].query.name.len > 0,
			.rule = (uint16_t)i, .payload = &rules[i] };

		check(route_table_add(t, &r, &err) == 0);
	}
	route_table_seal(t);
	return t;
}

static struct slice
header(const void *head, struct slice name)
{
	return slice_is(name, "h") ? *(const struct slice *)head : SLICE_NONE;
}

static void
count_winners(void *arg, const struct route_verdict *v)
{
	*(int *)arg += v->loss == ROUTE_WON;
}

/* Lines: host, method, path, query, header.  What is explained is what is found. */
int
fuzz_route(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size), value = SLICE_NONE;
	struct route_request req = { .header = header, .head = &value };
	struct route_table *t = table();
	struct route_found found;
	int winners = 0;

	slice_cut(&rest, '\n', &req.host);
	slice_cut(&rest, '\n', &req.method);
	slice_cut(&rest, '\n', &req.path);
	slice_cut(&rest, '\n', &req.query);
	slice_cut(&rest, '\n', &value);
	route_explain(t, &req, count_winners, &winners);
	check(winners == route_find(t, &req, &found));
	route_table_unref(t);
	return 0;
}
