#include "base/mem.h"
#include "base/unit.h"
#include "model/workload.h"
#include "modes/control/peer_fixture.h"

static void
hello_at(struct peer *p, const char *address)
{
	char *document = mem_printf("{\"spec\":{\"address\":\"%s\","
	    "\"ports\":[{\"port\":8080}]}}", address);

	peer_hello(p, document);
	peer_say(p, "{\"t\":\"ready\",\"ready\":true}\n");
	mem_free(document);
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
		peer_open(t, &p[i], "default/web-1");
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
			assert_true(peer_has(&p[i - 1], "{\"t\":\"displaced\","
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
		peer_open(t, &p[i], "default/web-1");
		hello_at(&p[i], "192.0.2.1");
		assert_null(session_contested(p[i].session));
		if (i > 0)
			peer_close(&p[i - 1]);
	}
	peer_close(&p[3]);
	server_fixture_free(t);
}
