#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/unit.h"
#include "conf/json.h"
#include "model/workload.h"
#include "modes/control/peer_fixture.h"

/* What it says of its name and services is not believed. */
static void
hello(struct peer *p)
{
	peer_hello(p, "{\"metadata\":{\"name\":\"liar\"},\"spec\":{\"ports\":["
	    "{\"port\":8080,\"protocol\":\"http\"}],\"services\":[\"stolen\"]}}");
}

TEST(session_begins_with_the_bundle_and_waits_for_interests)
{
	struct server_fixture *t = server_fixture_new();
	struct peer p;

	peer_open(t, &p, "default/web-1");
	assert_true(peer_has(&p, "{\"t\":\"bundle\",\"generation\":1,"));
	hello(&p);
	server_fixture_turn(t);
	assert_false(peer_has(&p, "commit"));
	peer_say(&p, "{\"t\":\"interest\",\"services\":[\"default/nothing\"]}\n");
	assert_true(peer_has(&p, "{\"t\":\"none\",\"service\":\"default/nothing\"}"));
	assert_true(peer_has(&p, "\"synced\""));
	peer_close(&p);
	server_fixture_free(t);
}

/*
 * A change goes out with what the loop has to do at once: no timer gathers several,
 * so that nobody who may no more goes on for as long as that.
 */
TEST(session_tells_of_a_change_without_waiting)
{
	struct server_fixture *t = server_fixture_new();
	struct peer p;

	peer_open(t, &p, "default/web-1");
	hello(&p);
	peer_say(&p, "{\"t\":\"interest\",\"services\":[]}\n");
	assert_true(peer_has(&p, "\"synced\""));
	server_fixture_put(t, "apiVersion: security.istio.io/v1\n"
	    "kind: AuthorizationPolicy\nmetadata: {name: shut, namespace: "
	    "default}\nspec: {}\n");
	loop_finish(t->s->loop);
	assert_true(peer_has(&p, "\"key\":\"/security.istio.io/"
	    "authorizationpolicies/default/shut\""));
	assert_true(peer_has(&p, "\"commit\""));
	peer_close(&p);
	server_fixture_free(t);
}

/* What it said at first holds no longer; but not as often as it likes. */
TEST(session_says_anew_what_its_workload_is)
{
	static const char line[] = "{\"t\":\"workload\",\"document\":{\"spec\":{"
	    "\"address\":\"10.0.0.9\",\"services\":[\"stolen\"],\"ports\":[{"
	    "\"port\":8080,\"plaintext\":true}]}}}\n";
	struct server_fixture *t = server_fixture_new();
	struct slice key = SLICE("/mesh/workloads/default/web-1");
	const struct model_workload *w;
	struct model_object *o = NULL;
	struct peer p;

	peer_open(t, &p, "default/web-1");
	hello(&p);
	peer_say(&p, "{\"t\":\"interest\",\"services\":[]}\n");
	peer_say(&p, "{\"t\":\"ready\",\"ready\":true}\n");
	peer_say(&p, line);
	for (int i = 0; i < 5000 && (o == NULL ||
	    !model_workload(o)->spec.ports[0].plaintext); i++) {
		server_fixture_turn(t);
		o = registry_find(t->s->registry, key);
	}
	assert_non_null(o);
	w = model_workload(o);
	assert_true(w->spec.ports[0].plaintext);
	assert_string_equal(w->spec.address, "10.0.0.9");
	assert_string_equal(w->spec.services[0], "web");	/* as was granted */
	for (int i = 1; i < WORKLOAD_LIMIT_DOCUMENTS; i++)
		peer_say(&p, line);
	assert_false(p.is_ended);
	peer_say(&p, line);
	assert_true(p.is_ended);
	peer_close(&p);
	server_fixture_free(t);
}

TEST(session_ends_when_its_workload_is_too_large)
{
	struct server_fixture *t = server_fixture_new();
	struct str document = { 0 };
	struct peer p;

	log_set_levels("error");
	peer_open(t, &p, "default/web-1");
	str_add(&document, "{\"metadata\":{\"labels\":{\"a\":\"b\"");
	for (int i = 0; document.len <= SESSION_WORKLOAD_MAX; i++)
		str_addf(&document, ",\"l%d\":\"x\"", i);
	str_add(&document, "}}}");
	peer_hello(&p, str_ptr(&document));
	assert_true(p.is_ended);
	str_fini(&document);
	peer_close(&p);
	server_fixture_free(t);
}

