#include "base/str.h"
#include "base/unit.h"
#include "filter/ext_authz_http.h"

/* "name: value\n" ... */
static void
add_fields(struct http_fields *f, const char *text)
{
	struct slice rest = slice_str(text), line, name;

	while (slice_cut(&rest, '\n', &line) && line.len > 0) {
		slice_cut(&line, ':', &name);
		http_fields_add(f, name, slice_trim(line));
	}
}

static const char *
show_fields(const struct http_fields *f, struct arena *a)
{
	struct str s = { 0 };

	for (size_t i = 0; i < f->len; i++)
		str_addf(&s, "%.*s: %.*s\n", SLICE_ARG(f->v[i].name),
		    SLICE_ARG(f->v[i].value));
	const char *text = arena_strdup(a, str_ptr(&s));

	str_fini(&s);
	return text;
}

#define NAMES(list)	{ list, sizeof(list) / sizeof(list[0]) }

static void
request_init(struct http_head *h, struct arena *a, const char *fields)
{
	http_head_init(h, a);
	h->method_id = METHOD_PUT;
	h->method = SLICE("PUT");
	h->scheme = SLICE("https");
	assert_true(http_authority_parse(a, SLICE("shop.example:8443"), h));
	h->path = SLICE("/a/b");
	h->query = SLICE("c=d");
	h->content_length = 4;
	add_fields(&h->fields, fields);
}

TEST(ext_authz_http_asks_what_settings_show)
{
	static const char *const shown[] = { "x-team-*", "*-id" };
	static struct conf_pair more[] = { { "x-team-a", "blue" },
		{ "x-from", "mesh" } };
	static const struct {
		const char *path, *asked;
	} paths[] = {
		{ "", "/a/b" }, { "/check", "/check/a/b" }, { "/", "/a/b" },
		{ "/check/", "/check/a/b" },
	};
	struct ext_authz_settings s = { .headers = NAMES(shown),
		.more_headers = { more, 2 }, .path = SLICE("") };
	struct ext_authz_question q = { .body = SLICE("") };
	struct http_head h, asked;
	struct arena a;

	arena_init(&a);
	request_init(&h, &a, "authorization: Bearer t\nx-request-id: 7\n"
	    "cookie: a=b\nx-team-a: red\nx-team-b: green\ntrace-id: 9\n");
	q.head = &h;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		s.path = slice_str(paths[i].path);
		ext_authz_http_ask(&s, &q, &a, &asked);
		assert_true(slice_is(asked.path, paths[i].asked));
	}
	assert_true(slice_is(asked.method, "PUT"));
	assert_int_equal(asked.method_id, METHOD_PUT);
	assert_true(slice_is(asked.query, "c=d"));
	assert_true(slice_is(asked.authority, "shop.example:8443"));
	assert_int_equal(asked.content_length, 0);
	assert_string_equal(show_fields(&asked.fields, &a),
	    "authorization: Bearer t\nx-request-id: 7\nx-team-a: blue\n"
	    "x-team-b: green\ntrace-id: 9\nx-from: mesh\n");

	/* A body, or a part; a tunnel has neither method nor path for it. */
	s.body_max = 4;
	q.body = SLICE("body");
	q.is_part = true;
	h.method = SLICE("CONNECT");
	h.method_id = METHOD_CONNECT;
	h.path = SLICE("");
	ext_authz_http_ask(&s, &q, &a, &asked);
	assert_true(slice_is(asked.method, "GET"));
	assert_true(slice_is(asked.path, "/check/"));
	assert_int_equal(asked.content_length, 4);
	assert_true(slice_is(http_fields_find(&asked.fields,
	    SLICE("x-envoy-auth-partial-body")), "true"));
	arena_fini(&a);
}

/* A caller that says it, in whatever spelling, is not believed. */
TEST(ext_authz_http_tells_who_calls)
{
	static const char *const shown[] = { "x-*" };
	static struct conf_pair more[] = {
		{ "x-ext-authz-principal", "spiffe://td/ns/a/sa/fixed" } };
	static const struct { const char *principal, *fields; } cases[] = {
		{ "spiffe://td/ns/a/sa/b", "x-ext-authz: allow\n"
		    "x-ext-authz-principal: spiffe://td/ns/a/sa/b\n" },
		{ "", "x-ext-authz: allow\n" },
	};
	struct ext_authz_settings s = { .headers = NAMES(shown),
		.more_headers = { more, 1 }, .path = SLICE("") };
	struct ext_authz_question q = { .body = SLICE("") };
	struct http_head h, asked;
	struct arena a;

	arena_init(&a);
	request_init(&h, &a, "x-ext-authz-principal: spiffe://td/ns/a/sa/root\n"
	    "x-ext-authz: allow\nx.ext.authz.principal: root\n"
	    "x-ext_authz-principal: root\n");
	q.head = &h;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		q.source.principal = slice_str(cases[i].principal);
		ext_authz_http_ask(&s, &q, &a, &asked);
		assert_string_equal(show_fields(&asked.fields, &a),
		    cases[i].fields);
	}
	arena_fini(&a);
}

