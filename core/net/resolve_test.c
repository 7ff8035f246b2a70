#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unit.h"
#include "loop/event_base.h"
#include "net/resolve.h"

/* A loop, a DNS server on it, and files that point there. */
struct world {
	struct loop              *loop;
	struct evdns_server_port *server;
	int                       fd;
	bool                      is_silent;
	struct resolve_files      files;
	char                      hosts[64], resolv_conf[64];
	int                       calls, n, asked;
	char                      text[256];	/* all addresses */
	char                      why[128];
};

static void
answer(struct evdns_server_request *req, void *arg)
{
	static const unsigned char v4[] = { 10, 0, 0, 1, 10, 0, 0, 2 };
	static const unsigned char v6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 9 };
	struct world *w = arg;
	const char *name = req->questions[0]->name;
	int type = req->questions[0]->type, result = 0;

	w->asked++;
	if (w->is_silent) {
		evdns_server_request_drop(req);
		loop_stop(w->loop);
		return;
	}
	if (strncasecmp(name, "both.", 5) == 0 && type == EVDNS_TYPE_A)
		evdns_server_request_add_a_reply(req, name, 2, v4, 60);
	else if (strncasecmp(name, "both.", 5) == 0)
		evdns_server_request_add_aaaa_reply(req, name, 1, v6, 60);
	else if (strncasecmp(name, "four.", 5) == 0 && type == EVDNS_TYPE_A)
		evdns_server_request_add_a_reply(req, name, 1, v4, 60);
	else if (strncasecmp(name, "four.", 5) != 0)
		result = 3;	/* NXDOMAIN */
	evdns_server_request_respond(req, result);
}

static void
write_file(char path[64], const char *kind, const char *text)
{
	snprintf(path, 64, "/tmp/mesh-%s-%d", kind, getpid());
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
world_start(struct world *w)
{
	struct addr a;
	struct err err;
	char conf[128];

	w->loop = loop_new("test");
	w->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	addr_parse(SLICE("127.0.0.1:0"), &a, &err);
	assert_int_equal(bind(w->fd, &a.sa, a.len), 0);
	assert_int_equal(getsockname(w->fd, &a.sa, &a.len), 0);
	w->server = evdns_add_server_port_with_base(loop_base(w->loop), w->fd,
	    0, answer, w);
	snprintf(conf, sizeof(conf), "# test\nnameserver 127.0.0.1:%d\n"
	    "search mesh.test\n", addr_port(&a));
	write_file(w->resolv_conf, "resolv", conf);
	write_file(w->hosts, "hosts", "# comment\n"
	    "127.0.0.7\tseven Alias # not-a-name\n"
	    "::7 seven\nrubbish seven\n\n   \n10.9.9.9 other\n");
	w->files = (struct resolve_files){ w->hosts, w->resolv_conf };
}

static void
world_end(struct world *w)
{
	evdns_close_server_port(w->server);
	close(w->fd);
	loop_free(w->loop);
	unlink(w->hosts);
	unlink(w->resolv_conf);
}

static void
on_resolved(void *arg, const struct addr *addrs, int n, const char *why)
{
	struct world *w = arg;
	size_t at = 0;

	w->calls++;
	w->n = n;
	w->text[0] = '\0';
	for (int i = 0; i < n; i++) {
		char one[ADDR_TEXT_MAX];

		addr_format(&addrs[i], one);
		at += (size_t)snprintf(w->text + at, sizeof(w->text) - at,
		    "%s%.60s", i ? " " : "", one);
	}
	assert_int_equal(why == NULL, n > 0);
	snprintf(w->why, sizeof(w->why), "%s", why ? why : "");
	loop_stop(w->loop);
}

TEST(resolve_finds_names)
{
	static const struct { const char *host, *addrs; } cases[] = {
		{ "127.0.0.1", "127.0.0.1:80" }, { "::1", "[::1]:80" },
		{ "seven", "127.0.0.7:80 [::7]:80" },
		{ "SEVEN", "127.0.0.7:80 [::7]:80" },
		{ "alias", "127.0.0.7:80" },
		{ "localhost", "127.0.0.1:80 [::1]:80" },
		{ "both.example", "10.0.0.1:80 10.0.0.2:80 [2001:db8::9]:80" },
		{ "four.example", "10.0.0.1:80" },
		{ "four", "10.0.0.1:80" },	/* four.mesh.test */
		{ "nobody.example", "" }, { "", "" }, { "two words", "" },
		{ "not-a-name", "" },
	};
	struct world w = { 0 };

	world_start(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		w.calls = 0;
		resolve_start_with(&w.files, w.loop, slice_str(cases[i].host),
		    80, on_resolved, &w);
		assert_int_equal(w.calls, 0);
		loop_run(w.loop);
		assert_int_equal(w.calls, 1);
		assert_string_equal(w.text, cases[i].addrs);
		assert_int_equal(w.why[0] == '\0', w.n > 0);
	}
	world_end(&w);
}

TEST(resolve_cancelled_is_not_told)
{
	struct world w = { .is_silent = true };
	struct resolve *r;

	world_start(&w);
	resolve_cancel(resolve_start_with(&w.files, w.loop, SLICE("seven"), 1,
	    on_resolved, &w));
	resolve_cancel(resolve_start_with(&w.files, w.loop,
	    SLICE("both.example"), 1, on_resolved, &w));
	r = resolve_start_with(&w.files, w.loop, SLICE("four.example"), 1,
	    on_resolved, &w);
	while (w.asked < 2)
		loop_run(w.loop);
	resolve_cancel(r);
	w.is_silent = false;
	resolve_start_with(&w.files, w.loop, SLICE("four.example"), 1,
	    on_resolved, &w);
	loop_run(w.loop);
	assert_int_equal(w.calls, 1);
	assert_int_equal(w.n, 1);
	/* One that is on its way when the loop ends. */
	resolve_cancel(resolve_start_with(&w.files, w.loop, SLICE("both.x"), 1,
	    on_resolved, &w));
	world_end(&w);
}
