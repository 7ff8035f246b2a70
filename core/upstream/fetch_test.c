#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/unit.h"
#include "pki/web.h"
#include "tls/edge_fixture_test.h"
#include "tls/web_server_test.h"
#include "upstream/fetch.h"

/*
 * A web server that answers by a script, whatever it is asked for, and one fetch
 * from it.  Its certificate is for *.example.com.
 */
struct world {
	struct loop           *loop;
	struct tls_handshaker *handshaker;
	struct web_server      server;
	struct resolve_files   files;
	char                   hosts[64];
	const char            *script[4];	/* one answer a connection */
	char                   url[128];

	int                    calls, status;
	enum err_kind          kind;
	char                   text[256], body[64], type[64];
	int64_t                max_age_s;
};

static const char *
answer(void *arg)
{
	const struct world *w = arg;
	size_t i = (size_t)w->server.asked - 1;

	assert_true(i < sizeof(w->script) / sizeof(w->script[0]));
	return w->script[i];
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

	w->loop = loop_new("test");
	w->handshaker = tls_handshaker_new(1);
	w->server = (struct web_server){ .loop = w->loop,
		.handshaker = w->handshaker, .answer = answer, .arg = w };
	if (is_tls) {
		w->server.edge = tls_edge_new();
		assert_int_equal(tls_edge_add(w->server.edge, SLICE(""),
		    slice_str(rsa_cert), slice_str(rsa_key), &err), 0);
	}
	web_server_open(&w->server);
	write_hosts(w);
	return w;
}

static void
world_free(struct world *w)
{
	web_server_close(&w->server);
	tls_handshaker_free(w->handshaker);
	loop_free(w->loop);
	tls_edge_unref(w->server.edge);
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
	snprintf(w->url, sizeof(w->url), "%s:%d%s", host, w->server.port, path);
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
	w->server.asked = w->calls = 0;
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
	assert_ptr_equal(strstr(w->server.request, "GET /k?x=1 HTTP/1.1\r\n"),
	    w->server.request);
	assert_non_null(strstr(w->server.request, "host: a.example.com:"));
	assert_non_null(strstr(w->server.request, "accept: application/json\r\n"));
	assert_null(strstr(w->server.request, "authorization"));
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
		assert_int_equal(w->server.asked, 0);
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
	assert_int_equal(w->server.asked, 1);
	assert_ptr_equal(strstr(w->server.request, "POST /token HTTP/1.1\r\n"),
	    w->server.request);
	assert_non_null(strstr(w->server.request, "authorization: Basic abc\r\n"));
	assert_non_null(strstr(w->server.request, "content-length: 7\r\n"));
	assert_non_null(strstr(w->server.request,
	    "content-type: application/x-www-form-urlencoded\r\n"));
	assert_non_null(strstr(w->server.request, "\r\n\r\na=x&b=y"));
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
		assert_int_equal(w->server.asked, v[i].asked);
		if (v[i].asked > 1)
			assert_ptr_equal(strstr(w->server.request, "GET /b HTTP"),
			    w->server.request);
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
	assert_int_equal(w->server.asked, 2);
	world_free(w);
}

TEST(another_server_does_not_learn_who_asks)
{
	struct world *w = world_new(false);
	struct fetch_request q = request(w, "http://127.0.0.1", "/a");
	char there[256];

	snprintf(there, sizeof(there), "HTTP/1.1 302 F\r\n"
	    "location: http://b.example.com:%d/\r\n"
	    "content-length: 0\r\n\r\n", w->server.port);
	q.allows_plain = true;
	q.redirects = 1;
	q.authorization = SLICE("Bearer abc");
	w->script[0] = there;
	w->script[1] = OK "content-length: 0\r\n\r\n";
	run(w, &q);
	assert_int_equal(w->status, 200);
	assert_non_null(strstr(w->server.request, "host: b.example.com:"));
	assert_null(strstr(w->server.request, "Bearer"));
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
	assert_int_equal(w->server.asked, 1);
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
