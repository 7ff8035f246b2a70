#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "net/conn_state.h"
#include "pki/caller.h"

#define FLUSH_AT	((size_t)64 * 1024)
#define LINGER_MS	1000	/* after our end was sent */
#define STALL_MS	10000	/* without a byte taken before that */

static void conn_on_task(void *);
static void conn_on_ready(void *, unsigned);

/* --- life --------------------------------------------------------------------- */

static struct conn *
conn_make(struct loop *l, const struct transport *io, void *io_state,
    const struct conn_ops *ops, void *owner)
{
	size_t tls = io != NULL ? sizeof(struct conn_tls) : 0;
	struct conn *c = mem_zalloc(sizeof(*c) + tls);

	c->io = io;
	c->io_state = io_state;
	c->ops = ops;
	c->owner = owner;
	c->can_write = true;
	c->last_activity_ms = loop_now_ms(l);
	loop_task_init(&c->task, conn_on_task, c);
	loop_task_init(&c->read_task, conn_on_task, c);
	return c;
}

struct conn *
conn_new(struct loop *l, int fd, const struct transport *io, void *io_state,
    const struct conn_ops *ops, void *owner)
{
	struct conn *c = conn_make(l, io, io_state, ops, owner);

	loop_fd_start(&c->watch, l, fd, conn_on_ready, c);
	return c;
}

void
conn_free(void *arg)
{
	struct conn *c = arg;

	loop_task_cancel(&c->task);
	loop_task_cancel(&c->read_task);
	if (c->io != NULL)
		buf_fini(&c->tls->raw);
	buf_fini(&c->in);
	conn_drop_output(c);
	addr_brief_fini(&c->addr);
	addr_brief_fini(&c->local);
	mem_free(c->peer);
	mem_free(c->linger);
	mem_free(c);
}

static void
ignore_data(struct conn *c, void *owner)
{
	(void)c;
	(void)owner;
}

static void
ignore_closed(struct conn *c, void *owner, enum close_reason why)
{
	(void)c;
	(void)owner;
	(void)why;
}

const struct conn_ops conn_no_ops = { ignore_data, NULL, ignore_closed };

void
conn_set_owner(struct conn *c, const struct conn_ops *ops, void *owner)
{
	conn_part(c);
	c->ops = ops;
	c->owner = owner;
	c->must_tell = buf_len(&c->in) > 0;
	if (c->must_tell)
		loop_defer(c->watch.loop, &c->task);
}

/* --- events ------------------------------------------------------------------- */

static void
conn_end(struct conn *c)
{
	conn_drop_output(c);
	loop_free_later(c->watch.loop, conn_free, c);
	c->ops->on_closed(c, c->owner, c->reason);
}

static void
conn_linger_work(struct conn *c)
{
	bool was_shut = c->is_shut;
	uint64_t sent = c->bytes_out;

	conn_send(c);
	if (conn_drop_input(c) || c->write_error != CLOSE_NONE) {
		if (c->is_shut || c->write_error != CLOSE_NONE) {
			conn_close(c, c->reason);
			return;
		}
		c->can_read = false;	/* the peer has only ended its side */
		c->has_ended = true;
	}
	if (c->is_shut && c->has_ended)
		conn_close(c, c->reason);
	else if (c->is_shut && !was_shut)
		loop_timer_start(&c->linger->timer, LINGER_MS);
	else if (!c->is_shut && c->bytes_out != sent)
		loop_timer_start(&c->linger->timer, STALL_MS);
}

static void
conn_on_task(void *arg)
{
	struct conn *c = arg;

	switch (c->phase) {
	case CONN_OPEN:
		if (c->must_cut)
			conn_abort(c, CLOSE_DENIED);
		else
			conn_work(c);
		break;
	case CONN_LINGERING:
		conn_linger_work(c);
		break;
	case CONN_CLOSED:
		conn_end(c);
		break;
	case CONN_GONE:
		break;
	}
}

/* A reset counts although we do not read: the other side is to know it. */
static enum close_reason
conn_pending_error(const struct conn *c)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(c->watch.fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 ||
	    error == 0)
		return CLOSE_NONE;
	return conn_reason_of(error);
}

static void
conn_on_ready(void *arg, unsigned ready)
{
	struct conn *c = arg;

	c->can_read |= (ready & LOOP_READ) != 0;
	c->can_write |= (ready & LOOP_WRITE) != 0 &&
	    c->write_error == CLOSE_NONE;
	c->has_hangup |= (ready & LOOP_HANGUP) != 0;
	if (c->phase == CONN_OPEN && (ready & LOOP_HANGUP) &&
	    (c->is_paused || c->has_ended || buf_len(&c->in) > FLOW_HIGH ||
	    conn_is_held(c))) {
		enum close_reason why = conn_pending_error(c);

		if (why != CLOSE_NONE) {
			conn_close(c, why);
			return;
		}
	}
	conn_on_task(c);
}