struct outcome {
	struct arena             arena;
	struct http_head         request;
	struct ext_authz_answer  answer;
};

static void
read_answer(struct outcome *o, const struct ext_authz_settings *s,
    const char *asked, int status, const char *fields, const char *body)
{
	struct ext_authz_question q = { .head = &o->request };
	struct http_head h;

	arena_init(&o->arena);
	request_init(&o->request, &o->arena, asked);
	http_head_init(&h, &o->arena);
	h.status = status;
	add_fields(&h.fields, fields);
	ext_authz_http_read(s, &q, &h, slice_str(body), &o->arena, &o->answer);
}

TEST(ext_authz_http_yes_changes_what_settings_name)
{
	static const char *const up[] = { "x-user", "authorization", "x-g-*" };
	static const char *const down[] = { "set-cookie", "x-rate" };
	static const char *const all[] = { "*" };
	static const struct ext_authz_names named = NAMES(up),
	    everything = NAMES(all);
	static const struct {
		const struct ext_authz_names *up;
		const char *asked, *said, *sent;
	} cases[] = {
		/* A spoofed one goes, whether the provider says it or not. */
		{ &named, "x-user: root\na: b\n", "x-user: ann\nx-z: 1\n",
		    "a: b\nx-user: ann\n" },
		{ &named, "x-user: root\nx-user: me\nX-g-a: 1\n", "", "X-g-a: 1\n" },
		{ &named, "x-user: root\nx-g-a: 1\nx-g-b: 2\n", "x-g-b: 3\n",
		    "x-g-b: 3\n" },
		/* Who one is oneself stays. */
		{ &named, "authorization: t\n", "", "authorization: t\n" },
		{ &named, "authorization: t\n", "authorization: u\n",
		    "authorization: u\n" },
		{ &named, "", "x-user: a\nx-user: b\n",
		    "x-user: a\nx-user: b\n" },
		/* All: nothing is reserved, and the answer's own stays behind. */
		{ &everything, "content-type: text/x\nx-user: root\na: b\n",
		    "content-type: text/plain\ndate: now\nx-user: ann\n",
		    "content-type: text/x\nx-user: ann\na: b\n" },
		/* What is the mesh's is nobody's to say. */
		{ &everything, "a: b\n", "x-mesh-source: x\nx-forwarded-for: 1\n"
		    "x-forwarded-client-cert: x\nexpect: x\nx-forwarded-user: "
		    "ann\nx_mesh_source: x\nx.mesh-source: x\nx_a: 1\n"
		    "proxy.status: mesh\n",
		    "a: b\nx-forwarded-user: ann\nx_a: 1\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct ext_authz_settings s = { .up_allow = *cases[i].up,
			.down_allow = NAMES(down) };
		struct http_head response;
		struct outcome o;

		read_answer(&o, &s, cases[i].asked, 200, cases[i].said, "");
		assert_int_equal(o.answer.result, EXT_AUTHZ_ALLOW);
		ext_authz_change_request(&o.answer, &o.arena, &o.request);
		assert_string_equal(show_fields(&o.request.fields, &o.arena),
		    cases[i].sent);
		http_head_init(&response, &o.arena);
		ext_authz_change_response(&o.answer, &response);
		assert_int_equal(response.fields.len, 0);
		arena_fini(&o.arena);
	}
}

TEST(ext_authz_http_yes_changes_the_response)
{
	static const char *const down[] = { "set-cookie", "x-rate" };
	const struct ext_authz_settings s = { .down_allow = NAMES(down) };
	struct http_head response;
	struct outcome o;

	read_answer(&o, &s, "", 200, "set-cookie: a=1\nset-cookie: b=2\n"
	    "x-rate: 9\nx-z: 1\n", "");
	http_head_init(&response, &o.arena);
	add_fields(&response.fields, "set-cookie: own=1\nx-rate: 1\n");
	ext_authz_change_response(&o.answer, &response);
	assert_string_equal(show_fields(&response.fields, &o.arena),
	    "set-cookie: own=1\nx-rate: 9\nset-cookie: a=1\nset-cookie: b=2\n");
	arena_fini(&o.arena);
}