/* A new session is no new start. */
TEST(sessions_of_one_workload_change_it_no_more_than_one_would)
{
	struct server_fixture *t = server_fixture_new();
	struct peer p;
	int i;

	log_set_levels("error");
	for (i = 0; i <= WORKLOAD_LIMIT_HELLOS; i++) {
		char *document = mem_printf("{\"spec\":{\"zone\":\"z%d\"}}", i);

		peer_open(t, &p, "default/web-1");
		peer_hello(&p, document);
		mem_free(document);
		assert_int_equal(p.is_ended, i == WORKLOAD_LIMIT_HELLOS);
		peer_close(&p);
	}
	/* Another is not to blame. */
	peer_open(t, &p, "default/web-2");
	hello(&p);
	assert_false(p.is_ended);
	peer_close(&p);
	server_fixture_free(t);
}

TEST(session_that_comes_back_as_it_was_is_let_in_each_time)
{
	struct server_fixture *t = server_fixture_new();
	struct slice key = SLICE("/mesh/workloads/default/web-1");
	struct peer p;

	for (int i = 0; i <= 2 * WORKLOAD_LIMIT_HELLOS; i++) {
		peer_open(t, &p, "default/web-1");
		hello(&p);
		peer_say(&p, "{\"t\":\"ready\",\"ready\":true}\n");
		for (int k = 0; k < 5000 && registry_find(t->s->registry,
		    key) == NULL; k++)
			server_fixture_turn(t);
		assert_false(p.is_ended);
		peer_close(&p);
	}
	server_fixture_free(t);
}

static void
count_turn(void *arg, struct slice key, enum live_status status)
{
	(void)key;
	(void)status;
	++*(int *)arg;
}

/* All who call it are told of each. */
TEST(session_turns_between_ready_and_not_so_often_and_no_more)
{
	struct server_fixture *t = server_fixture_new();
	struct registry_status_listener l = { .on_status = count_turn };
	struct peer p;
	int turns = 0;

	l.arg = &turns;
	peer_open(t, &p, "default/web-1");
	hello(&p);
	peer_say(&p, "{\"t\":\"ready\",\"ready\":true}\n");
	registry_status_listen(t->s->workloads, &l);
	for (int i = 0; i < 500; i++)
		peer_say(&p, "{\"t\":\"ready\",\"ready\":false}\n"
		    "{\"t\":\"ready\",\"ready\":true}\n");
	assert_int_equal(turns, WORKLOAD_LIMIT_TURNS);
	assert_false(p.is_ended);
	registry_status_leave(&l);
	peer_close(&p);
	server_fixture_free(t);
}

/* Each one that is acted on is a look at every document. */
TEST(session_acts_on_the_last_of_a_burst_of_interests)
{
	struct server_fixture *t = server_fixture_new();
	struct peer p;

	peer_open(t, &p, "default/web-1");
	hello(&p);
	peer_say(&p, "{\"t\":\"interest\",\"services\":[\"default/first\"]}\n"
	    "{\"t\":\"interest\",\"services\":[\"default/last\"]}\n");
	assert_false(peer_has(&p, "default/first"));
	assert_true(peer_has(&p, "{\"t\":\"none\",\"service\":\"default/last\"}"));
	assert_true(peer_has(&p, "\"synced\""));
	peer_close(&p);
	server_fixture_free(t);
}

TEST(session_goes_on_without_interests)
{
	struct server_fixture *t = server_fixture_new();
	struct peer p;

	peer_open(t, &p, "default/web-1");
	hello(&p);
	peer_await(t, &p, "\"synced\"");
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

	peer_open(t, &p, "default/web-1");
	hello(&p);
	peer_say(&p, "{\"t\":\"interest\",\"services\":[]}\n");
	peer_say(&p, "{\"t\":\"ready\",\"ready\":true}\n");
	peer_await(t, &p, "/mesh/workloads/default/web-1");
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

			peer_open(t, &p, "default/web-1");
			peer_say(&p, first);
			peer_say(&p, faults[i].lines + at);
			if (!p.is_ended)
				fail_msg("%s", faults[i].what);
			peer_say(&p, faults[i].lines);	/* no more is heard */
			peer_close(&p);
			mem_free(first);
		}
	assert_int_equal(sessions_len(t->s->sessions), 0);
	server_fixture_free(t);
}

