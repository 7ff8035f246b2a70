#include <errno.h>
#include <sys/socket.h>

#include "base/check.h"
#include "base/syscall.h"
#include "net/conn_state.h"

#define READS_PER_TURN	4
#define WRITE_PIECES	64
#define HURRY_AT	(8 * 1024)

enum close_reason
conn_reason_of(int error)
{
	switch (error) {
	case ECONNRESET:
	case EPIPE:
		return CLOSE_RESET;
	case ETIMEDOUT:
		return CLOSE_TIMEOUT;
	default:
		return CLOSE_IO;
	}
}

/* --- reading ------------------------------------------------------------------ */

#define READ_PIECES 4

/* What one read asks for: small for those who say little, then more. */
static const struct {
	size_t block;
	int    blocks;
} read_levels[] = {
	{ 1024, 1 }, { 4096, 1 }, { BUF_BLOCK_MAX, 1 },
	{ BUF_BLOCK_MAX, READ_PIECES },
};
#define READ_LEVELS	(sizeof(read_levels) / sizeof(read_levels[0]))

/* A short read behind a full one is the end of something larger. */
static void
conn_adapt_level(struct conn *c, size_t got, size_t room)
{
	bool is_rest = c->is_filled;

	c->is_filled = got == room;
	if (c->is_filled && c->read_level < READ_LEVELS - 1)
		c->read_level++;
	else if (!is_rest && got < room / 8 && c->read_level > 0)
		c->read_level--;
}

