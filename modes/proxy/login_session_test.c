#include <string.h>

#include "base/random.h"
#include "base/unit.h"
#include "conf/json.h"
#include "modes/proxy/login_session.h"

static struct wrap_key key, other_key;
static const struct login_cookies cookies = { { "__Host-s", 8 },
	{ "; Path=/; HttpOnly", 18 }, &key };

static void
draw_keys(void)
{
	random_bytes(key.bytes, sizeof(key.bytes));
	random_bytes(other_key.bytes, sizeof(other_key.bytes));
}

static const struct conf_node *
claims(struct arena *a, const char *text)
{
	struct err err = ERR_INIT;
	const struct conf_node *n = conf_json_read(a, slice_str(text), "t",
	    &err);

	assert_non_null(n);
	return n;
}

/* What a browser sends back of these set-cookie lines. */
static void
send_back(const struct http_fields *set, struct http_fields *request,
    struct arena *a)
{
	struct slice all = SLICE("a=b");

	for (size_t i = 0; i < set->len; i++) {
		struct slice rest = set->v[i].value, pair;

		if (memmem(rest.ptr, rest.len, "Max-Age=0", 9) != NULL)
			continue;
		slice_cut(&rest, ';', &pair);
		const struct slice parts[] = { all, SLICE("; "), pair };

		all = arena_join(a, parts, 3);
	}
	http_fields_init(request, a);
	http_fields_add_id(request, FIELD_COOKIE, all);
}

TEST(login_sessions_come_back_as_they_were_put)
{
	static const size_t sizes[] = { 1, 3000, 8000 };
	struct login_session s, back;

	draw_keys();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct arena a = { 0 };
		struct http_fields set, request;
		char *refresh = arena_alloc(&a, sizes[i]);

		memset(refresh, 'r', sizes[i]);
		s = (struct login_session){ claims(&a, "{\"sub\":\"ann\"}"),
			77, slice_of(refresh, sizes[i]),
			i == 0 ? SLICE("") : SLICE("access") };
		http_fields_init(&set, &a);
		assert_true(login_session_put(&cookies, &s, false, &set, &a));
		/* Each piece is set or ended, so that none is left over. */
		assert_int_equal(set.len, LOGIN_PIECES);
		send_back(&set, &request, &a);
		assert_true(login_session_get(&cookies, &request, &a, &back));
		assert_int_equal(back.until_s, 77);
		assert_true(slice_eq(back.refresh, s.refresh));
		assert_true(slice_eq(back.access, s.access));
		assert_true(conf_equal(back.claims, s.claims));
		login_cookies_strip(&cookies, &request, &a);
		assert_true(slice_is(http_fields_get(&request, FIELD_COOKIE),
		    "a=b"));
		arena_fini(&a);
	}
}

TEST(login_sessions_that_are_too_large_are_not_put)
{
	struct arena a = { 0 };
	struct http_fields set;
	char *refresh = arena_alloc(&a, 20000);
	struct login_session s = { claims(&a, "{}"), 1,
		slice_of(refresh, 20000), SLICE("") };

	draw_keys();
	memset(refresh, 'r', 20000);
	http_fields_init(&set, &a);
	assert_false(login_session_put(&cookies, &s, false, &set, &a));
	/* In one line with others it must be less. */
	s.refresh.len = 5000;
	assert_true(login_session_put(&cookies, &s, false, &set, &a));
	set.len = 0;
	assert_false(login_session_put(&cookies, &s, true, &set, &a));
	assert_int_equal(set.len, 0);
	s.refresh.len = 4000;
	assert_true(login_session_put(&cookies, &s, true, &set, &a));
	arena_fini(&a);
}

TEST(login_sessions_of_others_and_changed_ones_are_none)
{
	const struct login_cookies other = { cookies.name, cookies.attributes,
		&other_key };
	struct arena a = { 0 };
	struct http_fields set, request;
	struct login_session s = { claims(&a, "{\"sub\":\"ann\"}"), 77,
		SLICE(""), SLICE("") }, back;
	struct slice value;

	draw_keys();
	http_fields_init(&set, &a);
	assert_true(login_session_put(&cookies, &s, false, &set, &a));
	send_back(&set, &request, &a);
	assert_false(login_session_get(&other, &request, &a, &back));
	value = http_fields_get(&request, FIELD_COOKIE);
	for (size_t i = strlen("a=b; __Host-s="); i < value.len; i++) {
		char *bad = arena_alloc(&a, value.len);

		memcpy(bad, value.ptr, value.len);
		bad[i] = bad[i] == 'A' ? 'B' : 'A';
		http_fields_set_id(&request, FIELD_COOKIE,
		    slice_of(bad, value.len));
		assert_false(login_session_get(&cookies, &request, &a, &back));
	}
	/* What ends it leaves nothing. */
	http_fields_init(&set, &a);
	assert_true(login_session_put(&cookies, NULL, false, &set, &a));
	send_back(&set, &request, &a);
	assert_false(login_session_get(&cookies, &request, &a, &back));
	arena_fini(&a);
}