/* What was not looked at would be kept, and more with all that comes. */
TEST(session_ends_at_a_rejection_of_what_cannot_be)
{
	struct server_fixture *t = server_fixture_new();
	struct str line = { 0 };
	struct peer p;

	log_set_levels("error");
	peer_open(t, &p, "default/web-1");
	hello(&p);
	str_add(&line, "{\"t\":\"nack\",\"revision\":1,\"error\":\"x\","
	    "\"key\":\"");
	for (int i = 0; i < 1100; i++)
		str_add_char(&line, 'k');
	str_add(&line, "\"}\n{\"t\":\"alive\"}\n");
	peer_say(&p, str_ptr(&line));
	assert_true(p.is_ended);
	size_t kept = buf_len(&p.session->in);

	peer_say(&p, str_ptr(&line));
	assert_int_equal(buf_len(&p.session->in), kept);
	str_fini(&line);
	peer_close(&p);
	server_fixture_free(t);
}

TEST(session_passes_over_what_it_does_not_know)
{
	struct server_fixture *t = server_fixture_new();
	struct peer p;

	peer_open(t, &p, "default/web-1");
	peer_say(&p, "{\"t\":\"tomorrow\",\"x\":[1,2]}\n");
	hello(&p);
	peer_say(&p, "{\"t\":\"interest\",\"services\":[],\"more\":1}\n");
	assert_false(p.is_ended);
	assert_true(peer_has(&p, "\"synced\""));
	peer_close(&p);
	server_fixture_free(t);
}

TEST(session_that_is_slow_gets_nothing_until_it_has_room)
{
	struct server_fixture *t = server_fixture_new();
	struct peer p;

	peer_open(t, &p, "default/web-1");
	hello(&p);
	session_paused(p.session, true);
	peer_say(&p, "{\"t\":\"interest\",\"services\":[\"default/a\"]}\n");
	server_fixture_put(t, "apiVersion: v1\nkind: Service\n"
	    "metadata: {name: a}\nspec: {ports: [{port: 1}]}\n");
	server_fixture_put(t, "apiVersion: v1\nkind: Service\n"
	    "metadata: {name: a}\nspec: {ports: [{port: 2}]}\n");
	assert_false(peer_has(&p, "services/default/a"));
	session_paused(p.session, false);
	peer_await(t, &p, "\"synced\"");
	/* What was overwritten meanwhile it never sees. */
	assert_true(peer_has(&p, "\"port\":2"));
	assert_false(peer_has(&p, "\"port\":1"));
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

	peer_open(t, &p, "default/web-1");
	hello(&p);
	sessions_ask(t->s->sessions, "default/nobody", "config", on_answer,
	    &answers);
	sessions_ask(t->s->sessions, "default/web-1", "config", on_answer,
	    &answers);
	assert_true(peer_has(&p, "{\"t\":\"question\",\"id\":1,\"what\":\"config\"}"));
	peer_say(&p, "{\"t\":\"answer\",\"id\":2,\"body\":{\"no\":1}}\n");
	peer_say(&p, "{\"t\":\"answer\",\"id\":1,\"body\":{\"a\":1}}\n");
	peer_say(&p, "{\"t\":\"answer\",\"id\":1,\"body\":{\"a\":2}}\n");
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
	peer_open(t, callee, "default/pay-1");
	hello(callee);
	peer_say(callee, "{\"t\":\"interest\",\"services\":[]}\n");
	peer_say(callee, "{\"t\":\"ready\",\"ready\":true}\n");
	peer_await(t, callee, "/mesh/workloads/default/pay-1");
	peer_open(t, caller, "default/web-1");
	hello(caller);
	peer_say(caller, "{\"t\":\"interest\",\"services\":[\"default/pay\"]}\n");
	peer_await(t, caller, "/mesh/workloads/default/pay-1");
}

TEST(session_withdraws_when_callers_know)
{
	struct server_fixture *t = server_fixture_new();
	struct peer caller, callee;
	char *ack;

	pair_open(t, &caller, &callee);
	peer_say(&callee, "{\"t\":\"withdraw\"}\n");
	peer_await(t, &caller, "\"del\"");
	server_fixture_turn(t);
	assert_false(peer_has(&callee, "withdrawn"));
	ack = mem_printf("{\"t\":\"ack\",\"revision\":%llu,\"digest\":\"\"}\n",
	    (unsigned long long)registry_revision(t->s->registry));
	peer_say(&caller, ack);
	assert_true(peer_has(&callee, "\"withdrawn\""));
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
	peer_say(&callee, "{\"t\":\"withdraw\"}\n");
	peer_await(t, &caller, "\"del\"");
	peer_close(&caller);
	/* The deletion may be told before its transaction is answered. */
	peer_await(t, &callee, "\"withdrawn\"");
	/* Whoever withdrew and disconnects at once is no trouble either. */
	peer_say(&callee, "{\"t\":\"withdraw\"}\n");
	peer_close(&callee);
	server_fixture_free(t);
}