TEST(ext_authz_takes_out_what_only_a_provider_may_say)
{
	static const char *const up[] = { "x-user", "authorization", "cookie",
		"x-g-*", "x-mesh-*", "host", "u" };
	static const char *const all[] = { "*" };
	static const char *const odd[] = { "x_user", "x-g-*", "*_roles", "u" };
	static const struct ext_authz_names named = NAMES(up),
	    twins = NAMES(odd), everything = NAMES(all), nothing = { NULL, 0 };
	static const struct {
		const struct ext_authz_names *names;
		const char *fields, *left;
		size_t removed;
	} cases[] = {
		{ &named, "x-user: a\nb: c\nx-user: d\nx-g-1: e\n", "b: c\n",
		    3 },
		{ &named, "x-users: a\n", "x-users: a\n", 0 },
		/* One letter is a name, too. */
		{ &twins, "u: a\nv: a\n", "v: a\n", 1 },
		/* What an application takes for the same. */
		{ &twins, "x-user: a\nx.user: a\nx-user-b: c\n",
		    "x-user-b: c\n", 2 },
		{ &twins, "x.g.1: a\nx-g_2: a\nxg: a\n", "xg: a\n", 2 },
		{ &twins, "a-roles: x\na.roles: x\nroles: x\n",
		    "roles: x\n", 2 },
		{ &named, "cookie: a=b\nauthorization: t\n",
		    "cookie: a=b\nauthorization: t\n", 0 },
		{ &named, "x-mesh-source: a\nhost: b\nx-user: c\n",
		    "x-mesh-source: a\nhost: b\n", 1 },
		{ &everything, "x-user: a\n", "x-user: a\n", 0 },
		{ &nothing, "x-user: a\n", "x-user: a\n", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_head h;
		struct arena a;

		arena_init(&a);
		http_head_init(&h, &a);
		add_fields(&h.fields, cases[i].fields);
		assert_int_equal(ext_authz_clear(cases[i].names, &a, &h.fields),
		    cases[i].removed);
		assert_string_equal(show_fields(&h.fields, &a), cases[i].left);
		arena_fini(&a);
	}
}

TEST(ext_authz_http_no_is_what_the_caller_gets)
{
	static const char *const named[] = { "x-why" };
	static const struct {
		bool        all;
		int         status;
		const char *fields;
	} cases[] = {
		{ true, 401, "www-authenticate: Basic\nx-why: no\nx-z: 1\n"
		    "content-type: text/x\n" },
		{ false, 302, "www-authenticate: Basic\nx-why: no\n"
		    "content-type: text/x\n" },
		{ true, 201, "www-authenticate: Basic\nx-why: no\nx-z: 1\n"
		    "content-type: text/x\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct ext_authz_settings s = {
			.denies_with_all = cases[i].all,
			.down_deny = NAMES(named) };
		struct buf body = { 0 };
		struct outcome o;

		read_answer(&o, &s, "x: y\n", cases[i].status,
		    "www-authenticate: Basic\nx-why: no\nx-z: 1\n"
		    "content-type: text/x\nx-mesh-host: a\n", "go away");
		assert_int_equal(o.answer.result, EXT_AUTHZ_DENY);
		struct http_head *h = ext_authz_denial(&o.answer, &o.arena,
		    &body);

		assert_int_equal(h->status, cases[i].status);
		assert_string_equal(show_fields(&h->fields, &o.arena),
		    cases[i].fields);
		assert_true(slice_is(buf_pull(&body, buf_len(&body)),
		    "go away"));
		buf_fini(&body);
		arena_fini(&o.arena);
	}
}

TEST(ext_authz_http_failure_is_no_answer)
{
	static const int statuses[] = { 500, 503, 599 };
	const struct ext_authz_settings s = { .denies_with_all = true };

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		struct outcome o;

		read_answer(&o, &s, "", statuses[i], "", "");
		assert_int_equal(o.answer.result, EXT_AUTHZ_ERROR);
		assert_string_equal(o.answer.why, "it failed itself");
		assert_false(o.answer.is_malformed);
		arena_fini(&o.arena);
	}
}

