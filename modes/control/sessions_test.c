#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "conf/json.h"
#include "modes/control/server_fixture.h"
#include "model/workload.h"
#include "modes/control/session.h"

/* A proxy's end without a connection. */
struct peer {
	struct session *session;
	struct str      got;		/* all lines */
	bool            is_ended;
};

static void
take_bytes(void *arg, struct buf *b)
{
	struct peer *p = arg;

	while (buf_len(b) > 0) {
		struct slice s = buf_front(b);

		str_add_slice(&p->got, s);
		buf_drain(b, s.len);
	}
}

static void
note_end(void *arg)
{
	((struct peer *)arg)->is_ended = true;
}

static const struct session_io io = { take_bytes, note_end };

static void
say(struct peer *p, const char *lines)
{
	struct buf b = { 0 };

	buf_add(&b, lines, strlen(lines));
	session_bytes(p->session, &b, false);
	buf_fini(&b);
}

static void
peer_open(struct server_fixture *t, struct peer *p, const char *service)
{
	struct slice services[] = { slice_str(service) };
	char *name = mem_printf("%s-1", service);
	struct session_peer who = {
		.grant = { .ns = SLICE("default"), .account = services[0],
		    .name = slice_str(name), .services = services,
		    .services_len = 1 },
		.id = SLICE("spiffe://td/ns/default/sa/x"),
		.address = SLICE("192.0.2.7"), .from = SLICE("192.0.2.7:1"),
	};

	*p = (struct peer){ 0 };
	p->session = sessions_open(t->s->sessions, &who, &io, p);
	mem_free(name);
}

static void
hello(struct peer *p, const char *service)
{
	char *line = mem_printf("{\"t\":\"hello\",\"schema\":1,\"version\":\"1\","
	    "\"workload\":\"default/%s-1\",\"since\":0,\"document\":{"
	    "\"metadata\":{\"name\":\"liar\"},\"spec\":{\"ports\":[{"
	    "\"port\":8080,\"protocol\":\"http\"}],\"services\":[\"stolen\"]}}}"
	    "\n", service);

	say(p, line);
	mem_free(line);
}

static void
peer_close(struct peer *p)
{
	session_gone(p->session);
	str_fini(&p->got);
}

static bool
has(const struct peer *p, const char *text)
{
	return strstr(str_ptr(&p->got), text) != NULL;
}

/* Runs the loop until the peer was told this. */
static void
await(struct server_fixture *t, const struct peer *p, const char *text)
{
	for (int i = 0; i < 5000 && !has(p, text); i++)
		server_fixture_turn(t);
	if (!has(p, text))
		fail_msg("no %s in %s", text, str_ptr(&p->got));
}

TEST(session_begins_with_the_bundle_and_waits_for_interests)
{
	struct server_fixture *t = server_fixture_new();
	struct peer p;

	peer_open(t, &p, "web");
	assert_true(has(&p, "{\"t\":\"bundle\",\"generation\":1,"));
	hello(&p, "web");
	server_fixture_turn(t);
	assert_false(has(&p, "commit"));
	say(&p, "{\"t\":\"interest\",\"services\":[\"default/nothing\"]}\n");
	assert_true(has(&p, "{\"t\":\"none\",\"service\":\"default/nothing\"}"));
	assert_true(has(&p, "\"synced\""));
	peer_close(&p);
	server_fixture_free(t);
}

/* Each one that is acted on is a look at every document. */
TEST(session_acts_on_the_last_of_a_burst_of_interests)
{
	struct server_fixture *t = server_fixture_new();
	struct peer p;

	peer_open(t, &p, "web");
	hello(&p, "web");
	say(&p, "{\"t\":\"interest\",\"services\":[\"default/first\"]}\n"
	    "{\"t\":\"interest\",\"services\":[\"default/last\"]}\n");
	assert_false(has(&p, "default/first"));
	assert_true(has(&p, "{\"t\":\"none\",\"service\":\"default/last\"}"));
	assert_true(has(&p, "\"synced\""));
	peer_close(&p);
	server_fixture_free(t);
}

TEST(session_goes_on_without_interests)
{
	struct server_fixture *t = server_fixture_new();
	struct peer p;

	peer_open(t, &p, "web");
	hello(&p, "web");
	await(t, &p, "\"synced\"");
	peer_close(&p);
	server_fixture_free(t);
}