/* --- closing ------------------------------------------------------------------- */

void
conn_close(struct conn *c, enum close_reason reason)
{
	if (c->phase == CONN_CLOSED || c->phase == CONN_GONE)
		return;
	c->phase = CONN_CLOSED;
	c->reason = reason;
	conn_part(c);
	conn_peers_leave(c);
	if (c->linger != NULL) {
		loop_timer_stop(&c->linger->timer);
		loop_task_cancel(&c->linger->last);
	}
	loop_fd_close(&c->watch);
	c->watch.fd = -1;
	if (c->io != NULL)
		c->io->free(c->io_state);
	c->io_state = NULL;
	loop_task_cancel(&c->read_task);
	loop_defer(c->watch.loop, &c->task);
}

void
conn_abort(struct conn *c, enum close_reason reason)
{
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	if (c->watch.fd >= 0)
		setsockopt(c->watch.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	conn_close(c, reason);
}

static void
conn_on_linger_end(void *arg)
{
	struct conn *c = arg;

	conn_close(c, c->reason);
}

void
conn_close_linger(struct conn *c, enum close_reason reason)
{
	if (c->phase != CONN_OPEN)
		return;
	conn_shutdown(c);
	if (c->write_error != CLOSE_NONE || (c->is_shut && c->has_ended)) {
		conn_close(c, reason);
		return;
	}
	conn_part(c);
	c->phase = CONN_LINGERING;
	c->reason = reason;
	c->linger = mem_alloc(sizeof(*c->linger));
	loop_timer_init(&c->linger->timer, c->watch.loop, conn_on_linger_end,
	    c);
	loop_timer_start(&c->linger->timer, c->is_shut ? LINGER_MS : STALL_MS);
	loop_task_init(&c->linger->last, conn_on_linger_end, c);
	loop_at_end(c->watch.loop, &c->linger->last);
	loop_defer(c->watch.loop, &c->task);
}

void
conn_shutdown(struct conn *c)
{
	if (c->phase != CONN_OPEN || c->must_shut)
		return;
	c->must_shut = true;
	if (c->io != NULL && c->write_error == CLOSE_NONE) {
		conn_seal(c);
		c->io->seal_end(c->io_state, &c->out);
	}
	loop_defer(c->watch.loop, &c->task);
}

/* --- writing ------------------------------------------------------------------- */

static struct buf *
conn_out(struct conn *c)
{
	return c->io != NULL ? &c->tls->plain : &c->out;
}

static bool
conn_takes_bytes(const struct conn *c)
{
	check(c->phase != CONN_OPEN || !c->must_shut);
	return c->phase == CONN_OPEN && c->write_error == CLOSE_NONE;
}

static bool
conn_wrote(struct conn *c)
{
	if (conn_unsent(c) >= FLUSH_AT)
		conn_flush(c);
	else if (c->can_write)
		loop_defer(c->watch.loop, &c->task);
	if (conn_unsent(c) <= FLOW_HIGH)
		return true;
	c->wants_drained = true;
	return false;
}

bool
conn_write(struct conn *c, struct buf *b)
{
	if (!conn_takes_bytes(c)) {
		buf_fini(b);
		return true;
	}
	buf_move(conn_out(c), b);
	return conn_wrote(c);
}

bool
conn_write_bytes(struct conn *c, const void *p, size_t len)
{
	if (!conn_takes_bytes(c))
		return true;
	buf_add(conn_out(c), p, len);
	return conn_wrote(c);
}

void
conn_flush(struct conn *c)
{
	if (c->phase != CONN_OPEN)
		return;
	conn_send(c);
	if (c->wants_drained || c->is_shut || c->write_error != CLOSE_NONE)
		loop_defer(c->watch.loop, &c->task);
}

/* --- reading ------------------------------------------------------------------- */

void
conn_pause(struct conn *c)
{
	c->is_paused = true;
}

void
conn_expect(struct conn *c, bool data)
{
	c->expects_nothing = !data;
	if (data)
		loop_fd_admit(&c->watch);
}

bool
conn_expects(const struct conn *c)
{
	return !c->expects_nothing;
}

void
conn_resume(struct conn *c)
{
	c->is_paused = false;
	c->must_tell = buf_len(&c->in) > 0;
	if (c->phase == CONN_OPEN)
		loop_defer(c->watch.loop, &c->task);
}

/* --- looking -------------------------------------------------------------------- */

static struct addr
conn_get_addr(int fd, int (*get)(int, struct sockaddr *, socklen_t *))
{
	struct addr a = { 0 };
	socklen_t len = sizeof(a.un);

	if (get(fd, &a.sa, &len) == 0)
		a.len = len;
	addr_unmap(&a);
	return a;
}

static int
conn_getpeername(int fd, struct sockaddr *sa, socklen_t *len)
{
	return getpeername(fd, sa, len);
}

static int
conn_getsockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	return getsockname(fd, sa, len);
}