/* Not even with failOpen: it may have been a refusal. */
TEST(ext_authz_http_answer_that_is_malformed_is_one)
{
	static const struct {
		int         status;
		const char *fields;
	} cases[] = {
		{ 101, "" }, { 200, "x-a: b\x01\n" }, { 403, "x-a: b\x01\n" },
	};
	static const char *const all[] = { "*" };
	const struct ext_authz_settings s = { .up_allow = NAMES(all),
		.denies_with_all = true };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct outcome o;

		read_answer(&o, &s, "", cases[i].status, cases[i].fields, "");
		assert_int_equal(o.answer.result, EXT_AUTHZ_ERROR);
		assert_true(o.answer.is_malformed);
		arena_fini(&o.arena);
	}
}

/* Of RFC 9209: who says no is not the provider. */
TEST(ext_authz_http_refusal_of_a_sidecar_is_no_answer)
{
	static const struct {
		int         status;
		const char *said;
		bool        is_error, is_barred, is_malformed;
	} cases[] = {
		{ 403, "proxy-status: mesh; error=http_request_denied; "
		    "details=\"access_denied\"\n", true, true, false },
		{ 401, "proxy-status: mesh; error=x\n", true, true, false },
		{ 503, "proxy-status: mesh; error=x; details=\"a\n", true, false,
		    false },
		/* It could not follow what the provider said. */
		{ 502, "proxy-status: mesh; error=http_protocol_error; "
		    "details=\"too-large\"\n", true, false, true },
		{ 403, "proxy-status: other; error=x\n", false, false, false },
		{ 403, "", false, false, false },
		/* Nobody refused. */
		{ 200, "proxy-status: mesh; error=x\n", false, false, false },
		{ 302, "proxy-status: mesh; error=x\n", false, false, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct ext_authz_settings s = { .denies_with_all = true };
		struct outcome o;

		read_answer(&o, &s, "", cases[i].status, cases[i].said, "no");
		assert_int_equal(o.answer.result == EXT_AUTHZ_ERROR,
		    cases[i].is_error);
		assert_int_equal(o.answer.is_barred, cases[i].is_barred);
		assert_int_equal(o.answer.is_malformed, cases[i].is_malformed);
		if (i == 0)
			assert_string_equal(o.answer.why, "it could not be "
			    "asked: http request denied (access_denied, "
			    "says its sidecar or ours)");
		/* What it says of its way is nobody else's. */
		assert_int_equal(o.answer.len, 0);
		arena_fini(&o.arena);
	}
}

/* A caller that sends many of what only a provider may say changes no answer. */
TEST(ext_authz_http_answer_is_whole_whatever_the_caller_sends)
{
	static const char *const up[] = { "x-g-*" };
	const struct ext_authz_settings s = { .up_allow = NAMES(up) };
	struct str asked = { 0 }, said = { 0 };
	struct outcome o;

	for (int i = 0; i < EXT_AUTHZ_CHANGES_MAX + 40; i++)
		str_addf(&asked, "x-g-%d: root\n", i);
	for (int i = 0; i < EXT_AUTHZ_CHANGES_MAX; i++)
		str_addf(&said, "x-g-%d: ann\n", i + 100);
	read_answer(&o, &s, str_ptr(&asked), 200, str_ptr(&said), "");
	assert_int_equal(o.answer.result, EXT_AUTHZ_ALLOW);
	ext_authz_change_request(&o.answer, &o.arena, &o.request);
	assert_string_equal(show_fields(&o.request.fields, &o.arena),
	    str_ptr(&said));
	arena_fini(&o.arena);
	str_fini(&asked);
	str_fini(&said);
}

/* More than anybody means is malformed. */
TEST(ext_authz_http_answer_is_bounded)
{
	static const char *const all[] = { "*" };
	const struct ext_authz_settings s = { .up_allow = NAMES(all) };
	struct str fields = { 0 };
	struct outcome o;

	for (int i = 0; i < EXT_AUTHZ_CHANGES_MAX; i++)
		str_addf(&fields, "x-%d: 1\n", i);
	read_answer(&o, &s, "", 200, str_ptr(&fields), "");
	assert_int_equal(o.answer.result, EXT_AUTHZ_ALLOW);
	assert_int_equal(o.answer.len, EXT_AUTHZ_CHANGES_MAX);
	arena_fini(&o.arena);
	str_add(&fields, "x-more: 1\n");
	read_answer(&o, &s, "", 200, str_ptr(&fields), "");
	assert_int_equal(o.answer.result, EXT_AUTHZ_ERROR);
	assert_true(o.answer.is_malformed);
	arena_fini(&o.arena);
	str_fini(&fields);
}