TEST(session_of_the_same_workload_ends_the_one_before)
{
	struct server_fixture *t = server_fixture_new();
	struct peer old, new;

	peer_open(t, &old, "default/web-1");
	peer_open(t, &new, "default/web-1");
	assert_true(old.is_ended && !new.is_ended);
	peer_close(&old);
	sessions_ask(t->s->sessions, "default/web-1", "config", on_answer,
	    &old.got);
	assert_true(peer_has(&new, "question"));
	peer_close(&new);
	str_fini(&old.got);
	server_fixture_free(t);
}

/* More than are told in one turn, and a change between two turns. */
TEST(session_of_each_of_many_proxies_is_told_of_the_last_change)
{
	enum { MANY = 150 };
	static char names[MANY][32];
	static struct peer peers[MANY];
	struct server_fixture *t = server_fixture_new();

	for (int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "default/web-%d", i);
		peer_open(t, &peers[i], names[i]);
		hello(&peers[i]);
		peer_say(&peers[i], "{\"t\":\"interest\",\"services\":"
		    "[\"default/shared\"]}\n");
	}
	server_fixture_put(t, "{apiVersion: v1, kind: Service, metadata: "
	    "{name: shared}, spec: {ports: [{port: 81}]}}");
	server_fixture_turn(t);
	server_fixture_put(t, "{apiVersion: v1, kind: Service, metadata: "
	    "{name: shared}, spec: {ports: [{port: 82}]}}");
	for (int i = 0; i < MANY; i++)
		peer_await(t, &peers[i], "\"port\":82");
	for (int i = 0; i < MANY; i++)
		peer_close(&peers[i]);
	server_fixture_free(t);
}

/* Fault G85: a machine whose clock is off is named. */
TEST(session_tells_how_far_its_proxy_s_clock_is_off)
{
	static const int64_t off[] = { 3600, -86400, 0, 25 };
	struct server_fixture *t = server_fixture_new();
	struct peer p;

	log_set_levels("error");
	peer_open(t, &p, "default/web-1");
	hello(&p);
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		char *line = mem_printf("{\"t\":\"alive\",\"wall\":%lld}\n",
		    (long long)(clock_wall_s() + off[i]));
		struct conf_node *list;
		struct arena a;

		peer_say(&p, line);
		arena_init(&a);
		list = conf_list_new(&a);
		sessions_write(t->s->sessions, list);
		int64_t ahead = conf_get_int(conf_at(list, 0),
		    "clockAheadSeconds", -1);

		assert_true(ahead <= off[i] && ahead >= off[i] - 2);
		arena_fini(&a);
		mem_free(line);
	}
	peer_close(&p);
	server_fixture_free(t);
}

/* Renewed inside a session, it shows another certificate than that began with. */
TEST(session_tells_the_end_of_the_certificate_that_its_proxy_has_now)
{
	struct server_fixture *t = server_fixture_new();
	struct conf_node *list;
	struct peer p;
	struct arena a;

	arena_init(&a);
	peer_open(t, &p, "default/web-1");
	hello(&p);
	peer_say(&p, "{\"t\":\"alive\",\"certUntil\":1790000000}\n");
	list = conf_list_new(&a);
	sessions_write(t->s->sessions, list);
	assert_string_equal(conf_get_string(conf_at(list, 0), "certNotAfter"),
	    "2026-09-21T14:13:20Z");
	peer_close(&p);
	arena_fini(&a);
	server_fixture_free(t);
}

/* Nothing is wrong with a proxy that only lets its application call. */
TEST(session_of_who_has_no_application_is_online)
{
	static const struct {
		const char *document, *state;
	} cases[] = {
		{ "{\"metadata\":{\"name\":\"x\"},\"spec\":{}}", "Online" },
		{ "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"ports\":["
		    "{\"port\":80}]}}", "Unknown" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct server_fixture *t = server_fixture_new();
		struct conf_node *list;
		struct peer p;
		struct arena a;

		arena_init(&a);
		peer_open(t, &p, "default/web-1");
		peer_hello(&p, cases[i].document);
		peer_say(&p, "{\"t\":\"alive\"}\n");
		list = conf_list_new(&a);
		sessions_write(t->s->sessions, list);
		assert_string_equal(conf_get_string(conf_at(list, 0),
		    "workloadState"), cases[i].state);
		peer_close(&p);
		arena_fini(&a);
		server_fixture_free(t);
	}
}