void
conn_set_addrs(struct conn *c, const struct addr *addr,
    const struct addr *local)
{
	addr_brief_fini(&c->addr);
	addr_brief_fini(&c->local);
	c->addr = addr_shorten(addr);
	c->local = addr_shorten(local);
	c->has_addrs = true;
}

struct conn *
conn_accept(struct loop *l, int fd, const struct addr *peer,
    const struct addr *at, const struct conn_ops *ops, void *owner)
{
	struct conn *c = conn_make(l, NULL, NULL, ops, owner);
	struct addr local = addr_is_any(at) ?
	    conn_get_addr(fd, conn_getsockname) : *at;

	loop_fd_start_late(&c->watch, l, fd, conn_on_ready, c);
	conn_set_addrs(c, peer, &local);
	c->can_read = true;
	loop_defer(l, &c->task);
	return c;
}

static void
conn_ask_addrs(struct conn *c)
{
	if (c->has_addrs)
		return;
	struct addr addr = conn_get_addr(c->watch.fd, conn_getpeername);
	struct addr local = conn_get_addr(c->watch.fd, conn_getsockname);

	conn_set_addrs(c, &addr, &local);
}

void
conn_set_remote(struct conn *c, const struct addr *remote)
{
	conn_ask_addrs(c);
	addr_brief_fini(&c->addr);
	c->addr = addr_shorten(remote);
}

void
conn_set_local(struct conn *c, const struct addr *local)
{
	conn_ask_addrs(c);
	addr_brief_fini(&c->local);
	c->local = addr_shorten(local);
}

const struct addr *
conn_addr(struct conn *c, struct addr *room)
{
	conn_ask_addrs(c);
	return addr_whole(&c->addr, room);
}

const struct addr *
conn_local(struct conn *c, struct addr *room)
{
	conn_ask_addrs(c);
	return addr_whole(&c->local, room);
}

const struct conn_peer *
conn_peer(const struct conn *c)
{
	static const struct conn_peer nobody = {
		.id = "", .account = "", .sni = "", .alpn = "",
	};

	return c->peer != NULL ? c->peer : &nobody;
}

void
conn_set_peer(struct conn *c, struct conn_peer **peer)
{
	mem_free(c->peer);
	c->peer = *peer;
	*peer = NULL;
}

static size_t
room_of(const char *text)
{
	return text == NULL ? 0 : strlen(text) + 1;
}

/* Moves on behind the copy; NULL stays NULL. */
static const char *
put_text(char **to, const char *text)
{
	size_t len = room_of(text);
	const char *copy = len == 0 ? NULL : memcpy(*to, text, len);

	*to += len;
	return copy;
}

struct conn_peer *
conn_peer_copy(const struct conn_peer *from)
{
	char account[CALLER_MAX], *to;
	struct conn_peer *peer;

	caller_name(account, slice_str(from->id), from->is_foreign);
	peer = mem_alloc(sizeof(*peer) + room_of(from->id) +
	    room_of(account) + room_of(from->sni) + room_of(from->alpn) +
	    room_of(from->subject) + room_of(from->names));
	to = (char *)(peer + 1);
	*peer = *from;
	peer->id = put_text(&to, from->id);
	peer->account = put_text(&to, account);
	peer->sni = put_text(&to, from->sni);
	peer->alpn = put_text(&to, from->alpn);
	peer->subject = put_text(&to, from->subject);
	peer->names = put_text(&to, from->names);
	return peer;
}

int
conn_peer_uid(const struct conn *c, uid_t *uid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(c->watch.fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0 ||
	    cred.pid == 0)
		return -1;
	*uid = cred.uid;
	return 0;
}

struct loop *
conn_loop(const struct conn *c)
{
	return c->watch.loop;
}

struct buf *
conn_in(struct conn *c)
{
	return &c->in;
}

bool
conn_is_eof(const struct conn *c)
{
	return c->is_eof;
}

bool
conn_is_closed(const struct conn *c)
{
	return c->phase == CONN_CLOSED || c->phase == CONN_GONE;
}

int
conn_fd(const struct conn *c)
{
	return c->watch.fd;
}

uint64_t
conn_bytes_in(const struct conn *c)
{
	return c->bytes_in;
}

uint64_t
conn_bytes_out(const struct conn *c)
{
	return c->bytes_out;
}

uint64_t
conn_last_activity_ms(const struct conn *c)
{
	return c->last_activity_ms;
}

size_t
conn_unsent(const struct conn *c)
{
	return (c->io != NULL ? buf_len(&c->tls->plain) : 0) +
	    buf_len(&c->out) + conn_piped(c);
}
