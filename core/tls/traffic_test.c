#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/unit.h"
#include "pki/pem.h"
#include "tls/meet_test.h"

/*
 * Bytes over attached connections: between two ends of ours, and with
 * OpenSSL as the foreign peer.
 */

/* --- both ends ours ---------------------------------------------------- */

#define TRAFFIC	(10 * 1024 * 1024)
#define CHUNK	(48 * 1024)

struct end {
	struct conn *conn;
	size_t       sent, got;
	bool         has_closed;
	bool        *is_over;
	struct end  *other;
};

static unsigned char
byte_at(size_t i)
{
	return (unsigned char)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

static void
send_more(struct end *e)
{
	unsigned char chunk[CHUNK];

	while (e->sent < TRAFFIC) {
		size_t n = TRAFFIC - e->sent < CHUNK ? TRAFFIC - e->sent :
		    CHUNK;

		for (size_t i = 0; i < n; i++)
			chunk[i] = byte_at(e->sent + i);
		e->sent += n;
		if (!conn_write_bytes(e->conn, chunk, n))
			return;
	}
	conn_shutdown(e->conn);
}

static void
on_data(struct conn *c, void *owner)
{
	struct end *e = owner;
	struct buf_seg *it = NULL;
	struct slice s;

	while (buf_next(conn_in(c), &it, &s)) {
		for (size_t i = 0; i < s.len; i++) {
			if ((unsigned char)s.ptr[i] != byte_at(e->got + i))
				fail_msg("byte %zu is wrong", e->got + i);
		}
		e->got += s.len;
	}
	buf_drain(conn_in(c), buf_len(conn_in(c)));
}

static void
on_drained(struct conn *c, void *owner)
{
	(void)c;
	send_more(owner);
}

static void
on_closed(struct conn *c, void *owner, enum close_reason why)
{
	struct end *e = owner;

	assert_int_equal(why, CLOSE_FINISHED);
	e->has_closed = true;
	if (e->other->has_closed)
		loop_stop(conn_loop(c));
}

static const struct conn_ops end_ops = { on_data, on_drained, on_closed };

TEST(ten_megabytes_each_way)
{
	struct meet *m = meet_new();
	struct end a = { 0 }, b = { .other = &a };

	a.other = &b;
	meet_run(m);
	assert_int_equal(m->client.result.failure, TLS_OK);
	a.conn = conn_attach(m->loop, &m->client.result.image, &tls_transport,
	    &end_ops, &a);
	b.conn = conn_attach(m->loop, &m->server.result.image, &tls_transport,
	    &end_ops, &b);
	send_more(&a);
	send_more(&b);
	loop_run(m->loop);
	assert_int_equal(a.got, TRAFFIC);
	assert_int_equal(b.got, TRAFFIC);
	meet_free(m);
}

/* --- OpenSSL ----------------------------------------------------------- */

struct foreign {
	struct meet *meet;
	char         dir[64];
	FILE        *program;
	struct str   said;
};

static void
save(struct foreign *f, const char *name, struct slice text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text.ptr, 1, text.len, file), text.len);
	fclose(file);
}

static struct foreign
foreign_new(const char *id)
{
	struct foreign f = { 0 };
	struct test_leaf leaf = { .id = id };
	struct str chain = { 0 }, key = { 0 }, inter = { 0 };

	if (system("openssl version >/dev/null 2>&1") != 0)
		skip();
	f.meet = meet_new();
	strcpy(f.dir, "/tmp/mesh-tls-XXXXXX");
	assert_non_null(mkdtemp(f.dir));
	test_leaf_pem(&f.meet->ca, &leaf, &chain, &key);
	save(&f, "chain", str_slice(&chain));
	pem_add(&inter, PEM_LABEL_CERT, str_slice(&f.meet->ca.inter_der));
	save(&f, "inter", str_slice(&inter));
	str_fini(&inter);
	save(&f, "key", str_slice(&key));
	save(&f, "root", str_slice(&f.meet->ca.bundle_pem));
	save(&f, "line", SLICE("hello\n"));
	str_fini(&chain);
	str_fini(&key);
	return f;
}

static void
foreign_free(struct foreign *f)
{
	static const char *const names[] = { "chain", "key", "root", "line",
	    "inter", "session", "csr" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
		unlink(path);
	}
	rmdir(f->dir);
	meet_free(f->meet);
	str_fini(&f->said);
}

static void
foreign_run(struct foreign *f, const char *fmt, ...)
{
	struct str cmd = { 0 };
	va_list ap;

	str_addf(&cmd, "cd %s && exec openssl ", f->dir);
	va_start(ap, fmt);
	str_vaddf(&cmd, fmt, ap);
	va_end(ap);
	f->program = popen(str_ptr(&cmd), "r");
	assert_non_null(f->program);
	str_fini(&cmd);
}