TEST(session_registers_its_own_workload_and_no_other)
{
	struct server_fixture *t = server_fixture_new();
	struct slice key = SLICE("/mesh/workloads/default/web-1");
	struct model_object *o;
	struct str json = { 0 };
	struct peer p;

	peer_open(t, &p, "web");
	hello(&p, "web");
	say(&p, "{\"t\":\"interest\",\"services\":[]}\n");
	say(&p, "{\"t\":\"ready\",\"ready\":true}\n");
	await(t, &p, "/mesh/workloads/default/web-1");
	o = registry_find(t->s->registry, key);
	assert_non_null(o);
	conf_json_write(&json, conf_get(o->node, "spec"));
	assert_string_equal(str_ptr(&json), "{\"ports\":[{\"port\":8080,"
	    "\"protocol\":\"http\"}],\"services\":[\"web\"],"
	    "\"serviceAccount\":\"web\",\"sidecar\":true,"
	    "\"address\":\"192.0.2.7\"}");
	assert_null(registry_find(t->s->registry,
	    SLICE("/mesh/workloads/default/liar")));
	assert_non_null(registry_find(t->s->registry,
	    SLICE("/core/services/default/web")));
	str_fini(&json);
	peer_close(&p);
	server_fixture_free(t);
}

static const struct {
	const char *what, *lines;
} faults[] = {
	{ "another's name", "{\"t\":\"hello\",\"schema\":1,\"version\":\"1\","
	    "\"workload\":\"default/other-1\",\"since\":0,\"document\":{}}\n" },
	{ "no hello", "{\"t\":\"ready\",\"ready\":true}\n" },
	{ "half a hello", "{\"t\":\"hello\"}\n" },
	{ "no object", "[]\n" },
	{ "no JSON", "GET / HTTP/1.1\n" },
	{ "a wrong document", "{\"t\":\"hello\",\"schema\":1,\"version\":\"1\","
	    "\"workload\":\"default/web-1\",\"since\":0,\"document\":{"
	    "\"spec\":{\"address\":\"\",\"ports\":7}}}\n" },
};

TEST(session_ends_at_the_first_fault)
{
	struct server_fixture *t = server_fixture_new();

	log_set_levels("error");
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		for (size_t at = 0; at < strlen(faults[i].lines); at += 7) {
			char *first = mem_dup(faults[i].lines, at);
			struct peer p;

			peer_open(t, &p, "web");
			say(&p, first);
			say(&p, faults[i].lines + at);
			if (!p.is_ended)
				fail_msg("%s", faults[i].what);
			say(&p, faults[i].lines);	/* no more is heard */
			peer_close(&p);
			mem_free(first);
		}
	assert_int_equal(sessions_len(t->s->sessions), 0);
	server_fixture_free(t);
}

TEST(session_passes_over_what_it_does_not_know)
{
	struct server_fixture *t = server_fixture_new();
	struct peer p;

	peer_open(t, &p, "web");
	say(&p, "{\"t\":\"tomorrow\",\"x\":[1,2]}\n");
	hello(&p, "web");
	say(&p, "{\"t\":\"interest\",\"services\":[],\"more\":1}\n");
	assert_false(p.is_ended);
	assert_true(has(&p, "\"synced\""));
	peer_close(&p);
	server_fixture_free(t);
}

TEST(session_that_is_slow_gets_nothing_until_it_has_room)
{
	struct server_fixture *t = server_fixture_new();
	struct peer p;

	peer_open(t, &p, "web");
	hello(&p, "web");
	session_paused(p.session, true);
	say(&p, "{\"t\":\"interest\",\"services\":[\"default/a\"]}\n");
	server_fixture_put(t, "apiVersion: v1\nkind: Service\n"
	    "metadata: {name: a}\nspec: {ports: [{port: 1}]}\n");
	server_fixture_put(t, "apiVersion: v1\nkind: Service\n"
	    "metadata: {name: a}\nspec: {ports: [{port: 2}]}\n");
	assert_false(has(&p, "services/default/a"));
	session_paused(p.session, false);
	await(t, &p, "\"synced\"");
	/* What was overwritten meanwhile it never sees. */
	assert_true(has(&p, "\"port\":2"));
	assert_false(has(&p, "\"port\":1"));
	peer_close(&p);
	server_fixture_free(t);
}

static void
on_answer(void *ctx, const struct err *err, const struct conf_node *body)
{
	struct str *out = ctx;

	str_addf(out, "%s:", err_kind_name(err->kind));
	if (body != NULL)
		conf_json_write(out, body);
}

