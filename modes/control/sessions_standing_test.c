#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/peer_fixture.h"

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

	peer_say(p, line);
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
	peer_open(t, &p, "default/web-1");
	peer_hello(&p, "{}");
	peer_say(&p, "{\"t\":\"interest\",\"services\":[]}\n");
	acknowledge(&p, at, digest_told(&p, digest));
	/* It acknowledged the revision before it needed the document. */
	peer_say(&p, "{\"t\":\"interest\",\"services\":[\"default/a\"]}\n");
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

	peer_open(t, &p, "default/web-1");
	peer_hello(&p, "{}");
	peer_say(&p, "{\"t\":\"interest\",\"services\":[\"default/a\"]}\n");
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
	peer_open(t, &edge, "default/gw--edge-1");
	peer_open(t, &web, "default/web-1");
	peer_hello(&edge, "{}");
	peer_hello(&web, "{}");
	peer_say(&edge, "{\"t\":\"interest\",\"services\":[]}\n");
	peer_say(&web, "{\"t\":\"interest\",\"services\":[]}\n");
	expect_listening(t, "");
	/* All addresses are the one at which it is seen; twice is once. */
	peer_say(&edge, "{\"t\":\"listening\",\"addresses\":[\"10.0.0.1\",\"::\","
	    "\"odd\",\"10.0.0.1\"]}\n");
	expect_listening(t, "10.0.0.1 192.0.2.7 ");
	/* Who has not got the Gateway has nothing to say of it. */
	peer_say(&web, "{\"t\":\"listening\",\"addresses\":[\"10.0.0.9\"]}\n");
	expect_listening(t, "10.0.0.1 192.0.2.7 ");
	peer_say(&edge, "{\"t\":\"listening\",\"addresses\":[\"2001:db8::1\"]}\n");
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

	peer_open(t, &p, "default/web-1");
	peer_hello(&p, "{}");
	peer_say(&p, "{\"t\":\"interest\",\"services\":[\"default/a\"]}\n");
	nack = mem_printf("{\"t\":\"nack\",\"revision\":%llu,\"key\":\"%s\","
	    "\"error\":\"too odd\"}\n", (unsigned long long)at, key);
	peer_say(&p, nack);
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
