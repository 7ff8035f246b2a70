#include "tls/handshake.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"

#define READ_SIZE	4096
#define RECORD_ALERT	21
#define RECORD_HANDSHAKE	22

/* Writes what the socket takes; the rest waits for its edge. */
static void
flush(struct tls_handshake *h)
{
	while (buf_len(&h->out) > 0) {
		struct slice s = buf_front(&h->out);
		ssize_t n = send(h->fd, s.ptr, s.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n < 0)	/* reading will say why */
			break;
		buf_drain(&h->out, (size_t)n);
	}
	buf_drain(&h->out, buf_len(&h->out));
}

/* --- the engine -------------------------------------------------------- */

/* Of our own domain everybody has a key on P-256. */
static bool
takes_all_keys(const struct tls_request *q)
{
	if (!q->is_server)
		return q->outside != NULL;
	return q->clients != NULL || (q->edge == NULL &&
	    q->identity->federated != NULL && q->identity->federated->len > 0);
}

static void
start_engine(struct tls_handshake *h)
{
	const struct tls_request *q = &h->request;
	const struct tls_identity *id = q->identity;
	struct engine_options o = {
		.is_server = q->is_server,
		.takes_all_keys = takes_all_keys(q),
		.peer_cert_optional = q->client_cert_optional,
		.bad_cert_ends = true,
		.alpn = q->alpn,
		.sni = q->sni[0] != '\0' ? q->sni : NULL,
		.ops = &hs_engine_ops,
		.owner = h,
	};

	if (q->outside != NULL && q->outside->shown != NULL)
		h->shown = edge_first(q->outside->shown);
	if (h->shown != NULL) {
		o.chain = h->shown->certs;
		o.chain_len = h->shown->n_certs;
		o.key = &h->shown->ec_key;
		o.rsa_key = h->shown->rsa_key;
	} else if (id != NULL) {
		o.chain = id->certs;
		o.chain_len = id->n_certs;
		o.key = &id->ec_key;
		o.ca_names = id->ca_names;
		o.n_ca_names = id->n_ca_names;
	}
	if (q->clients != NULL) {
		h->asked = clients_names(q->clients, id == NULL ? NULL :
		    id->federated, &o.n_ca_names);
		o.ca_names = h->asked;
		o.peer_cert_optional = q->clients->is_optional;
		o.bad_cert_ends = false;
	}
	if (!q->is_server)
		o.resume = hs_find_session(h);
	h->engine = mem_alloc(sizeof(*h->engine));
	engine_start(h->engine, &h->owner->base, &o);
}

/* Runs the engine over what is in raw; true when the handshake is over. */
static bool
step(struct tls_handshake *h)
{
	enum engine_state state = engine_run(h->engine, &h->raw, &h->out);
	enum tls_failure failure;

	if (state == ENGINE_WAITS) {
		flush(h);
		return false;
	}
	if (state == ENGINE_FAILED)
		engine_alert(h->engine, &h->out);
	failure = hs_outcome(h, state);
	flush(h);
	hs_finish(h, failure);
	return true;
}

/* --- the socket -------------------------------------------------------- */

/* A peer that speaks TLS begins with a handshake record, or an alert. */
static bool
is_not_tls(const struct tls_handshake *h)
{
	unsigned char first;

	if (h->bytes_in > 0 || buf_len(&h->raw) == 0)
		return false;
	buf_copy_out(&h->raw, &first, 1);
	return first != RECORD_HANDSHAKE &&
	    (h->request.is_server || first != RECORD_ALERT);
}

/* A server's engine, and its memory, waits for the first whole record. */
static bool
has_record(const struct buf *raw)
{
	unsigned char head[5];

	if (buf_len(raw) < sizeof(head))
		return false;
	buf_copy_out(raw, head, sizeof(head));
	return buf_len(raw) >=
	    sizeof(head) + ((size_t)head[3] << 8 | head[4]);
}

static void
look_at_hello(struct tls_handshake *h)
{
	h->hello = mem_alloc(sizeof(*h->hello));
	if (!hello_parse(h->hello, &h->raw)) {
		mem_free(h->hello);
		h->hello = NULL;
	}
}