TEST(session_answers_questions_once_and_gives_up_when_it_goes)
{
	struct server_fixture *t = server_fixture_new();
	struct str answers = { 0 };
	struct peer p;

	peer_open(t, &p, "web");
	hello(&p, "web");
	sessions_ask(t->s->sessions, "default/nobody", "config", on_answer,
	    &answers);
	sessions_ask(t->s->sessions, "default/web-1", "config", on_answer,
	    &answers);
	assert_true(has(&p, "{\"t\":\"question\",\"id\":1,\"what\":\"config\"}"));
	say(&p, "{\"t\":\"answer\",\"id\":2,\"body\":{\"no\":1}}\n");
	say(&p, "{\"t\":\"answer\",\"id\":1,\"body\":{\"a\":1}}\n");
	say(&p, "{\"t\":\"answer\",\"id\":1,\"body\":{\"a\":2}}\n");
	sessions_ask(t->s->sessions, "default/web-1", "config", on_answer,
	    &answers);
	peer_close(&p);
	assert_string_equal(str_ptr(&answers),
	    "not-found:none:{\"a\":1}unavailable:");
	str_fini(&answers);
	server_fixture_free(t);
}

/* A caller and a callee that it knows; both have acknowledged. */
static void
pair_open(struct server_fixture *t, struct peer *caller, struct peer *callee)
{
	peer_open(t, callee, "pay");
	hello(callee, "pay");
	say(callee, "{\"t\":\"interest\",\"services\":[]}\n");
	say(callee, "{\"t\":\"ready\",\"ready\":true}\n");
	await(t, callee, "/mesh/workloads/default/pay-1");
	peer_open(t, caller, "web");
	hello(caller, "web");
	say(caller, "{\"t\":\"interest\",\"services\":[\"default/pay\"]}\n");
	await(t, caller, "/mesh/workloads/default/pay-1");
}

TEST(session_withdraws_when_callers_know)
{
	struct server_fixture *t = server_fixture_new();
	struct peer caller, callee;
	char *ack;

	pair_open(t, &caller, &callee);
	say(&callee, "{\"t\":\"withdraw\"}\n");
	await(t, &caller, "\"del\"");
	server_fixture_turn(t);
	assert_false(has(&callee, "withdrawn"));
	ack = mem_printf("{\"t\":\"ack\",\"revision\":%llu,\"digest\":\"\"}\n",
	    (unsigned long long)registry_revision(t->s->registry));
	say(&caller, ack);
	assert_true(has(&callee, "\"withdrawn\""));
	mem_free(ack);
	peer_close(&caller);
	peer_close(&callee);
	server_fixture_free(t);
}

TEST(session_withdraws_when_callers_go)
{
	struct server_fixture *t = server_fixture_new();
	struct peer caller, callee;

	pair_open(t, &caller, &callee);
	say(&callee, "{\"t\":\"withdraw\"}\n");
	await(t, &caller, "\"del\"");
	peer_close(&caller);
	/* The deletion may be told before its transaction is answered. */
	await(t, &callee, "\"withdrawn\"");
	/* Whoever withdrew and disconnects at once is no trouble either. */
	say(&callee, "{\"t\":\"withdraw\"}\n");
	peer_close(&callee);
	server_fixture_free(t);
}

TEST(session_of_the_same_workload_ends_the_one_before)
{
	struct server_fixture *t = server_fixture_new();
	struct peer old, new;

	peer_open(t, &old, "web");
	peer_open(t, &new, "web");
	assert_true(old.is_ended && !new.is_ended);
	peer_close(&old);
	sessions_ask(t->s->sessions, "default/web-1", "config", on_answer,
	    &old.got);
	assert_true(has(&new, "question"));
	peer_close(&new);
	str_fini(&old.got);
	server_fixture_free(t);
}

static void
hello_at(struct peer *p, const char *address)
{
	char *line = mem_printf("{\"t\":\"hello\",\"schema\":1,\"version\":\"1\","
	    "\"workload\":\"default/web-1\",\"since\":0,\"document\":{"
	    "\"spec\":{\"address\":\"%s\",\"ports\":[{\"port\":8080}]}}}\n"
	    "{\"t\":\"ready\",\"ready\":true}\n", address);

	say(p, line);
	mem_free(line);
}

/* When all that was begun before is done. */
static const struct model_object *
registered(struct server_fixture *t, unsigned round)
{
	char *yaml = mem_printf("apiVersion: v1\nkind: Namespace\n"
	    "metadata: {name: n%u}\n", round);

	server_fixture_put(t, yaml);
	mem_free(yaml);
	return registry_find(t->s->registry,
	    SLICE("/mesh/workloads/default/web-1"));
}