TEST(login_ways_are_taken_once_by_their_state_and_in_time)
{
	struct arena a = { 0 };
	struct http_fields set, request, answer;
	struct login_way w, second, back;
	struct slice state;
	char wrong[LOGIN_STATE_LEN + 1];

	draw_keys();
	login_way_new(&w, SLICE("/a?b=c"), 1000, &a);
	login_way_new(&second, SLICE("/"), 1000, &a);
	assert_string_not_equal(w.state, second.state);
	assert_false(slice_eq(w.verifier, second.verifier));
	assert_in_range(w.verifier.len, 43, 128);	/* RFC 7636, 4.1 */
	state = slice_str(w.state);
	http_fields_init(&set, &a);
	assert_true(login_way_put(&cookies, &w, &set, &a));
	assert_true(login_way_put(&cookies, &second, &set, &a));
	send_back(&set, &request, &a);
	http_fields_init(&answer, &a);
	assert_true(login_way_take(&cookies, state, 1600, &request, &answer,
	    &a, &back));
	assert_true(slice_eq(back.verifier, w.verifier));
	assert_true(slice_eq(back.nonce, w.nonce));
	assert_true(slice_is(back.back, "/a?b=c"));
	assert_int_equal(answer.len, 1);
	assert_non_null(strstr(answer.v[0].value.ptr, "Max-Age=0"));
	assert_false(login_way_take(&cookies, state, 1601, &request, &answer,
	    &a, &back));
	/* The same cookie, of another state. */
	memcpy(wrong, w.state, sizeof(wrong));
	wrong[20] = wrong[20] == 'a' ? 'b' : 'a';
	assert_false(login_way_take(&cookies, slice_str(wrong), 1000, &request,
	    &answer, &a, &back));
	assert_false(login_way_take(&cookies, SLICE("../../x"), 1000, &request,
	    &answer, &a, &back));
	login_cookies_strip(&cookies, &request, &a);
	assert_true(slice_is(http_fields_get(&request, FIELD_COOKIE), "a=b"));
	arena_fini(&a);
}

TEST(login_ways_that_no_browser_would_hold_are_not_put)
{
	struct arena a = { 0 };
	struct http_fields set;
	struct login_way w;
	char *back = arena_alloc(&a, 4000);

	draw_keys();
	memset(back, '/', 4000);
	http_fields_init(&set, &a);
	login_way_new(&w, slice_of(back, 4000), 1000, &a);
	assert_false(login_way_put(&cookies, &w, &set, &a));
	assert_int_equal(set.len, 0);
	login_way_new(&w, slice_of(back, 2000), 1000, &a);
	assert_true(login_way_put(&cookies, &w, &set, &a));
	arena_fini(&a);
}

#define WAY(n)	"__Host-s-login-0000000" n "=x"

TEST(login_ways_do_not_pile_up_in_a_browser)
{
	static const struct {
		const char *cookies;
		size_t      ended;
	} v[] = {
		{ "a=b", 0 },
		{ WAY("1") "; " WAY("2") "; a=b; " WAY("3") "; " WAY("4"), 0 },
		{ WAY("1") "; " WAY("2") "; a=b; " WAY("3") "; " WAY("4") "; "
		    WAY("5"), 5 },
		/* Names that we do not give are not ended either. */
		{ WAY("1") "; " WAY("2") "; " WAY("3") "; " WAY("4") "; "
		    WAY("g") "; " WAY("55") "; __Host-s-login-=x; "
		    "__Host-s-login; __Host-t-login-00000005=x", 0 },
	};

	draw_keys();
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct arena a = { 0 };
		struct http_fields request, answer;

		http_fields_init(&request, &a);
		http_fields_init(&answer, &a);
		http_fields_add_id(&request, FIELD_COOKIE,
		    slice_str(v[i].cookies));
		login_ways_trim(&cookies, &request, &answer, &a);
		assert_int_equal(answer.len, v[i].ended);
		for (size_t k = 0; k < answer.len; k++)
			assert_non_null(strstr(answer.v[k].value.ptr,
			    "Max-Age=0"));
		arena_fini(&a);
	}
}
