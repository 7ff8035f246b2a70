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
#include "net/conn.h"
#include "net/listener.h"
#include "tls/tls.h"

#define KEY(kid)							\
	"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"" kid "\",\"x\":"	\
	"\"lfMI9MZrznx4QtcHOySVyoQflvx6gZCLfhtrssKOPi0\",\"y\":"		\
	"\"ivOO6QcyF4e5ESw36zJ4tuqun4S0_rOP0_1oUK67D_4\"}]}"

/* An issuer in plain text on loopback, who says whatever the test says. */
struct world {
	struct loop           *loop;
	struct tls_handshaker *handshaker;
	struct listener       *listener;
	struct listener_watch *watch;
	struct conn           *conn;
	const char            *body;	/* of the next answers; NULL: 503 */
	int                    asked;
	char                   asked_for[64];	/* the last request's first line */
	struct issuers        *issuers;
	char                   dir[32];
	struct state           state;
	char                   url[64];
	struct model_jwt_rule  rule;
	int                    changed, settled, until;
	char                   source[128];
};

static void
on_data(struct conn *c, void *owner)
{
	struct world *w = owner;
	struct str answer = { 0 };
	struct slice all = buf_pull(conn_in(c), buf_len(conn_in(c))), line;

	if (memmem(all.ptr, all.len, "\r\n\r\n", 4) == NULL)
		return;
	slice_cut(&all, '\r', &line);
	snprintf(w->asked_for, sizeof(w->asked_for), "%.*s",
	    SLICE_ARG(line));
	buf_drain(conn_in(c), buf_len(conn_in(c)));
	w->asked++;
	str_addf(&answer, "HTTP/1.1 %s\r\ncontent-length: %zu\r\n\r\n%s",
	    w->body != NULL ? "200 OK" : "503 No", w->body == NULL ? 0 :
	    strlen(w->body), w->body == NULL ? "" : w->body);
	conn_write_bytes(c, answer.ptr, answer.len);
	conn_shutdown(c);
	str_fini(&answer);
}

static void
on_closed(struct conn *c, void *owner, enum close_reason why)
{
	struct world *w = owner;

	(void)why;
	if (w->conn == c)
		w->conn = NULL;
}

static const struct conn_ops server_ops = { on_data, NULL, on_closed };

static void
on_accepted(void *arg, int fd, const struct addr *peer)
{
	struct world *w = arg;

	w->conn = conn_accept(w->loop, fd, peer, listener_addr(w->listener),
	    &server_ops, w);
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
	struct addr at;

	w->loop = loop_new("test");
	w->handshaker = tls_handshaker_new(1);
	assert_int_equal(addr_parse(SLICE("127.0.0.1:0"), &at, &err), 0);
	w->listener = listener_open(&at, 16, &err);
	assert_non_null(w->listener);
	w->watch = listener_watch(w->listener, w->loop, on_accepted, w);
	snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%d",
	    addr_port(listener_addr(w->listener)));
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
	listener_unwatch(w->watch);
	listener_close(w->listener);
	if (w->conn != NULL)
		conn_close(w->conn, CLOSE_LOCAL);
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
	assert_int_equal(w->asked, 1);
	assert_int_equal(w->changed, 1);
	assert_ptr_equal(strstr(w->source, "jwksUri http://127.0.0.1:"),
	    w->source);
	assert_string_equal(compiled(w), "one");
	want(w);
	assert_int_equal(w->asked, 2);
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
	assert_int_equal(w->asked, 1);
	struct issuer_keys *k = issuers_keys(w->issuers, &w->rule, &source);

	assert_int_equal(issuer_keys_set(k)->len, 0);
	issuer_keys_unref(k);
	world_free(w);
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
	assert_int_equal(w->asked, 2);
	assert_string_equal(w->asked_for, "GET /k HTTP/1.1");
	assert_ptr_equal(strstr(w->source, "issuer http://127"), w->source);
	said[strlen("{\"issuer\":\"http://")] = '2';
	w->settled = 0;
	want(w);
	assert_string_equal(w->asked_for,
	    "GET /.well-known/openid-configuration HTTP/1.1");
	world_free(w);
}
