#include "base/unit.h"
#include "modes/proxy/sticky.h"

/* A service with one endpoint, and a session by a field. */
struct world {
	struct arena             arena;
	struct cluster_registry *registry;
	struct cluster          *cluster;
	struct session_settings  settings;
	struct http_head         request, response;
};

static void
world_init(struct world *w, int64_t absolute_ms, int64_t idle_ms)
{
	struct endpoint e = { .host = SLICE("10.0.0.1:80"), .weight = 1 };
	struct err err = ERR_INIT;

	*w = (struct world){ .registry = cluster_registry_new() };
	arena_init(&w->arena);
	assert_int_equal(addr_parse(e.host, &e.addr, &err), 0);
	w->cluster = cluster_new(w->registry, SLICE("shop/a"), SLICE("80"));
	cluster_add(w->cluster, w->registry, &e);
	cluster_seal(w->cluster);
	w->settings = (struct session_settings){ .kind = SESSION_HEADER,
		.absolute_ms = absolute_ms, .idle_ms = idle_ms,
		.name = SLICE("X-S") };
	http_head_init(&w->request, &w->arena);
	http_head_init(&w->response, &w->arena);
}

static void
world_fini(struct world *w)
{
	cluster_unref(w->cluster);
	cluster_registry_free(w->registry);
	arena_fini(&w->arena);
}

/* Whether a request at a time finds its session; keeps a new token. */
static bool
ask(struct world *w, int64_t now_s)
{
	struct sticky *s = sticky_begin(&w->settings, SLICE("shop/r/0"),
	    &w->arena, &w->request, now_s);
	bool found = sticky_seek(s, w->cluster);
	struct slice token;

	assert_true(s->endpoint == (found ? &w->cluster->v[0] : NULL));
	http_head_init(&w->response, &w->arena);
	sticky_answer(s, &w->arena, &w->request, w->cluster->v[0].host, now_s,
	    &w->response);
	token = http_fields_find(&w->response.fields, SLICE("x-s"));
	if (token.ptr != NULL)
		http_fields_set(&w->request.fields, SLICE("x-s"), token);
	return found;
}

TEST(session_ends_when_it_is_old_or_idle)
{
	static const struct {
		int64_t absolute_ms, idle_ms, times_s[4];
		bool    found[4];
	} cases[] = {
		{ -1, -1, { 1000, 2000, 900000, 1000000 }, { 0, 1, 1, 1 } },
		{ 10000, -1, { 1000, 1009, 1010, 1011 }, { 0, 1, 1, 0 } },
		{ -1, 10000, { 1000, 1009, 1018, 1029 }, { 0, 1, 1, 0 } },
		{ 15000, 10000, { 1000, 1009, 1015, 1016 }, { 0, 1, 1, 0 } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w;

		world_init(&w, cases[i].absolute_ms, cases[i].idle_ms);
		for (size_t j = 0; j < 4; j++)
			assert_int_equal(ask(&w, cases[i].times_s[j]),
			    cases[i].found[j]);
		world_fini(&w);
	}
}

TEST(session_is_not_with_an_endpoint_that_is_known_to_be_bad)
{
	struct world w;

	world_init(&w, -1, -1);
	assert_false(ask(&w, 1000));
	assert_true(ask(&w, 1001));
	endpoint_mark(w.cluster->v[0].state, MARK_UNHEALTHY);
	assert_false(ask(&w, 1002));
	endpoint_unmark(w.cluster->v[0].state, MARK_UNHEALTHY);
	assert_true(ask(&w, 1003));
	world_fini(&w);
}

TEST(session_token_that_is_none_is_replaced)
{
	static const char *const tokens[] = { "", "x", "0123456789abcdef",
		"0123456789abcdef-00000000-0000000g",
		"0123456789abcdef_00000000_00000000",
		"0123456789abcdef-00000000-00000000" };

	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		struct world w;

		world_init(&w, -1, -1);
		http_fields_set(&w.request.fields, SLICE("x-s"),
		    slice_str(tokens[i]));
		assert_false(ask(&w, 1000));
		assert_true(ask(&w, 1001));
		world_fini(&w);
	}
}

TEST(session_of_another_owner_is_none)
{
	struct world w;
	struct sticky *s;

	world_init(&w, -1, -1);
	assert_false(ask(&w, 1000));
	assert_true(ask(&w, 1001));
	s = sticky_begin(&w.settings, SLICE("shop/r/1"), &w.arena, &w.request,
	    1002);
	assert_false(sticky_seek(s, w.cluster));
	assert_false(sticky_seek(s, NULL));
	world_fini(&w);
}

TEST(session_cookie_says_for_how_long)
{
	static const struct {
		bool        is_permanent;
		int64_t     absolute_ms;
		const char *tail;
	} cases[] = {
		{ false, -1, "; Path=/x; HttpOnly; SameSite=Lax" },
		{ false, 60000, "; Path=/x; HttpOnly; SameSite=Lax" },
		{ true, 60000, "; Path=/x; Max-Age=60; HttpOnly; SameSite=Lax" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w;
		struct slice cookie;

		world_init(&w, cases[i].absolute_ms, -1);
		w.settings.kind = SESSION_COOKIE;
		w.settings.name = SLICE_NONE;
		w.settings.path = SLICE("/x");
		w.settings.is_permanent = cases[i].is_permanent;
		ask(&w, 1000);
		cookie = http_fields_find(&w.response.fields,
		    SLICE("set-cookie"));
		assert_true(slice_has_prefix(cookie, SLICE("mesh-session-")));
		assert_true(slice_has_suffix(cookie,
		    slice_str(cases[i].tail)));
		world_fini(&w);
	}
}
