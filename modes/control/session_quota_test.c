#include <string.h>

#include "base/unit.h"
#include "modes/control/peer_fixture.h"

/* What it was told before is forgotten. */
static void
say(struct peer *p, const char *lines)
{
	str_clear(&p->got);
	peer_say(p, lines);
}

static void
open_proxy(struct server_fixture *t, struct peer *p, const char *name)
{
	peer_open(t, p, name);
	str_clear(&p->got);
	peer_hello(p, "{}");
	peer_say(p, "{\"t\":\"interest\",\"services\":[\"default/web\"]}\n");
}

static const char limits[] =
    "{apiVersion: v1, kind: Service, metadata: {name: web}, "
    "spec: {ports: [{port: 80}]}}\n---\n"
    "{apiVersion: mesh/v1, kind: RateLimit, metadata: {name: all}, spec: {"
    "targetRefs: [{kind: Service, name: web}], scope: Global, "
    "limits: [{requests: 10}, {requests: 5, byHeader: x-user}]}}\n---\n"
    "{apiVersion: mesh/v1, kind: RateLimit, metadata: {name: local}, spec: {"
    "targetRefs: [{kind: Service, name: web}], limits: [{requests: 10}]}}\n"
    "---\n"
    "{apiVersion: mesh/v1, kind: RateLimit, metadata: {name: other, "
    "namespace: else}, spec: {scope: Global, limits: [{requests: 10}]}}\n";

#define ALL	"/mesh/ratelimits/default/all service default/web"

static void
assert_got(const struct peer *p, const char *text)
{
	assert_string_equal(str_ptr(&p->got), text);
}

TEST(session_leases_limits_that_concern_the_proxy)
{
	struct server_fixture *t = server_fixture_new();
	struct peer p;

	server_fixture_put(t, limits);
	open_proxy(t, &p, "default/web-1");
	assert_non_null(strstr(str_ptr(&p.got), "ratelimits/default/all"));
	/* A little is kept for the next. */
	say(&p, "{\"t\":\"demand\",\"id\":1,\"rows\":["
	    "[\"" ALL "\",0,\"0\",0,0]]}\n");
	assert_got(&p, "{\"t\":\"lease\",\"id\":1,\"rows\":["
	    "[\"" ALL "\",0,\"0\",950000,1]]}\n");
	say(&p, "{\"t\":\"demand\",\"id\":2,\"seen\":1,\"rows\":["
	    "[\"" ALL "\",0,\"0\",9000000,1]]}\n");
	assert_got(&p, "{\"t\":\"lease\",\"id\":2,\"rows\":["
	    "[\"" ALL "\",0,\"0\",950000,1]]}\n");
	/*
	 * Not there, another's, by itself, of another place, without its limit,
	 * and a key where there are none.
	 */
	say(&p, "{\"t\":\"demand\",\"id\":3,\"rows\":["
	    "[\"/mesh/ratelimits/default/none x\",0,\"0\",1,1],"
	    "[\"/mesh/ratelimits/else/other x\",0,\"0\",1,1],"
	    "[\"/mesh/ratelimits/default/local x\",0,\"0\",1,1],"
	    "[\"" ALL "\",2,\"0\",1,1],"
	    "[\"nonsense\",0,\"0\",1,1],"
	    "[\"/mesh/ratelimits/default/all\",0,\"0\",1,1],"
	    "[\"/core/services/default/web x\",0,\"0\",1,1],"
	    "[\"" ALL "\",16,\"0\",1,1],[\"" ALL "\",1,\"5\",1,1]]}\n");
	assert_got(&p, "{\"t\":\"lease\",\"id\":3,\"rows\":[]}\n");
	assert_int_equal(t->s->sessions->quotas.limits.len, 1);
	say(&p, "{\"t\":\"demand\",\"id\":4,\"seen\":2,\"rows\":["
	    "[\"" ALL "\",0,\"0\",9000000,1],"
	    "[\"" ALL "\",0,\"5\",9000000,1]]}\n");
	assert_got(&p, "{\"t\":\"lease\",\"id\":4,\"rows\":["
	    "[\"" ALL "\",0,\"0\",950000,1]]}\n");
	peer_close(&p);
	server_fixture_free(t);
}