/* Copies of a state directory; each is back as soon as it may. */
TEST(sessions_of_two_proxies_of_one_workload_change_nothing)
{
	static const char *const at[] = { "192.0.2.1", "192.0.2.2" };
	struct server_fixture *t = server_fixture_new();
	struct peer p[6];
	uint64_t revision = 0;

	for (unsigned i = 0; i < 6; i++) {
		peer_open(t, &p[i], "web");
		hello_at(&p[i], at[i % 2]);
		const struct model_object *o = registered(t, i);

		if (i < 2)
			revision = o->revision;
		assert_int_equal(o->revision, revision);
		assert_string_equal(model_workload(o)->spec.address,
		    at[i == 0 ? 0 : 1]);
		assert_true((session_contested(p[i].session) != NULL) ==
		    (i > 1));
		if (i > 0) {
			assert_true(p[i - 1].is_ended);
			assert_true(has(&p[i - 1], "{\"t\":\"displaced\","
			    "\"from\":\"192.0.2.7:1\"}"));
			peer_close(&p[i - 1]);
		}
	}
	peer_close(&p[5]);
	server_fixture_free(t);
}

/* It lost its way, and is back before control knows. */
TEST(sessions_of_one_proxy_are_no_contest)
{
	struct server_fixture *t = server_fixture_new();
	struct peer p[4];

	for (size_t i = 0; i < 4; i++) {
		peer_open(t, &p[i], "web");
		hello_at(&p[i], "192.0.2.1");
		assert_null(session_contested(p[i].session));
		if (i > 0)
			peer_close(&p[i - 1]);
	}
	peer_close(&p[3]);
	server_fixture_free(t);
}

/* "key waiting rejecting who why", for one key. */
static void
expect_standing(struct server_fixture *t, const char *key, const char *want)
{
	struct sessions_standing st;
	struct str got = { 0 };

	sessions_standing(t->s->sessions, &st);
	const struct sessions_behind *b = map_get(&st.behind, slice_str(key));

	if (b != NULL)
		str_addf(&got, "%zu %zu %s %s", b->waiting, b->rejecting, b->who,
		    b->why == NULL ? "-" : b->why);
	assert_string_equal(str_ptr(&got), want);
	str_fini(&got);
	sessions_standing_fini(&st);
}

static void
acknowledge(struct peer *p, uint64_t revision, const char *digest)
{
	char *line = mem_printf("{\"t\":\"ack\",\"revision\":%llu,"
	    "\"digest\":\"%s\"}\n", (unsigned long long)revision, digest);

	say(p, line);
	mem_free(line);
}

/* The digest that control told last. */
static const char *
digest_told(struct peer *p, char out[MODEL_DIGEST_TEXT])
{
	const char *at = str_ptr(&p->got), *last = NULL;

	while ((at = strstr(at, "\"digest\":\"")) != NULL)
		last = at += strlen("\"digest\":\"");
	assert_non_null(last);
	memcpy(out, last, MODEL_DIGEST_TEXT - 1);
	out[MODEL_DIGEST_TEXT - 1] = '\0';
	return out;
}

static const char a_yaml[] = "apiVersion: v1\nkind: Service\n"
    "metadata: {name: a}\nspec: {ports: [{port: %d}]}\n";

static uint64_t
put_a(struct server_fixture *t, int port)
{
	char *yaml = mem_printf(a_yaml, port);
	uint64_t revision = server_fixture_put(t, yaml);

	mem_free(yaml);
	return revision;
}

TEST(session_is_behind_until_it_says_that_it_runs_a_document)
{
	struct server_fixture *t = server_fixture_new();
	const char *key = "/core/services/default/a";
	char digest[MODEL_DIGEST_TEXT];
	uint64_t at = put_a(t, 1);
	struct peer p;

	expect_standing(t, key, "");	/* nobody needs it */
	peer_open(t, &p, "web");
	hello(&p, "web");
	say(&p, "{\"t\":\"interest\",\"services\":[]}\n");
	acknowledge(&p, at, digest_told(&p, digest));
	/* It acknowledged the revision before it needed the document. */
	say(&p, "{\"t\":\"interest\",\"services\":[\"default/a\"]}\n");
	expect_standing(t, key, "1 0 default/web-1 -");
	acknowledge(&p, at, digest);
	expect_standing(t, key, "1 0 default/web-1 -");
	acknowledge(&p, at, digest_told(&p, digest));
	expect_standing(t, key, "");

	at = put_a(t, 2);
	expect_standing(t, key, "1 0 default/web-1 -");
	acknowledge(&p, at, "");
	expect_standing(t, key, "");
	peer_close(&p);
	server_fixture_free(t);
}