/* Reads what it says, up to this word or its end. */
static bool
foreign_says(struct foreign *f, const char *word)
{
	int c;

	while ((c = fgetc(f->program)) != EOF) {
		str_add_char(&f->said, (char)c);
		if (c == '\n' && strstr(str_ptr(&f->said), word) != NULL)
			return true;
	}
	return strstr(str_ptr(&f->said), word) != NULL;
}

static int
listen_anywhere(int *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (void *)&in, sizeof(in)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (void *)&in, &len), 0);
	*port = ntohs(in.sin_port);
	return fd;
}

static int
accept_one(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	assert_true(fd >= 0);
	close(listener);
	return fd;
}

struct talk {
	const char  *want, *reply;	/* reply: say this, then end */
	struct str   got;
	enum close_reason why;
};

static void
talk_on_data(struct conn *c, void *owner)
{
	struct talk *t = owner;
	struct slice s;

	while ((s = buf_front(conn_in(c))).len > 0) {
		str_add_slice(&t->got, s);
		buf_drain(conn_in(c), s.len);
	}
	if (t->want == NULL || !slice_is(str_slice(&t->got), t->want))
		return;
	t->want = NULL;
	if (t->reply != NULL)
		conn_write_bytes(c, t->reply, strlen(t->reply));
	conn_close_linger(c, CLOSE_LOCAL);
}

static void
talk_on_closed(struct conn *c, void *owner, enum close_reason why)
{
	struct talk *t = owner;

	t->why = why;
	loop_stop(conn_loop(c));
}

static const struct conn_ops talk_ops = {
	talk_on_data, NULL, talk_on_closed
};

static void
talk(struct meet_end *e, struct talk *t, const char *first)
{
	struct conn *c = conn_attach(e->meet->loop, &e->result.image,
	    &tls_transport, &talk_ops, t);

	if (first != NULL)
		conn_write_bytes(c, first, strlen(first));
	loop_run(e->meet->loop);
}

/* s_client says "hello", we say "world". */
static void
with_client(struct foreign *f, const char *alpn, const char *options,
    bool want_resumed)
{
	struct meet_end *e = &f->meet->server;
	struct talk t = { .want = "hello\n", .reply = "world\n" };
	int port, listener = listen_anywhere(&port);

	foreign_run(f, "s_client -connect 127.0.0.1:%d -tls1_2 -CAfile root "
	    "-verify_return_error -cert chain -cert_chain inter -key key "
	    "-servername 80.b.x.mesh -ign_eof -alpn %s %s <line 2>&1", port,
	    alpn, options);
	meet_start_fd(f->meet, e, accept_one(listener));
	meet_wait(f->meet);
	if (e->result.failure != TLS_OK)
		fail_msg("%s", e->result.text);
	assert_string_equal(e->result.image.peer->id, "spiffe://td/ns/x/sa/a");
	assert_string_equal(e->result.image.peer->sni, "80.b.x.mesh");
	assert_string_equal(e->result.image.peer->alpn, alpn);
	assert_int_equal(e->result.image.peer->is_resumed, want_resumed);
	talk(e, &t, NULL);
	assert_true(foreign_says(f, "world"));
	foreign_says(f, "never said");
	str_fini(&t.got);
	pclose(f->program);
	str_clear(&f->said);
}

TEST(openssl_as_client)
{
	struct foreign f = foreign_new("spiffe://td/ns/x/sa/a");

	with_client(&f, "h2", "-cipher ECDHE-ECDSA-AES128-GCM-SHA256 "
	    "-sess_out session", false);
	with_client(&f, "h2", "-sess_in session", true);
	with_client(&f, "http/1.1", "-sess_in session", false);
	with_client(&f, "h2", "-cipher ECDHE-ECDSA-CHACHA20-POLY1305 "
	    "-sess_in session", false);
	with_client(&f, "h2", "-cipher ECDHE-ECDSA-CHACHA20-POLY1305", false);
	foreign_free(&f);
}

static void
refuse_client(struct foreign *f, const char *options, enum tls_failure want)
{
	struct meet_end *e = &f->meet->server;
	int port, listener = listen_anywhere(&port);

	foreign_run(f, "s_client -connect 127.0.0.1:%d %s <line 2>&1", port,
	    options);
	meet_start_fd(f->meet, e, accept_one(listener));
	meet_wait(f->meet);
	assert_string_equal(tls_failure_name(e->result.failure),
	    tls_failure_name(want));
	foreign_says(f, "never said");
	pclose(f->program);
}

