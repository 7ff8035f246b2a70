#include <string.h>

#include "base/unit.h"
#include "conf/json.h"
#include "modes/ctl/lesson.h"

#define ROW(caller, method, path, port)					\
	{ caller, method, path, port, 1, 5, 1, false, { NULL } }
#define HEAD								\
	"{\"apiVersion\":\"security.istio.io/v1\",\"kind\":"		\
	"\"AuthorizationPolicy\",\"metadata\":{\"name\":\"callers-of-web\","	\
	"\"namespace\":\"shop\"},\"spec\":{\"targetRefs\":[{\"group\":\"\","	\
	"\"kind\":\"Service\",\"name\":\"web\"}],\"action\":\"ALLOW\""
#define FROM(caller)							\
	"{\"from\":[{\"source\":{\"serviceAccounts\":[\"" caller "\"]}}]"

static const struct {
	struct lesson_row rows[7];
	const char *coarse[3];
	bool        has_ports;
	const char *rules;	/* behind HEAD */
} cases[] = {
	{ { { 0 } }, { NULL }, false, "}}" },
	{ { ROW("shop/b", "GET", "/", 80), ROW("shop/a", "POST", "/x", 80),
	    ROW("shop/a", "GET", "/y/{*}", 80), ROW("shop/a", "GET", "/x", 80) },
	    { NULL }, false,
	    ",\"rules\":[" FROM("shop/a") ",\"to\":[{\"operation\":{\"methods\":"
	    "[\"GET\"],\"paths\":[\"/x\",\"/y/{*}\"]}},{\"operation\":{"
	    "\"methods\":[\"POST\"],\"paths\":[\"/x\"]}}]}," FROM("shop/b")
	    ",\"to\":[{\"operation\":{\"methods\":[\"GET\"],\"paths\":[\"/\"]}}"
	    "]}]}}" },
	/* Methods with the same paths stand together. */
	{ { ROW("shop/a", "GET", "/x", 80), ROW("shop/a", "HEAD", "/x", 80),
	    ROW("shop/a", "PUT", "/z", 80) }, { NULL }, false,
	    ",\"rules\":[" FROM("shop/a") ",\"to\":[{\"operation\":{\"methods\":"
	    "[\"GET\",\"HEAD\"],\"paths\":[\"/x\"]}},{\"operation\":{\"methods\":"
	    "[\"PUT\"],\"paths\":[\"/z\"]}}]}]}}" },
	/* Bytes have a port; so has everything where there are several. */
	{ { ROW("shop/a", "", "", 5432) }, { NULL }, false,
	    ",\"rules\":[" FROM("shop/a") ",\"to\":[{\"operation\":{\"ports\":["
	    "\"5432\"]}}]}]}}" },
	{ { ROW("shop/a", "", "", 5432), ROW("shop/a", "GET", "/x", 80),
	    ROW("shop/a", "GET", "/x", 81) }, { NULL }, true,
	    ",\"rules\":[" FROM("shop/a") ",\"to\":[{\"operation\":{\"methods\":"
	    "[\"GET\"],\"paths\":[\"/x\"],\"ports\":[\"80\"]}},{\"operation\":{"
	    "\"methods\":[\"GET\"],\"paths\":[\"/x\"],\"ports\":[\"81\"]}},{"
	    "\"operation\":{\"ports\":[\"5432\"]}}]}]}}" },
	/* More paths than were kept. */
	{ { ROW("shop/a", "GET", "/x", 80), ROW("shop/a", "GET", "/{**}", 80) },
	    { NULL }, false,
	    ",\"rules\":[" FROM("shop/a") ",\"to\":[{\"operation\":{\"methods\":"
	    "[\"GET\"]}}]}]}}" },
	/* Nobody proven is nobody whom a rule could name. */
	{ { ROW("", "GET", "/x", 80) }, { NULL }, false, "}}" },
	{ { ROW("other.org/ns/a/sa/b", "GET", "/x", 80) }, { NULL }, false,
	    ",\"rules\":[{\"from\":[{\"source\":{\"principals\":["
	    "\"other.org/ns/a/sa/b\"]}}],\"to\":[{\"operation\":{\"methods\":["
	    "\"GET\"],\"paths\":[\"/x\"]}}]}]}}" },
	/* Of whom no more is known than that they called. */
	{ { ROW("shop/a", "GET", "/x", 80) }, { "shop/z", "shop/a", "shop/z" },
	    false,
	    ",\"rules\":[" FROM("shop/a") ",\"to\":[{\"operation\":{\"methods\":"
	    "[\"GET\"],\"paths\":[\"/x\"]}}]}," FROM("shop/z") "}]}}" },
};

TEST(lesson_allows_what_was_seen_and_no_more)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a = { 0 };
		struct lesson l;
		struct str s = { 0 }, wanted = { 0 };

		lesson_init(&l, &a, "shop", "web");
		l.has_ports = cases[i].has_ports;
		for (size_t k = 0; k < 7 && cases[i].rows[k].caller != NULL; k++)
			lesson_add(&l, &cases[i].rows[k]);
		for (size_t k = 0; k < 3 && cases[i].coarse[k] != NULL; k++)
			lesson_add_coarse(&l, cases[i].coarse[k]);
		lesson_sort(&l);
		conf_json_write(&s, lesson_document(&l));
		str_addf(&wanted, "%s%s", HEAD, cases[i].rules);
		assert_string_equal(str_ptr(&s), str_ptr(&wanted));
		str_fini(&s);
		str_fini(&wanted);
		arena_fini(&a);
	}
}