/* An edge without a certificate for the name says so (RFC 6066, section 3). */
static bool
choose_shown(struct tls_handshake *h)
{
	static const unsigned char unrecognized_name[] = {
		RECORD_ALERT, 3, 3, 0, 2, 2, 112
	};

	if (h->request.edge == NULL)
		return true;
	h->shown = edge_choose(h->request.edge, h->hello);
	if (h->shown != NULL)
		return true;
	buf_add(&h->out, unrecognized_name, sizeof(unrecognized_name));
	flush(h);
	hs_finish(h, TLS_FAIL_UNKNOWN_NAME);
	return false;
}

/* Takes n bytes that were read into raw; true when it is over. */
static bool
take(struct tls_handshake *h, size_t n)
{
	if (is_not_tls(h)) {
		hs_finish(h, TLS_FAIL_NOT_TLS);
		return true;
	}
	h->bytes_in += n;
	if (h->engine == NULL && has_record(&h->raw)) {
		look_at_hello(h);
		if (!choose_shown(h))
			return true;
		start_engine(h);
	}
	if (h->engine != NULL && step(h))
		return true;
	if (h->bytes_in < HS_BYTES_MAX)
		return false;
	hs_finish(h, TLS_FAIL_BYTES);
	return true;
}

static void
read_all(struct tls_handshake *h)
{
	for (;;) {
		size_t room;
		char *p = buf_reserve(&h->raw, 1, READ_SIZE, &room);
		ssize_t n = recv(h->fd, p, room < READ_SIZE ? room : READ_SIZE,
		    0);

		buf_commit(&h->raw, n > 0 ? (size_t)n : 0);
		if (n > 0) {
			if (take(h, (size_t)n))
				return;
		} else if (n == 0) {
			hs_finish(h, TLS_FAIL_CLOSED);
			return;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			return;
		} else if (errno != EINTR) {
			hs_finish(h, TLS_FAIL_CLOSED);
			return;
		}
	}
}

static void
on_ready(void *arg, unsigned ready)
{
	struct tls_handshake *h = arg;

	if (ready & LOOP_WRITE)
		flush(h);
	if (ready & (LOOP_READ | LOOP_HANGUP))
		read_all(h);
}

static void
on_deadline(void *arg)
{
	hs_finish(arg, TLS_FAIL_TIMEOUT);
}

static void
take_addresses(struct tls_handshake *h)
{
	h->result.image.addr.len = h->result.image.local.len = sizeof(struct sockaddr_un);
	if (getpeername(h->fd, &h->result.image.addr.sa, &h->result.image.addr.len) < 0)
		h->result.image.addr = (struct addr){ 0 };
	if (getsockname(h->fd, &h->result.image.local.sa, &h->result.image.local.len) < 0)
		h->result.image.local = (struct addr){ 0 };
	addr_unmap(&h->result.image.addr);
	addr_unmap(&h->result.image.local);
}

/* Its host has more than its share: that host's oldest gives way. */
static void
make_room(struct tls_handshake *h)
{
	struct hs_thread *t = h->thread;
	const int share = HS_OF_HOST_MAX / t->owner->n_threads;
	struct tls_handshake *oldest = NULL;
	int n = 0;

	LIST_FOREACH(at, &t->active) {
		struct tls_handshake *o = list_entry(at, struct tls_handshake,
		    link);

		if (!o->request.is_server || !addr_is_same_host(
		    &o->result.image.addr, &h->result.image.addr))
			continue;
		if (n++ == 0)
			oldest = o;
	}
	if (n > share)
		hs_finish(oldest, TLS_FAIL_BUSY);
}

void
hs_begin(void *arg)
{
	struct tls_handshake *h = arg;
	const struct tls_request *q = &h->request;
	uint64_t now = clock_mono_ms(), lag = now - loop_now_ms(h->thread->loop);

	check(!q->is_server || q->edge != NULL ||
	    (q->identity != NULL && q->identity->n_certs > 0));
	list_append(&h->thread->active, &h->link);
	if (h->thread->is_ending || now >= h->due_ms) {
		hs_finish(h, h->thread->is_ending ? TLS_FAIL_CLOSED :
		    TLS_FAIL_TIMEOUT);
		return;
	}
	take_addresses(h);
	if (q->is_server)
		make_room(h);
	loop_timer_init(&h->deadline, h->thread->loop, on_deadline, h);
	loop_timer_start(&h->deadline, h->due_ms - now + lag);
	loop_fd_start(&h->watch, h->thread->loop, h->fd, on_ready, h);
	if (!q->is_server) {
		start_engine(h);
		if (step(h))
			return;
	}
	read_all(h);
}
