#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/unit.h"
#include "net/conn.h"
#include "net/listener.h"
#include "pki/web.h"
#include "tls/edge_fixture_test.h"
#include "tls/tls.h"
#include "upstream/fetch.h"

/*
 * A web server on loopback that answers by a script, whatever it is asked for,
 * and one fetch from it.  Its certificate is for *.example.com.
 */
struct world {
	struct loop           *loop;
	struct tls_handshaker *handshaker;
	struct tls_edge       *edge;	/* NULL: plain text */
	struct listener       *listener;
	struct listener_watch *watch;
	struct resolve_files   files;
	char                   hosts[64];
	int                    port;
	const char            *script[4];	/* one answer a connection */
	int                    asked;		/* connections that sent a head */
	char                   request[2048];	/* the last one, whole */
	char                   url[128];
	struct conn           *conn;		/* the last one, until it closed */
	bool                   is_over;

	int                    calls, status;
	enum err_kind          kind;
	char                   text[256], body[64], type[64];
	int64_t                max_age_s;
};

static void
on_data(struct conn *c, void *owner)
{
	struct world *w = owner;
	size_t n = buf_len(conn_in(c));

	assert_true(n < sizeof(w->request));
	buf_copy_out(conn_in(c), w->request, n);
	w->request[n] = '\0';
	const char *end = strstr(w->request, "\r\n\r\n"), *answer;

	/* A form is to be there whole. */
	if (end == NULL || (strncmp(w->request, "POST", 4) == 0 &&
	    strstr(end, "=y") == NULL))
		return;
	buf_drain(conn_in(c), n);
	assert_true((size_t)w->asked < sizeof(w->script) /
	    sizeof(w->script[0]));
	answer = w->script[w->asked++];
	if (answer == NULL)
		return;
	conn_write_bytes(c, answer, strlen(answer));
	conn_shutdown(c);
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
on_handshake(void *arg, struct tls_result *t)
{
	struct world *w = arg;

	if (t->failure == TLS_OK && !w->is_over)
		w->conn = conn_attach(w->loop, &t->image, &tls_transport,
		    &server_ops, w);
}

static void
on_accepted(void *arg, int fd, const struct addr *peer)
{
	static const char *const alpn[] = { "http/1.1", NULL };
	struct world *w = arg;
	const struct tls_request q = {
		.is_server = true, .edge = w->edge, .alpn = alpn,
	};

	if (w->edge == NULL)
		w->conn = conn_accept(w->loop, fd, peer,
		    listener_addr(w->listener), &server_ops, w);
	else
		tls_handshake_start(w->handshaker, fd, &q, w->loop,
		    on_handshake, w);
}

static void
write_hosts(struct world *w)
{
	snprintf(w->hosts, sizeof(w->hosts), "/tmp/mesh-fetch-%d", getpid());
	FILE *f = fopen(w->hosts, "w");

	assert_non_null(f);
	fputs("127.0.0.1 a.example.com b.example.com example.org\n"
	    "192.0.2.1 far.example.com\n"
	    "::1 twice.example.com\n127.0.0.1 twice.example.com\n", f);
	fclose(f);
	w->files = (struct resolve_files){ w->hosts, w->hosts };
}

static struct world *
world_new(bool is_tls)
{
	struct world *w = mem_zalloc(sizeof(*w));
	struct err err = ERR_INIT;
	struct addr at;

	w->loop = loop_new("test");
	w->handshaker = tls_handshaker_new(1);
	if (is_tls) {
		w->edge = tls_edge_new();
		assert_int_equal(tls_edge_add(w->edge, SLICE(""),
		    slice_str(rsa_cert), slice_str(rsa_key), &err), 0);
	}
	assert_int_equal(addr_parse(SLICE("127.0.0.1:0"), &at, &err), 0);
	w->listener = listener_open(&at, 16, &err);
	assert_non_null(w->listener);
	w->port = addr_port(listener_addr(w->listener));
	w->watch = listener_watch(w->listener, w->loop, on_accepted, w);
	write_hosts(w);
	return w;
}

static void
world_free(struct world *w)
{
	w->is_over = true;
	listener_unwatch(w->watch);
	listener_close(w->listener);
	tls_handshaker_free(w->handshaker);
	if (w->conn != NULL)
		conn_close(w->conn, CLOSE_LOCAL);
	loop_free(w->loop);
	tls_edge_unref(w->edge);
	unlink(w->hosts);
	mem_free(w);
}

static void
on_done(void *arg, const struct fetch_result *r)
{
	struct world *w = arg;

	w->calls++;
	w->kind = r->err.kind;
	w->status = r->status;
	w->max_age_s = r->max_age_s;
	snprintf(w->text, sizeof(w->text), "%.255s",
	    r->err.kind != ERR_NONE ? r->err.text : "");
	snprintf(w->body, sizeof(w->body), "%.*s", SLICE_ARG(r->body));
	snprintf(w->type, sizeof(w->type), "%.*s", SLICE_ARG(r->content_type));
	loop_stop(w->loop);
}

/* %d in the URL is the server's port. */
static struct fetch_request
request(struct world *w, const char *host, const char *path)
{
	snprintf(w->url, sizeof(w->url), "%s:%d%s", host, w->port, path);
	return (struct fetch_request){
		.handshaker = w->handshaker, .url = slice_str(w->url),
		.timeout_ms = 60000, .body_max = 32, .files = &w->files,
	};
}

static struct web_roots *
roots(const char *pem)
{
	struct web_roots *r = web_roots_new();
	struct err err = ERR_INIT;

	assert_int_equal(web_roots_add(r, slice_str(pem), &err), 0);
	return r;
}

static void
run(struct world *w, const struct fetch_request *q)
{
	w->asked = w->calls = 0;
	fetch_start(w->loop, q, on_done, w);
	assert_int_equal(w->calls, 0);
	loop_run(w->loop);
	assert_int_equal(w->calls, 1);
}

#define OK "HTTP/1.1 200 OK\r\n"

TEST(a_document_is_fetched_from_a_server_that_is_verified)
{
	struct world *w = world_new(true);
	struct fetch_request q = request(w, "https://a.example.com", "/k?x=1");

	q.roots = roots(rsa_cert);
	q.accept = SLICE("application/json");
	w->script[0] = OK "content-type: application/json\r\n"
	    "cache-control: public, max-age=300\r\ncontent-length: 2\r\n\r\n{}";
	run(w, &q);
	assert_string_equal(w->text, "");
	assert_int_equal(w->status, 200);
	assert_string_equal(w->body, "{}");
	assert_string_equal(w->type, "application/json");
	assert_int_equal(w->max_age_s, 300);
	assert_ptr_equal(strstr(w->request, "GET /k?x=1 HTTP/1.1\r\n"),
	    w->request);
	assert_non_null(strstr(w->request, "host: a.example.com:"));
	assert_non_null(strstr(w->request, "accept: application/json\r\n"));
	assert_null(strstr(w->request, "authorization"));
	web_roots_unref(q.roots);
	world_free(w);
}

TEST(a_server_that_is_not_who_it_must_be_is_told_nothing)
{
	static const struct {
		const char *root, *host, *why;
		enum err_kind kind;
	} v[] = {
		{ p384_cert, "https://a.example.com", "no root", ERR_DENIED },
		{ rsa_cert, "https://example.org", "host", ERR_DENIED },
		{ rsa_cert, "https://127.0.0.1", "host", ERR_DENIED },
		{ NULL, "https://a.example.com", "no authority", ERR_CONFIG },
		{ rsa_cert, "http://a.example.com", "not https", ERR_CONFIG },
		{ rsa_cert, "ldap://a.example.com", "no URL", ERR_DATA },
	};
	struct world *w = world_new(true);

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct fetch_request q = request(w, v[i].host, "/");

		q.roots = v[i].root != NULL ? roots(v[i].root) : NULL;
		run(w, &q);
		assert_int_equal(w->kind, v[i].kind);
		if (strstr(w->text, v[i].why) == NULL)
			fail_msg("%s: %s", v[i].host, w->text);
		assert_int_equal(w->asked, 0);
		web_roots_unref(q.roots);
	}
	world_free(w);
}

