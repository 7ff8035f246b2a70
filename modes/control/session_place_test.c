#include <stdio.h>

#include "base/unit.h"
#include "modes/control/peer_fixture.h"

/* All peers are at 192.0.2.7, and of one account. */
static void
come(struct server_fixture *t, struct peer *p, const char *name,
    const char *spec)
{
	char document[128];

	log_set_levels("error");
	snprintf(document, sizeof(document), "{\"spec\":{%s}}", spec);
	peer_open(t, p, name);
	peer_hello(p, document);
	peer_say(p, "{\"t\":\"interest\",\"services\":[]}\n");
	peer_say(p, "{\"t\":\"ready\",\"ready\":true}\n");
}

static bool
is_there(struct server_fixture *t, const char *name)
{
	char key[64];

	snprintf(key, sizeof(key), "/mesh/workloads/%s", name);
	return registry_find(t->s->registry, slice_str(key)) != NULL;
}

static void
settle(struct server_fixture *t, const char *name, bool is_expected)
{
	for (int i = 0; i < 5000 && is_there(t, name) != is_expected; i++)
		server_fixture_turn(t);
	assert_int_equal(is_there(t, name), is_expected);
}

/* Whatever was asked of the store before is done. */
static void
wait_for_store(struct server_fixture *t)
{
	server_fixture_put(t, "{apiVersion: v1, kind: Service, metadata: {name: "
	    "any, namespace: default}, spec: {ports: [{port: 1}]}}\n");
}

TEST(who_comes_back_under_another_name_is_there_once)
{
	struct server_fixture *t = server_fixture_new();
	struct peer a, b;

	come(t, &a, "default/web-1", "");
	settle(t, "default/web-1", true);
	peer_close(&a);
	come(t, &b, "default/web-2", "");
	settle(t, "default/web-2", true);
	settle(t, "default/web-1", false);
	/* It was wrong: both live, behind one address. */
	come(t, &a, "default/web-1", "");
	settle(t, "default/web-1", true);
	settle(t, "default/web-2", true);
	peer_close(&a);
	peer_close(&b);
	server_fixture_free(t);
}

/* Its session is found to be gone only after the newcomer is there. */
TEST(who_is_followed_before_it_is_missed_leaves_its_place)
{
	struct server_fixture *t = server_fixture_new();
	struct peer a, b;

	come(t, &a, "default/web-1", "");
	settle(t, "default/web-1", true);
	come(t, &b, "default/web-2", "");
	settle(t, "default/web-2", true);
	assert_true(is_there(t, "default/web-1"));
	peer_close(&a);
	settle(t, "default/web-1", false);
	assert_true(is_there(t, "default/web-2"));
	/* There is nobody any more who could have taken its place. */
	peer_close(&b);
	wait_for_store(t);
	assert_true(is_there(t, "default/web-2"));
	server_fixture_free(t);
}

TEST(who_is_elsewhere_leaves_others_in_their_places)
{
	static const char *const elsewhere[] = {
		"\"inboundPort\":7711", "\"address\":\"192.0.2.8\"",
	};

	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
		struct server_fixture *t = server_fixture_new();
		struct peer a, b;

		come(t, &a, "default/web-1", "");
		settle(t, "default/web-1", true);
		peer_close(&a);
		come(t, &b, "default/web-2", elsewhere[i]);
		settle(t, "default/web-2", true);
		assert_true(is_there(t, "default/web-1"));
		peer_close(&b);
		server_fixture_free(t);
	}
}

/* What restarts is none, and takes nobody's place. */
TEST(who_was_only_away_takes_nobody_s_place)
{
	struct server_fixture *t = server_fixture_new();
	struct peer a, b;

	come(t, &a, "default/web-1", "");
	come(t, &b, "default/web-2", "");
	settle(t, "default/web-1", true);
	settle(t, "default/web-2", true);
	t->s->is_ending = true;
	peer_close(&a);
	peer_close(&b);
	t->s->is_ending = false;
	come(t, &a, "default/web-1", "");
	wait_for_store(t);
	assert_true(is_there(t, "default/web-2"));
	peer_close(&a);
	server_fixture_free(t);
}
