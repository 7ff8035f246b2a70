#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "modes/ctl/asked.h"

/* A request as `route` takes it; words are separated by '|'. */
static int
ask(struct ctl *c, char *line, struct asked *out)
{
	static char group[] = "route", service[] = "web";
	char *argv[16] = { group, service }, *rest = line;
	struct err err = ERR_INIT;

	*c = (struct ctl){ .quiet = true };
	for (size_t i = 2; (argv[i] = strsep(&rest, "|")) != NULL; i++)
		assert_true(i + 1 < sizeof(argv) / sizeof(argv[0]));
	if (args_read(&c->args, argv, &err) < 0)
		fail_msg("%s", err.text);
	return asked_read(c, "web.default.mesh", out);
}

/* What a rule would look at, in one line. */
static void
show(struct str *out, const struct asked *a)
{
	const struct route_request *r = &a->request;
	struct slice header = r->header(r->head, SLICE("x-a"));
	struct slice host = r->header(r->head, SLICE("host"));

	str_addf(out, "%.*s %.*s", SLICE_ARG(r->method), SLICE_ARG(r->path));
	if (r->query.ptr != NULL)
		str_addf(out, "?%.*s", SLICE_ARG(r->query));
	str_addf(out, " %.*s %.*s", SLICE_ARG(r->host), SLICE_ARG(host));
	if (header.ptr != NULL)
		str_addf(out, " %.*s", SLICE_ARG(header));
}

TEST(asked_is_what_a_proxy_would_see)
{
	static const struct { const char *line, *expected; } cases[] = {
		{ "--quiet", "GET / web.default.mesh web.default.mesh" },
		{ "--method|POST|--path|/a/../b//c",
		    "POST /b/c web.default.mesh web.default.mesh" },
		{ "--path|/%7euser?x=%41",
		    "GET /~user?x=%41 web.default.mesh web.default.mesh" },
		{ "--path|/?", "GET /? web.default.mesh web.default.mesh" },
		{ "--path|/?a=1|--query|b=2&3|--query|c d",
		    "GET /?a=1&b=2%263&c%20d= web.default.mesh web.default.mesh" },
		{ "--host|Shop.Example:8080",
		    "GET / shop.example Shop.Example:8080" },
		{ "--host|[::1]:80", "GET / ::1 [::1]:80" },
		{ "-H|Host: a.example", "GET / a.example a.example" },
		{ "-H|Host=a.example|--host|b.example",
		    "GET / b.example b.example" },
		{ "-H|X-A: b=c|-H|x-b=1|-H|x-a=  d ",
		    "GET / web.default.mesh web.default.mesh b=c,d" },
		{ "-H|x-a=", "GET / web.default.mesh web.default.mesh " },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[128];
		struct asked a;
		struct ctl c;
		struct str out = { 0 };

		snprintf(line, sizeof(line), "%s", cases[i].line);
		assert_int_equal(ask(&c, line, &a), CTL_OK);
		show(&out, &a);
		assert_string_equal(str_ptr(&out), cases[i].expected);
		str_fini(&out);
		ctl_fini(&c);
	}
}

/* Routes and policies look at the lines of one field in ways of their own. */
TEST(asked_header_is_all_lines_of_it)
{
	char line[] = "-H|X-A: 1|-H|x-b=2|-H|x-a=3|-H|cookie=c=1|-H|cookie=d=2";
	struct asked a;
	struct ctl c;

	assert_int_equal(ask(&c, line, &a), CTL_OK);
	assert_int_equal(a.headers.len, 5);
	assert_true(slice_is(asked_header(&a, SLICE("x-a"), SLICE(",")),
	    "1,3"));
	assert_true(slice_is(asked_header(&a, SLICE("x-a"), SLICE(", ")),
	    "1, 3"));
	assert_true(slice_is(asked_header(&a, SLICE("x-b"), SLICE(", ")), "2"));
	assert_true(slice_is(asked_header(&a, SLICE("cookie"), SLICE(", ")),
	    "c=1; d=2"));
	assert_null(asked_header(&a, SLICE("x-c"), SLICE(", ")).ptr);
	ctl_fini(&c);
}

TEST(asked_by_is_a_header_that_nobody_sends)
{
	static const struct { const char *line, *expected; } cases[] = {
		{ "--quiet", "shop/qa" },
		{ "-H|X-Mesh-Caller: shop/other", "shop/other" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[128];
		struct asked a;
		struct ctl c;

		snprintf(line, sizeof(line), "%s", cases[i].line);
		assert_int_equal(ask(&c, line, &a), CTL_OK);
		asked_by(&a, "shop/qa");
		assert_true(slice_is(a.request.header(a.request.head,
		    SLICE("x-mesh-caller")), cases[i].expected));
		ctl_fini(&c);
	}
}