TEST(session_leases_keys_that_are_much_wanted)
{
	struct server_fixture *t = server_fixture_new();
	struct peer a, b;

	server_fixture_put(t, limits);
	open_proxy(t, &a, "default/web-1");
	open_proxy(t, &b, "default/web-2");
	say(&a, "{\"t\":\"demand\",\"id\":1,\"rows\":["
	    "[\"" ALL "\",1,\"0\",0,0]]}\n");
	say(&b, "{\"t\":\"demand\",\"id\":1,\"rows\":["
	    "[\"" ALL "\",1,\"0\",0,0]]}\n");
	/* Little is wanted of 5, much of 6. */
	say(&a, "{\"t\":\"demand\",\"id\":2,\"seen\":1,\"rows\":["
	    "[\"" ALL "\",1,\"0\",0,2],[\"" ALL "\",1,\"5\",400000,2],"
	    "[\"" ALL "\",1,\"6\",7000000,2]]}\n");
	assert_null(strstr(str_ptr(&a.got), "\"5\""));
	assert_non_null(strstr(str_ptr(&a.got), "[\"" ALL "\",1,\"6\","));
	/* The other is told, although nobody asks it. */
	say(&b, "{\"t\":\"demand\",\"id\":2,\"seen\":1,\"rows\":["
	    "[\"" ALL "\",1,\"0\",0,2]]}\n");
	assert_non_null(strstr(str_ptr(&b.got),
	    "[\"" ALL "\",1,\"6\",33333,2]"));
	say(&b, "{\"t\":\"demand\",\"id\":3,\"seen\":2,\"rows\":["
	    "[\"" ALL "\",1,\"0\",0,2]]}\n");
	say(&a, "{\"t\":\"demand\",\"id\":3,\"seen\":2,\"rows\":["
	    "[\"" ALL "\",1,\"0\",0,2],"
	    "[\"" ALL "\",1,\"6\",7000000,2]]}\n");
	assert_non_null(strstr(str_ptr(&a.got),
	    "[\"" ALL "\",1,\"6\",933334,2]"));
	peer_close(&a);
	peer_close(&b);
	server_fixture_free(t);
}

/* However much a proxy says, and however often. */
TEST(session_bounds_what_demands_cost)
{
	struct server_fixture *t = server_fixture_new();
	struct str line = { 0 };
	struct peer p;

	server_fixture_put(t, limits);
	open_proxy(t, &p, "default/web-1");
	for (int i = 0; i < 20; i++) {
		str_clear(&line);
		str_addf(&line, "{\"t\":\"demand\",\"id\":%d,\"rows\":["
		    "[\"" ALL "\",1,\"0\",0,0]", i + 1);
		for (int j = 0; j < 100; j++)
			str_addf(&line, ",[\"" ALL "\",1,\"%x\",9000000,0]",
			    i * 100 + j + 1);
		str_add(&line, "]}\n");
		say(&p, str_ptr(&line));
	}
	size_t rows = 0;

	for (const char *at = str_ptr(&p.got);
	    (at = strstr(at, ALL)) != NULL; at++)
		rows++;
	assert_int_equal(rows, 1 + SYNC_QUOTA_HOT_MAX);
	str_fini(&line);
	peer_close(&p);
	server_fixture_free(t);
}

/* Its answers would all be kept for it. */
TEST(session_answers_no_demands_of_who_does_not_read)
{
	struct server_fixture *t = server_fixture_new();
	struct peer p;

	server_fixture_put(t, limits);
	open_proxy(t, &p, "default/web-1");
	session_paused(p.session, true);
	say(&p, "{\"t\":\"demand\",\"id\":1,\"rows\":["
	    "[\"" ALL "\",0,\"0\",0,0]]}\n");
	assert_got(&p, "");
	session_paused(p.session, false);
	say(&p, "{\"t\":\"demand\",\"id\":2,\"rows\":["
	    "[\"" ALL "\",0,\"0\",0,0]]}\n");
	assert_non_null(strstr(str_ptr(&p.got), "{\"t\":\"lease\",\"id\":2,"));
	peer_close(&p);
	server_fixture_free(t);
}