/* One piece, the usual case, costs the kernel no copy of a msghdr. */
static ssize_t
conn_recv(int fd, struct iovec *iov, int n)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = (size_t)n };
	ssize_t got;

	do
		got = n == 1 ?
		    syscall_recv(fd, iov->iov_base, iov->iov_len, MSG_DONTWAIT) :
		    recvmsg(fd, &msg, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Into one piece, and into more where much is expected. */
static ssize_t
conn_recv_one(int fd, struct buf *to, size_t block, size_t *room)
{
	struct iovec iov = { .iov_base = buf_reserve(to, block / 4, block, room) };

	iov.iov_len = *room;
	ssize_t got = conn_recv(fd, &iov, 1);
	int error = errno;

	buf_commit(to, got > 0 ? (size_t)got : 0);
	errno = error;
	return got;
}

static ssize_t
conn_recv_many(int fd, struct buf *to, size_t block, size_t *room)
{
	struct buf piece[READ_PIECES] = { 0 };
	struct iovec iov[READ_PIECES];

	*room = 0;
	for (int i = 0; i < READ_PIECES; i++) {
		iov[i].iov_base = buf_reserve(i == 0 ? to : &piece[i],
		    block / 4, block, &iov[i].iov_len);
		*room += iov[i].iov_len;
	}
	ssize_t got = conn_recv(fd, iov, READ_PIECES);
	int error = errno;
	size_t left = got > 0 ? (size_t)got : 0;

	for (int i = 0; i < READ_PIECES; i++) {
		size_t len = left < iov[i].iov_len ? left : iov[i].iov_len;

		buf_commit(i == 0 ? to : &piece[i], len);
		if (i > 0)
			buf_move(to, &piece[i]);
		left -= len;
	}
	errno = error;
	return got;
}

/* One read to the end of `to`.  A short one says that there is no more. */
static ssize_t
conn_receive(struct conn *c, struct buf *to)
{
	size_t block = read_levels[c->read_level].block, room;
	/* Who left something is slow: little more is put on top of it. */
	bool is_one = read_levels[c->read_level].blocks == 1 ||
	    buf_len(&c->in) > 0;
	ssize_t got = (is_one ? conn_recv_one : conn_recv_many)(c->watch.fd, to,
	    block, &room);

	if (got > 0) {
		c->last_activity_ms = loop_now_ms(c->watch.loop);
		c->can_read = (size_t)got == room || c->has_hangup;
		if ((size_t)got >= HURRY_AT)
			loop_hurry(c->watch.loop);
		c->is_bulk = (size_t)got == room &&
		    c->read_level == READ_LEVELS - 1;
		conn_adapt_level(c, (size_t)got, room);
	}
	return got;
}

static bool
conn_wants_read(const struct conn *c)
{
	return c->phase == CONN_OPEN && c->can_read && !c->is_paused &&
	    !c->has_ended && buf_len(&c->in) <= FLOW_HIGH && !conn_is_held(c);
}

/*
 * The owner may do anything to c meanwhile, except free it.  The end is told
 * apart from the bytes before it: an owner that pauses then has room first.
 */
static void
conn_tell_data(struct conn *c)
{
	if (c->phase == CONN_OPEN && !c->is_paused && c->must_tell &&
	    buf_len(&c->in) > 0) {
		c->must_tell = false;
		c->ops->on_data(c, c->owner);
	}
	if (c->phase == CONN_OPEN && !c->is_paused && c->has_ended &&
	    !c->is_eof) {
		c->is_eof = true;
		c->ops->on_data(c, c->owner);
	}
}

/* Turns raw bytes into plaintext.  On failure what came before is told. */
static void
conn_open_raw(struct conn *c)
{
	enum close_reason why = CLOSE_TLS;
	size_t before = buf_len(&c->in);
	bool has_ended = false;
	int result = c->io->open(c->io_state, &c->tls->raw, &c->in,
	    &has_ended, &why);

	c->bytes_in += buf_len(&c->in) - before;
	c->must_tell |= buf_len(&c->in) > before;
	c->has_ended |= has_ended && result == 0;
	if (result == 0)
		return;
	conn_tell_data(c);
	if (c->phase == CONN_OPEN)
		conn_close(c, why);
}

static void
conn_on_end(struct conn *c)
{
	if (c->write_error != CLOSE_NONE)
		conn_close(c, c->write_error);
	else if (c->io != NULL && c->io->needs_authenticated_end)
		conn_close(c, CLOSE_TRUNCATED);
	else
		c->has_ended = true;
}

static void
conn_read_once(struct conn *c)
{
	ssize_t got;
	bool is_past = conn_splice(c, &got);

	if (!is_past)
		got = conn_receive(c, c->io != NULL ? &c->tls->raw : &c->in);
	if (got > 0 && is_past) {
		return;
	} else if (got > 0 && c->io != NULL) {
		conn_open_raw(c);
	} else if (got > 0) {
		c->bytes_in += (size_t)got;
		c->must_tell = true;
	} else if (got == 0) {
		conn_on_end(c);
	} else if (errno == EAGAIN) {
		c->can_read = false;
		loop_fd_admit(&c->watch);
	} else {
		conn_close(c, conn_reason_of(errno));
	}
	conn_tell_data(c);
}

static void
conn_read(struct conn *c)
{
	if (list_is_linked(&c->read_task.link))
		return;
	for (int i = 0; conn_wants_read(c); i++) {
		if (i == READS_PER_TURN) {
			loop_defer_next(c->watch.loop, &c->read_task);
			return;
		}
		conn_read_once(c);
	}
}

bool
conn_drop_input(struct conn *c)
{
	char scrap[16 * 1024];
	struct iovec iov = { scrap, sizeof(scrap) };

	for (int i = 0; c->can_read; i++) {
		if (i == READS_PER_TURN) {
			loop_defer_next(c->watch.loop, &c->read_task);
			return false;
		}
		ssize_t got = conn_recv(c->watch.fd, &iov, 1);

		if (got < 0 && errno == EAGAIN) {
			c->can_read = false;
			loop_fd_admit(&c->watch);
		} else if (got <= 0) {
			return true;
		}
	}
	return false;
}

/* --- writing ------------------------------------------------------------------ */

void
conn_seal(struct conn *c)
{
	if (c->io == NULL || buf_len(&c->tls->plain) == 0)
		return;
	c->io->seal(c->io_state, &c->tls->plain, &c->out);
	check(buf_len(&c->tls->plain) == 0);
}

void
conn_drop_output(struct conn *c)
{
	if (c->io != NULL)
		buf_fini(&c->tls->plain);
	buf_fini(&c->out);
	conn_drop_pipe(c);
}

/* What the peer sent before it went away is still to be read. */
static void
conn_fail_write(struct conn *c, int error)
{
	c->write_error = conn_reason_of(error);
	conn_drop_output(c);
	c->wants_drained = false;
	c->can_write = false;
	c->can_read = true;
	c->has_hangup = true;
}

static ssize_t
conn_send_pieces(const struct conn *c, struct iovec *iov, int n)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = (size_t)n };
	/* The last bytes leave in one segment with the end. */
	int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (c->must_shut ? MSG_MORE : 0);
	int fd = c->watch.fd;
	ssize_t sent;

	do
		sent = n == 1 ?
		    syscall_send(fd, iov->iov_base, iov->iov_len, flags) :
		    sendmsg(fd, &msg, flags);
	while (sent < 0 && errno == EINTR);
	return sent;
}