TEST(session_without_room_is_behind)
{
	struct server_fixture *t = server_fixture_new();
	const char *key = "/core/services/default/a";
	struct peer p;

	peer_open(t, &p, "web");
	hello(&p, "web");
	say(&p, "{\"t\":\"interest\",\"services\":[\"default/a\"]}\n");
	session_paused(p.session, true);
	put_a(t, 1);
	expect_standing(t, key, "1 0 default/web-1 -");
	expect_standing(t, "/core/services/default/b", "");
	peer_close(&p);
	expect_standing(t, key, "");
	server_fixture_free(t);
}

static void
expect_listening(struct server_fixture *t, const char *expected)
{
	const struct model_object *o = registry_find(t->s->registry,
	    SLICE("/gateway.networking.k8s.io/gateways/default/edge"));
	struct str out = { 0 };
	struct arena a;

	arena_init(&a);
	struct conf_node *list = conf_list_new(&a);

	sessions_listening(t->s->sessions, o, list);
	CONF_FOREACH(e, list)
		str_addf(&out, "%s ", conf_get_string(e->node, "value"));
	assert_string_equal(str_ptr(&out), expected);
	str_fini(&out);
	arena_fini(&a);
}

TEST(session_of_a_gateway_says_where_it_listens)
{
	struct server_fixture *t = server_fixture_new();
	struct peer edge, web;

	server_fixture_put(t, "apiVersion: gateway.networking.k8s.io/v1\n"
	    "kind: Gateway\nmetadata: {name: edge, namespace: default}\n"
	    "spec: {gatewayClassName: mesh, listeners: "
	    "[{name: a, port: 80, protocol: HTTP}]}\n");
	peer_open(t, &edge, "gw--edge");
	peer_open(t, &web, "web");
	hello(&edge, "gw--edge");
	hello(&web, "web");
	say(&edge, "{\"t\":\"interest\",\"services\":[]}\n");
	say(&web, "{\"t\":\"interest\",\"services\":[]}\n");
	expect_listening(t, "");
	/* All addresses are the one at which it is seen; twice is once. */
	say(&edge, "{\"t\":\"listening\",\"addresses\":[\"10.0.0.1\",\"::\","
	    "\"odd\",\"10.0.0.1\"]}\n");
	expect_listening(t, "10.0.0.1 192.0.2.7 ");
	/* Who has not got the Gateway has nothing to say of it. */
	say(&web, "{\"t\":\"listening\",\"addresses\":[\"10.0.0.9\"]}\n");
	expect_listening(t, "10.0.0.1 192.0.2.7 ");
	say(&edge, "{\"t\":\"listening\",\"addresses\":[\"2001:db8::1\"]}\n");
	expect_listening(t, "2001:db8::1 ");
	peer_close(&edge);
	expect_listening(t, "");
	peer_close(&web);
	server_fixture_free(t);
}

TEST(session_that_rejects_a_document_says_why)
{
	struct server_fixture *t = server_fixture_new();
	const char *key = "/core/services/default/a";
	struct model_object *o;
	struct peer p;
	char *nack;
	uint64_t at = put_a(t, 1);
	size_t running;

	peer_open(t, &p, "web");
	hello(&p, "web");
	say(&p, "{\"t\":\"interest\",\"services\":[\"default/a\"]}\n");
	nack = mem_printf("{\"t\":\"nack\",\"revision\":%llu,\"key\":\"%s\","
	    "\"error\":\"too odd\"}\n", (unsigned long long)at, key);
	say(&p, nack);
	acknowledge(&p, at, "");
	expect_standing(t, key, "0 1 default/web-1 too odd");
	o = registry_find(t->s->registry, slice_str(key));
	assert_int_equal(sessions_holders(t->s->sessions, o, &running), 1);
	assert_int_equal(running, 0);

	at = put_a(t, 2);
	acknowledge(&p, at, "");
	expect_standing(t, key, "");
	o = registry_find(t->s->registry, slice_str(key));
	assert_int_equal(sessions_holders(t->s->sessions, o, &running), 1);
	assert_int_equal(running, 1);
	mem_free(nack);
	peer_close(&p);
	server_fixture_free(t);
}