TEST(plain_text_is_for_loopback_and_for_those_who_ask)
{
	struct world *w = world_new(false);
	struct fetch_request q = request(w, "http://a.example.com", "/");

	w->script[0] = OK "content-length: 1\r\n\r\nx";
	q.allows_plain = true;
	run(w, &q);
	assert_int_equal(w->status, 200);
	assert_int_equal(w->max_age_s, -1);
	q = request(w, "http://far.example.com", "/");
	q.allows_plain = true;
	run(w, &q);
	assert_int_equal(w->kind, ERR_DENIED);
	assert_non_null(strstr(w->text, "loopback"));
	world_free(w);
}

TEST(a_form_is_posted_with_who_asks)
{
	struct world *w = world_new(false);
	struct fetch_request q = request(w, "http://127.0.0.1", "/token");

	q.allows_plain = true;
	q.form = SLICE("a=x&b=y");
	q.authorization = SLICE("Basic abc");
	q.redirects = 3;
	w->script[0] = "HTTP/1.1 302 Found\r\nlocation: /other\r\n"
	    "content-length: 0\r\n\r\n";
	run(w, &q);
	assert_int_equal(w->status, 302);	/* the secret goes nowhere else */
	assert_int_equal(w->asked, 1);
	assert_ptr_equal(strstr(w->request, "POST /token HTTP/1.1\r\n"),
	    w->request);
	assert_non_null(strstr(w->request, "authorization: Basic abc\r\n"));
	assert_non_null(strstr(w->request, "content-length: 7\r\n"));
	assert_non_null(strstr(w->request,
	    "content-type: application/x-www-form-urlencoded\r\n"));
	assert_non_null(strstr(w->request, "\r\n\r\na=x&b=y"));
	world_free(w);
}