/* What was asked to go did; short says that the socket is full. */
static void
conn_note_sent(struct conn *c, ssize_t sent, size_t asked)
{
	if (sent < 0 && errno == EAGAIN) {
		c->can_write = false;
		loop_fd_admit(&c->watch);
	} else if (sent < 0) {
		conn_fail_write(c, errno);
	} else {
		c->bytes_out += (size_t)sent;
		c->last_activity_ms = loop_now_ms(c->watch.loop);
		c->can_write = (size_t)sent == asked;
	}
}

static void
conn_send_once(struct conn *c)
{
	struct iovec iov[WRITE_PIECES];
	int n = buf_iovec(&c->out, iov, WRITE_PIECES);
	size_t asked = 0;

	for (int i = 0; i < n; i++)
		asked += iov[i].iov_len;
	ssize_t sent = conn_send_pieces(c, iov, n);

	conn_note_sent(c, sent, asked);
	if (sent > 0)
		buf_drain(&c->out, (size_t)sent);
}

void
conn_send(struct conn *c)
{
	if (c->phase != CONN_OPEN && c->phase != CONN_LINGERING)
		return;
	conn_seal(c);
	while (c->can_write && c->pipe != NULL) {
		ssize_t sent = conn_pour(c);

		/* A short one says little here: only EAGAIN does. */
		conn_note_sent(c, sent, sent > 0 ? (size_t)sent : 1);
	}
	while (c->can_write && buf_len(&c->out) > 0)
		conn_send_once(c);
	if (c->must_shut && !c->is_shut && conn_unsent(c) == 0) {
		c->is_shut = true;
		shutdown(c->watch.fd, SHUT_WR);
	}
}

static void
conn_tell_drained(struct conn *c)
{
	if (c->phase != CONN_OPEN || !c->wants_drained || conn_unsent(c) > 0)
		return;
	c->wants_drained = false;
	if (c->ops->on_drained != NULL)
		c->ops->on_drained(c, c->owner);
}

void
conn_work(struct conn *c)
{
	if (c->must_open) {
		c->must_open = false;
		conn_open_raw(c);
	}
	conn_tell_data(c);
	conn_read(c);
	conn_send(c);
	if (!c->expects_nothing)
		loop_fd_admit(&c->watch);
	if (c->write_error != CLOSE_NONE) {
		conn_read(c);
		if (c->phase == CONN_OPEN && !conn_wants_read(c))
			conn_close(c, c->write_error);
		return;
	}
	conn_tell_drained(c);
	if (c->phase == CONN_OPEN && c->is_eof && c->is_shut &&
	    buf_len(&c->in) == 0)
		conn_close(c, CLOSE_FINISHED);
}