TEST(lesson_says_what_is_seen_how_often)
{
	struct arena a = { 0 };
	struct lesson l;
	struct str s = { 0 };
	const struct lesson_row rows[] = {
		{ "shop/a", "GET", "/x/{*}", 80, 3, 9, 2, false, { NULL } },
		{ "shop/a", "GET", "/x/{*}", 80, 4, 2, 3, false, { NULL } },
		{ "shop/b", "", "", 5432, 1, 60, 0, false,
		    { NULL } },
		{ "", "GET", "/\x1b[31m", 80, 1, 60, 1, false,
		    { NULL } },
	};

	lesson_init(&l, &a, "shop", "web");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		lesson_add(&l, &rows[i]);
	lesson_know(&l, "shop/k");
	lesson_add_coarse(&l, "shop/k");	/* what it did is too long ago */
	lesson_add_coarse(&l, "shop/z");
	lesson_sort(&l);
	assert_int_equal(lesson_callers(&l), 3);
	lesson_write(&l, lesson_document(&l), &s);
	assert_null(strchr(str_ptr(&s), '\x1b'));
	assert_non_null(strstr(str_ptr(&s),
	    "# shop/a GET /x/{*} port 80: 7 times, the last 2 s ago\n"
	    "# shop/b bytes port 5432: once, 60 s ago\n"
	    "# shop/z called, and no sidecar knows any more what: anything is "
	    "allowed\n"));
	assert_non_null(strstr(str_ptr(&s), "# (nobody proven, and so not "
	    "allowed) GET "));
	str_fini(&s);
	arena_fini(&a);
}

/* Of each line that allows more than was seen, and of no other. */
TEST(lesson_says_where_it_stands_for_more)
{
	struct arena a = { 0 };
	struct lesson l;
	struct str s = { 0 };
	const struct lesson_row rows[] = {
		{ "shop/a", "GET", "/about", 80, 1, 5, 1, false, { NULL } },
		{ "shop/a", "GET", "/o/{*}", 80, 3, 5, 3, false, { NULL } },
		{ "shop/a", "GET", "/u/{*}", 80, 90, 5, 65, true, { "/u/ann",
		    "/u/bob" } },
		{ "shop/a", "PUT", "/o/{*}", 80, 1, 5, 1, false, { NULL } },
		{ "shop/b", "GET", "/{**}", 80, 1, 5, 8, true, { NULL } },
		{ "shop/b", "OPTIONS", "", 80, 1, 5, 1, false, { NULL } },
	};
	size_t n;

	lesson_init(&l, &a, "shop", "web");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		lesson_add(&l, &rows[i]);
	lesson_sort(&l);
	assert_string_equal(lesson_general(&l, &n), "/o/{*}");
	assert_int_equal(n, 5);
	lesson_write(&l, lesson_document(&l), &s);
	const char *spec = strstr(str_ptr(&s), "  rules:");

	assert_non_null(spec);
	assert_string_equal(spec,
	    "  rules:\n"
	    "  - from:\n"
	    "    - source:\n"
	    "        serviceAccounts:\n"
	    "        - shop/a\n"
	    "    to:\n"
	    "    - operation:\n"
	    "        methods:\n"
	    "        - GET\n"
	    "        paths:\n"
	    "        - /about\n"
	    "        - /o/{*}  # stands for 3 paths that were seen\n"
	    "        - /u/{*}  # stands for 65 paths or more that were seen, such "
	    "as /u/ann, /u/bob\n"
	    "    - operation:\n"
	    "        methods:\n"
	    "        - PUT\n"
	    "        paths:\n"
	    "        - /o/{*}  # stands for 1 path that was seen\n"
	    "  - from:\n"
	    "    - source:\n"
	    "        serviceAccounts:\n"
	    "        - shop/b\n"
	    "    to:\n"
	    "    - operation:  # any path: some had none, or were more than a "
	    "sidecar keeps\n"
	    "        methods:\n"
	    "        - GET\n"
	    "    - operation:  # any path: some had none, or were more than a "
	    "sidecar keeps\n"
	    "        methods:\n"
	    "        - OPTIONS\n");
	str_fini(&s);
	arena_fini(&a);
}

TEST(lesson_that_is_narrow_allows_nothing_that_was_not_seen)
{
	struct arena a = { 0 };
	struct lesson l;
	struct str s = { 0 };
	const struct lesson_row rows[] = {
		ROW("shop/a", "GET", "/o/{*}", 80), ROW("shop/a", "GET", "/o", 80),
		ROW("shop/b", "GET", "/{**}", 80), ROW("shop/c", "OPTIONS", "", 80),
		ROW("shop/d", "", "", 5432),
	};
	size_t n;

	lesson_init(&l, &a, "shop", "web");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		lesson_add(&l, &rows[i]);
	lesson_add_coarse(&l, "shop/z");
	lesson_narrow(&l);
	lesson_sort(&l);
	assert_null(lesson_general(&l, &n));
	assert_int_equal(l.left_len, 3);
	assert_int_equal(lesson_callers(&l), 2);
	lesson_write(&l, lesson_document(&l), &s);
	assert_null(strstr(str_ptr(&s), "- /o/{*}"));
	assert_non_null(strstr(str_ptr(&s), "        - /o\n"));
	assert_non_null(strstr(str_ptr(&s), "# left out: shop/a GET /o/{*} port "
	    "80, which stands for 1 path that was seen\n"));
	assert_non_null(strstr(str_ptr(&s), "# left out: shop/z, which called, and "
	    "no sidecar knows any more what\n"));
	assert_null(strstr(str_ptr(&s), "- shop/z"));
	str_fini(&s);
	arena_fini(&a);
}