TEST(redirects_are_followed_as_far_as_is_allowed)
{
	static const char again[] = "HTTP/1.1 307 T\r\nlocation: /b#c\r\n"
	    "content-length: 0\r\n\r\n";
	static const char to_tls[] = "HTTP/1.1 302 F\r\n"
	    "location: https://a.example.com/\r\ncontent-length: 0\r\n\r\n";
	static const char done[] = OK "content-length: 1\r\n\r\nx";
	static const struct {
		const char *script[4];
		int         redirects, asked, status;
	} v[] = {
		{ { again, done }, 1, 2, 200 },
		{ { again, again, again, done }, 3, 4, 200 },
		{ { again, again, again, again }, 9, 4, 307 },
		{ { again, done }, 0, 1, 307 },
		{ { to_tls, done }, 3, 1, 302 },
	};
	struct world *w = world_new(false);

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct fetch_request q = request(w, "http://127.0.0.1", "/a");

		q.allows_plain = true;
		q.redirects = v[i].redirects;
		memcpy(w->script, v[i].script, sizeof(w->script));
		run(w, &q);
		assert_int_equal(w->status, v[i].status);
		assert_int_equal(w->asked, v[i].asked);
		if (v[i].asked > 1)
			assert_ptr_equal(strstr(w->request, "GET /b HTTP"),
			    w->request);
	}
	world_free(w);
}

/* localhost's other address has nobody. */
TEST(redirects_are_followed_from_the_second_address_too)
{
	struct world *w = world_new(false);
	struct fetch_request q = request(w, "http://twice.example.com", "/a");

	q.allows_plain = true;
	q.redirects = 1;
	w->script[0] = "HTTP/1.1 302 F\r\nlocation: /b\r\n"
	    "content-length: 0\r\n\r\n";
	w->script[1] = OK "content-length: 1\r\n\r\nx";
	run(w, &q);
	assert_string_equal(w->text, "");
	assert_int_equal(w->status, 200);
	assert_int_equal(w->asked, 2);
	world_free(w);
}

TEST(another_server_does_not_learn_who_asks)
{
	struct world *w = world_new(false);
	struct fetch_request q = request(w, "http://127.0.0.1", "/a");
	char there[256];

	snprintf(there, sizeof(there), "HTTP/1.1 302 F\r\n"
	    "location: http://b.example.com:%d/\r\n"
	    "content-length: 0\r\n\r\n", w->port);
	q.allows_plain = true;
	q.redirects = 1;
	q.authorization = SLICE("Bearer abc");
	w->script[0] = there;
	w->script[1] = OK "content-length: 0\r\n\r\n";
	run(w, &q);
	assert_int_equal(w->status, 200);
	assert_non_null(strstr(w->request, "host: b.example.com:"));
	assert_null(strstr(w->request, "Bearer"));
	world_free(w);
}

TEST(answers_are_bounded_and_must_be_whole)
{
	static const struct {
		const char   *script;
		enum err_kind kind;
	} v[] = {
		{ OK "content-length: 33\r\n\r\n"
		    "0123456789012345678901234567890123456789", ERR_TOO_LARGE },
		{ OK "content-length: 5\r\n\r\nabc", ERR_UNAVAILABLE },
		{ "nonsense\r\n\r\n", ERR_UNAVAILABLE },
		{ "", ERR_UNAVAILABLE },
	};
	struct world *w = world_new(false);

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct fetch_request q = request(w, "http://127.0.0.1", "/a");

		q.allows_plain = true;
		w->script[0] = v[i].script;
		run(w, &q);
		assert_int_equal(w->kind, v[i].kind);
		assert_int_equal(w->status, 0);
	}
	world_free(w);
}

TEST(a_server_that_is_silent_is_waited_for_until_the_deadline)
{
	struct world *w = world_new(false);
	struct fetch_request q = request(w, "http://127.0.0.1", "/a");

	q.allows_plain = true;
	q.timeout_ms = 20;
	run(w, &q);
	assert_int_equal(w->kind, ERR_UNAVAILABLE);
	assert_int_equal(w->asked, 1);
	world_free(w);
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

TEST(a_fetch_that_is_given_up_says_nothing)
{
	struct world *w = world_new(true);
	struct fetch_request q = request(w, "https://a.example.com", "/");

	q.roots = roots(rsa_cert);
	fetch_cancel(fetch_start(w->loop, &q, on_done, w));
	fetch_cancel(NULL);
	loop_post(w->loop, stop, w->loop);
	loop_run(w->loop);
	assert_int_equal(w->calls, 0);
	web_roots_unref(q.roots);
	world_free(w);
}
