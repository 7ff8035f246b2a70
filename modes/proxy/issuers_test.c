#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/unit.h"
#include "modes/proxy/issuers.h"
#include "modes/proxy/state.h"
#include "tls/web_server_test.h"

#define KEY(kid)							\
	"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"" kid "\",\"x\":"	\
	"\"lfMI9MZrznx4QtcHOySVyoQflvx6gZCLfhtrssKOPi0\",\"y\":"		\
	"\"ivOO6QcyF4e5ESw36zJ4tuqun4S0_rOP0_1oUK67D_4\"}]}"

/* An issuer in plain text on loopback, who says whatever the test says. */
struct world {
	struct loop           *loop;
	struct tls_handshaker *handshaker;
	struct web_server      server;
	const char            *body;	/* of the next answers; NULL: 503 */
	char                   answer[1024];
	struct issuers        *issuers;
	char                   dir[32];
	struct state           state;
	char                   url[64];
	struct model_jwt_rule  rule;
	int                    changed, settled, until;
	char                   source[128];
};

static const char *
answer(void *arg)
{
	struct world *w = arg;
	int n = snprintf(w->answer, sizeof(w->answer),
	    "HTTP/1.1 %s\r\ncontent-length: %zu\r\n\r\n%s",
	    w->body != NULL ? "200 OK" : "503 No", w->body == NULL ? 0 :
	    strlen(w->body), w->body == NULL ? "" : w->body);

	assert_true(n > 0 && (size_t)n < sizeof(w->answer));
	return w->answer;
}

static void
on_changed(void *arg)
{
	struct world *w = arg;

	w->changed++;
}

static void
on_settled(void *arg, struct slice source)
{
	struct world *w = arg;

	snprintf(w->source, sizeof(w->source), "%.*s", SLICE_ARG(source));
	if (++w->settled == w->until)
		loop_stop(w->loop);
}

static void
start(struct world *w)
{
	w->issuers = issuers_new(w->handshaker, NULL);
	issuers_start(w->issuers, &(struct issuers_owner){ .loop = w->loop,
	    .state = &w->state, .changed = on_changed, .settled = on_settled,
	    .arg = w });
}