TEST(openssl_as_client_that_is_refused)
{
	struct foreign f = foreign_new("spiffe://td/ns/x/sa/a");

	refuse_client(&f, "-tls1_2 -alpn h2", TLS_FAIL_NO_CERT);
	assert_non_null(strstr(str_ptr(&f.said), "alert"));
	refuse_client(&f, "-tls1_2 -cert chain -cert_chain inter -key key",
	    TLS_FAIL_NO_ALPN);
	refuse_client(&f, "-tls1_3 -alpn h2", TLS_FAIL_PROTOCOL);
	refuse_client(&f, "-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384",
	    TLS_FAIL_PROTOCOL);
	refuse_client(&f, "-tls1_2 -curves X25519", TLS_FAIL_PROTOCOL);
	refuse_client(&f, "-tls1_2 -alpn h2 -maxfraglen 512 -cert chain "
	    "-cert_chain inter -key key", TLS_FAIL_PROTOCOL);
	foreign_free(&f);
}

/* Our CA's key, but a purpose that is not a client's (CVE-2022-21657). */
TEST(openssl_as_client_with_a_server_only_certificate)
{
	struct foreign f = foreign_new("spiffe://td/ns/x/sa/a");
	struct str key = { 0 };
	char cmd[1024];

	key_pem(&key, &f.meet->ca.inter_key);
	save(&f, "line", str_slice(&key));
	save(&f, "session", SLICE("basicConstraints=critical,CA:false\n"
	    "keyUsage=critical,digitalSignature\n"
	    "extendedKeyUsage=serverAuth\n"
	    "subjectAltName=critical,URI:spiffe://td/ns/x/sa/a\n"));
	snprintf(cmd, sizeof(cmd), "cd %s && openssl req -new -key key "
	    "-subj / -out csr 2>/dev/null && openssl x509 -req -in csr "
	    "-CA inter -CAkey line -days 1 -sha256 -extfile session "
	    "-out chain >/dev/null 2>&1", f.dir);
	assert_int_equal(system(cmd), 0);
	refuse_client(&f, "-tls1_2 -alpn h2 -cert chain -cert_chain inter "
	    "-key key", TLS_FAIL_CERT);
	assert_string_equal(f.meet->server.result.cert_reason,
	    "extended-key-usage");
	str_fini(&key);
	foreign_free(&f);
}

static int
dial(int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons((uint16_t)port);
	assert_int_equal(connect(fd, (void *)&in, sizeof(in)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

/* s_server says every line backwards; twice, for a resumed session. */
static void
with_server(const char *cipher)
{
	struct foreign f = foreign_new("spiffe://td/ns/x/sa/b");
	struct meet_end *e = &f.meet->client;
	const char *colon;

	foreign_run(&f, "s_server -accept 127.0.0.1:0 -naccept 2 -rev "
	    "-tls1_2 -cert chain -cert_chain inter -key key -CAfile root "
	    "-Verify 3 -verify_return_error -alpn h2 -cipher %s 2>&1",
	    cipher);
	assert_true(foreign_says(&f, "ACCEPT"));
	colon = strrchr(str_ptr(&f.said), ':');
	assert_non_null(colon);
	for (int round = 0; round < 2; round++) {
		struct talk t = { .want = "olleh\n" };

		meet_start_fd(f.meet, e, dial(atoi(colon + 1)));
		meet_wait(f.meet);
		if (e->result.failure != TLS_OK)
			fail_msg("%s", e->result.text);
		assert_string_equal(e->result.image.peer->id,
		    "spiffe://td/ns/x/sa/b");
		assert_int_equal(e->result.image.peer->is_resumed, round);
		talk(e, &t, "hello\n");
		assert_string_equal(str_ptr(&t.got), "olleh\n");
		str_fini(&t.got);
	}
	foreign_says(&f, "never said");
	pclose(f.program);
	foreign_free(&f);
}

TEST(openssl_as_server)
{
	with_server("ECDHE-ECDSA-AES128-GCM-SHA256 -no_ticket");
	with_server("ECDHE-ECDSA-CHACHA20-POLY1305 -no_ticket");
}

TEST(openssl_as_an_impostor)
{
	struct foreign f = foreign_new("spiffe://td/ns/x/sa/c");
	struct meet_end *e = &f.meet->client;

	foreign_run(&f, "s_server -accept 127.0.0.1:0 -naccept 1 -rev -tls1_2 "
	    "-cert chain -cert_chain inter -key key -alpn h2 2>&1");
	assert_true(foreign_says(&f, "ACCEPT"));
	meet_start_fd(f.meet, e,
	    dial(atoi(strrchr(str_ptr(&f.said), ':') + 1)));
	meet_wait(f.meet);
	assert_int_equal(e->result.failure, TLS_FAIL_WRONG_PEER);
	foreign_says(&f, "never said");
	pclose(f.program);
	foreign_free(&f);
}