static struct world *
world_new(void)
{
	struct world *w = mem_zalloc(sizeof(*w));
	struct err err = ERR_INIT;

	w->loop = loop_new("test");
	w->handshaker = tls_handshaker_new(1);
	w->server = (struct web_server){ .loop = w->loop, .answer = answer,
		.arg = w };
	web_server_open(&w->server);
	snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%d", w->server.port);
	snprintf(w->dir, sizeof(w->dir), "/tmp/mesh-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	assert_int_equal(state_open(&w->state, w->dir, &err), 0);
	w->rule = (struct model_jwt_rule){ .issuer = "A",
		.jwks_uri = w->url };
	start(w);
	return w;
}

static void
world_free(struct world *w)
{
	struct err err = ERR_INIT;

	issuers_stop(w->issuers);
	web_server_close(&w->server);
	tls_handshaker_free(w->handshaker);
	loop_free(w->loop);
	issuers_free(w->issuers);
	state_remove(&w->state, STATE_ISSUERS, &err);
	state_close(&w->state);
	rmdir(w->dir);
	mem_free(w);
}

/* One compilation: what it finds, "" for no key. */
static const char *
compiled(struct world *w)
{
	static char kid[64];
	struct slice source;

	issuers_begin(w->issuers);
	struct issuer_keys *k = issuers_keys(w->issuers, &w->rule, &source);

	assert_non_null(k);
	const struct jwk_set *set = issuer_keys_set(k);

	snprintf(kid, sizeof(kid), "%.*s", set->len == 0 ? 0 :
	    (int)set->v[0].kid.len, set->len == 0 ? "" : set->v[0].kid.ptr);
	issuer_keys_unref(k);
	issuers_end(w->issuers);
	return kid;
}

static void
run(struct world *w, int settled)
{
	w->until = w->settled + settled;
	loop_run(w->loop);
}

/* Another fetch, as a worker orders it. */
static void
want(struct world *w)
{
	issuers_want(w->issuers, slice_str(w->source));
	run(w, 1);
}

TEST(issuers_are_fetched_when_they_are_found_and_wanted)
{
	struct world *w = world_new();

	w->body = KEY("one");
	assert_string_equal(compiled(w), "");
	run(w, 1);
	assert_int_equal(w->server.asked, 1);
	assert_int_equal(w->changed, 1);
	assert_ptr_equal(strstr(w->source, "jwksUri http://127.0.0.1:"),
	    w->source);
	assert_string_equal(compiled(w), "one");
	want(w);
	assert_int_equal(w->server.asked, 2);
	assert_int_equal(w->changed, 1);	/* the same keys are no news */
	w->body = KEY("two");
	want(w);
	assert_int_equal(w->changed, 2);
	assert_string_equal(compiled(w), "two");
	world_free(w);
}

TEST(issuers_keep_the_last_good_keys_and_say_what_is_wrong)
{
	static const char *const bad[] = { NULL, "<html>", "{\"keys\":[]}",
		"{\"keys\":[{\"kty\":\"oct\",\"k\":\"eA\"}]}" };
	struct world *w = world_new();
	struct err err = ERR_INIT;

	compiled(w);
	run(w, 1);
	assert_int_equal(w->changed, 1);	/* that there are none is news */
	assert_true(issuers_fault(w->issuers, &w->rule, &err));
	assert_non_null(strstr(err.text, "none of its tokens is taken"));
	assert_non_null(strstr(err.text, "it answers 503"));
	w->body = KEY("one");
	want(w);
	assert_int_equal(w->changed, 2);
	assert_false(issuers_fault(w->issuers, &w->rule, &err));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		w->body = bad[i];
		want(w);
		assert_string_equal(compiled(w), "one");
		assert_true(issuers_fault(w->issuers, &w->rule, &err));
		assert_non_null(strstr(err.text, "stay in force"));
		assert_int_equal(w->changed, 3);	/* said once in a row */
	}
	world_free(w);
}

TEST(issuers_survive_a_restart)
{
	struct world *w = world_new();

	w->body = KEY("one");
	compiled(w);
	run(w, 1);
	issuers_free(w->issuers);
	w->body = NULL;
	start(w);
	assert_string_equal(compiled(w), "one");
	run(w, 1);
	assert_string_equal(compiled(w), "one");
	world_free(w);
}

TEST(issuers_that_nobody_looks_for_are_forgotten)
{
	struct world *w = world_new();
	struct slice source;

	w->body = KEY("one");
	compiled(w);
	run(w, 1);
	for (int i = 0; i < 2; i++) {
		issuers_begin(w->issuers);
		issuers_end(w->issuers);
	}
	/* Who waits for one is told so. */
	want(w);
	assert_int_equal(w->server.asked, 1);
	struct issuer_keys *k = issuers_keys(w->issuers, &w->rule, &source);

	assert_int_equal(issuer_keys_set(k)->len, 0);
	issuer_keys_unref(k);
	world_free(w);
}

static void
assert_asked(const struct world *w, const char *line)
{
	assert_ptr_equal(strstr(w->server.request, line), w->server.request);
}

TEST(issuers_tell_where_their_keys_are)
{
	struct world *w = world_new();
	char said[256];

	w->rule = (struct model_jwt_rule){ .issuer = w->url };
	snprintf(said, sizeof(said), "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/k\"}",
	    w->url, w->url);
	w->body = said;
	compiled(w);
	/* Its keys are what it says of itself: none. */
	run(w, 1);
	assert_int_equal(w->server.asked, 2);
	assert_asked(w, "GET /k HTTP/1.1\r\n");
	assert_ptr_equal(strstr(w->source, "issuer http://127"), w->source);
	said[strlen("{\"issuer\":\"http://")] = '2';
	w->settled = 0;
	want(w);
	assert_asked(w, "GET /.well-known/openid-configuration HTTP/1.1\r\n");
	world_free(w);
}
