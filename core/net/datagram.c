#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "loop/loop_fd.h"
#include "net/datagram.h"

#define RECEIVE_BUFFER	(1024 * 1024)	/* asked for; the system has a limit */
#define SEND_ROOM	(256 * 1024)	/* bytes that wait for the turn's end */
#define CONTROL_ROOM	64

struct datagram_socket {
	struct datagram_io        *io;
	struct loop_fd             watch;
	const struct datagram_ops *ops;
	void                      *owner;
	int                        fd;
	size_t                     unsent;	/* of io->out */
	bool                       is_connected, is_closed;
	bool                       is_leaving;	/* its owner hears no more */
};

/* Room for what one call reads or writes. */
struct batch {
	struct mmsghdr msgs[DATAGRAM_UNSENT];
	struct iovec   pieces[DATAGRAM_UNSENT];
	struct addr    addrs[DATAGRAM_UNSENT];
	_Alignas(struct cmsghdr) char control[DATAGRAM_UNSENT][CONTROL_ROOM];
};
_Static_assert(DATAGRAM_BATCH <= DATAGRAM_UNSENT, "one room serves both");

struct datagram_io {
	struct loop            *loop;
	struct batch            in, out;
	char                   *room;	/* of in, DATAGRAM_BATCH x DATAGRAM_MAX */
	struct datagram_socket *senders[DATAGRAM_UNSENT];	/* of out */
	char                   *waiting;	/* bytes of out, SEND_ROOM */
	size_t                  out_len, waiting_len;
	bool                    is_flushing;
	struct loop_task        flush;
};

static void flush(struct datagram_io *);

static void
on_flush(void *arg)
{
	flush(arg);
}

/* Pages of the room are touched by datagrams that are so large only. */
struct datagram_io *
datagram_io_new(struct loop *loop)
{
	struct datagram_io *io = mem_zalloc(sizeof(*io));

	io->loop = loop;
	io->room = mem_alloc((size_t)DATAGRAM_BATCH * DATAGRAM_MAX);
	io->waiting = mem_alloc(SEND_ROOM);
	loop_task_init(&io->flush, on_flush, io);
	return io;
}

void
datagram_io_free(struct datagram_io *io)
{
	if (io == NULL)
		return;
	loop_task_cancel(&io->flush);
	mem_free(io->room);
	mem_free(io->waiting);
	mem_free(io);
}

/* --- sockets ------------------------------------------------------------------ */

/* 0, or -1 and errno. */
static int
set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

static int
open_bound(const struct addr *a, bool is_shared)
{
	bool v6 = a->sa.sa_family == AF_INET6;
	int fd = socket(a->sa.sa_family,
	    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	set(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
	if (v6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !addr_is_any(a));
	if ((!is_shared || set(fd, SOL_SOCKET, SO_REUSEPORT, 1) == 0) &&
	    set(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVPKTINFO :
	    IP_PKTINFO, 1) == 0 && bind(fd, &a->sa, a->len) == 0)
		return fd;
	int error = errno;

	close(fd);
	errno = error;
	return -1;
}

/* Those that share an address do not see that somebody else has it, too. */
static int
bind_all(const struct addr *a, int n, int fds[], struct addr *bound)
{
	int probe = open_bound(a, false), made = 0;

	*bound = *a;
	if (probe < 0)
		return -1;
	bound->len = sizeof(bound->in6);
	check(getsockname(probe, &bound->sa, &bound->len) == 0);
	close(probe);
	while (made < n && (fds[made] = open_bound(bound, true)) >= 0)
		made++;
	int error = errno;

	for (int i = 0; made < n && i < made; i++)
		close(fds[i]);
	errno = error;
	return made < n ? -1 : 0;
}

int
datagram_bind(const struct addr *a, int n, int fds[], struct addr *bound,
    struct err *err)
{
	int result = bind_all(a, n, fds, bound);

	if (result != 0 && errno == EAFNOSUPPORT && addr_is_any(a)) {
		struct addr v4 = { .in = { .sin_family = AF_INET },
		    .len = sizeof(v4.in) };

		addr_set_port(&v4, addr_port(a));
		result = bind_all(&v4, n, fds, bound);
	}
	if (result != 0) {
		char text[ADDR_TEXT_MAX];
		int error = errno;

		addr_format(a, text);
		errno = error;
		err_errno(err, "cannot listen on %s/udp", text);
	}
	return result;
}

static void on_ready(void *, unsigned);

static struct datagram_socket *
start(struct datagram_io *io, int fd, const struct datagram_ops *ops,
    void *owner)
{
	struct datagram_socket *s = mem_zalloc(sizeof(*s));

	s->io = io;
	s->fd = fd;
	s->ops = ops;
	s->owner = owner;
	/* Not by edges: each datagram that left would be one for writing. */
	loop_fd_start_level(&s->watch, io->loop, fd, on_ready, s);
	return s;
}

struct datagram_socket *
datagram_listen(struct datagram_io *io, int fd, const struct datagram_ops *ops,
    void *owner)
{
	return start(io, fd, ops, owner);
}

struct datagram_socket *
datagram_connect(struct datagram_io *io, const struct addr *to,
    const struct datagram_ops *ops, void *owner, int *error)
{
	int fd = socket(to->sa.sa_family,
	    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, &to->sa, to->len) < 0) {
		*error = errno;
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	struct datagram_socket *s = start(io, fd, ops, owner);

	s->is_connected = true;
	return s;
}

void
datagram_close(struct datagram_socket *s)
{
	if (s->is_closed || s->is_leaving)
		return;
	s->is_leaving = true;
	if (s->unsent > 0 && !s->io->is_flushing)
		flush(s->io);
	s->is_closed = true;
	loop_fd_close(&s->watch);
	loop_free_later(s->io->loop, mem_free, s);
}

/* --- receiving ------------------------------------------------------------------ */

/* Where it was sent to; as an address of the socket's family. */
static void
read_control(struct msghdr *h, struct addr *at)
{
	at->len = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL;
	    c = CMSG_NXTHDR(h, c)) {
		struct in_pktinfo v4;
		struct in6_pktinfo v6;

		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&v4, CMSG_DATA(c), sizeof(v4));
			at->in = (struct sockaddr_in){ .sin_family = AF_INET,
				.sin_addr = v4.ipi_spec_dst };
			at->len = sizeof(at->in);
		} else if (c->cmsg_level == IPPROTO_IPV6 &&
		    c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&v6, CMSG_DATA(c), sizeof(v6));
			at->in6 = (struct sockaddr_in6){
				.sin6_family = AF_INET6,
				.sin6_addr = v6.ipi6_addr };
			at->len = sizeof(at->in6);
		}
	}
}

static void
prepare(struct datagram_io *io)
{
	struct batch *b = &io->in;

	for (int i = 0; i < DATAGRAM_BATCH; i++) {
		b->pieces[i] = (struct iovec){
			io->room + (size_t)i * DATAGRAM_MAX, DATAGRAM_MAX };
		b->msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &b->addrs[i].sa,
			.msg_namelen = sizeof(b->addrs[i].in6),
			.msg_iov = &b->pieces[i], .msg_iovlen = 1,
			.msg_control = b->control[i],
			.msg_controllen = CONTROL_ROOM,
		};
	}
}

/* How many came; -1: no more, or the socket is closed now. */
static int
receive(struct datagram_socket *s)
{
	struct batch *b = &s->io->in;

	prepare(s->io);
	int n = recvmmsg(s->fd, b->msgs, DATAGRAM_BATCH, MSG_DONTWAIT, NULL);
	int error = errno;

	if (n < 0 && error != EAGAIN && error != EINTR)
		s->ops->on_error(s->owner, error);
	for (int i = 0; i < n && !s->is_closed; i++) {
		struct addr at;
		struct datagram d = { .from = &b->addrs[i], .at = &at };

		b->addrs[i].len = b->msgs[i].msg_hdr.msg_namelen;
		read_control(&b->msgs[i].msg_hdr, &at);
		d.bytes = slice_of(b->pieces[i].iov_base, b->msgs[i].msg_len);
		s->ops->on_datagram(s->owner, &d);
	}
	return s->is_closed ? -1 : n;
}

/* What is left is reported again, behind the others. */
static void
on_ready(void *arg, unsigned ready)
{
	struct datagram_socket *s = arg;

	(void)ready;
	for (int i = 0; i < DATAGRAM_ROUNDS; i++)
		if (receive(s) < DATAGRAM_BATCH)
			return;
}

/* --- sending ---------------------------------------------------------------------- */

static void
write_control(struct msghdr *h, char *room, const struct addr *from)
{
	bool v6 = from->sa.sa_family == AF_INET6;
	struct in_pktinfo info = { 0 };
	struct in6_pktinfo info6 = { 0 };

	memset(room, 0, CONTROL_ROOM);
	h->msg_control = room;
	h->msg_controllen = v6 ? CMSG_SPACE(sizeof(info6)) :
	    CMSG_SPACE(sizeof(info));
	struct cmsghdr *c = CMSG_FIRSTHDR(h);

	check(c != NULL);
	c->cmsg_level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
	c->cmsg_type = v6 ? IPV6_PKTINFO : IP_PKTINFO;
	c->cmsg_len = v6 ? CMSG_LEN(sizeof(info6)) : CMSG_LEN(sizeof(info));
	info.ipi_spec_dst = from->in.sin_addr;
	info6.ipi6_addr = from->in6.sin6_addr;
	if (v6)
		memcpy(CMSG_DATA(c), &info6, sizeof(info6));
	else
		memcpy(CMSG_DATA(c), &info, sizeof(info));
}

/* An error that waited is not of this datagram: it is tried once more. */
static int
send_some(struct datagram_socket *s, struct mmsghdr *msgs, unsigned n)
{
	int sent = sendmmsg(s->fd, msgs, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent < 0 && errno == ECONNREFUSED) {
		if (!s->is_leaving)
			s->ops->on_error(s->owner, ECONNREFUSED);
		sent = s->is_closed ? (int)n : sendmmsg(s->fd, msgs, n,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	if (sent < 0 && errno == EINTR)
		return 0;
	return sent;
}

/* A run of datagrams of one socket. */
static void
send_run(struct datagram_socket *s, struct mmsghdr *msgs, size_t n)
{
	for (size_t at = 0; at < n && !s->is_closed;) {
		int sent = send_some(s, msgs + at, (unsigned)(n - at));

		if (sent >= 0) {
			at += (size_t)sent;
		} else {
			if (!s->is_leaving)
				s->ops->on_unsent(s->owner, errno);
			at++;
		}
	}
}

static void
flush(struct datagram_io *io)
{
	io->is_flushing = true;
	for (size_t i = 0, next; i < io->out_len; i = next) {
		struct datagram_socket *s = io->senders[i];

		for (next = i; next < io->out_len && io->senders[next] == s;)
			next++;
		s->unsent = 0;
		send_run(s, io->out.msgs + i, next - i);
	}
	io->out_len = io->waiting_len = 0;
	io->is_flushing = false;
}

void
datagram_send(struct datagram_socket *s, const struct addr *to,
    const struct addr *from, struct slice bytes)
{
	struct datagram_io *io = s->io;

	check((to == NULL) == s->is_connected && bytes.len <= DATAGRAM_MAX);
	if (!io->is_flushing && (io->out_len == DATAGRAM_UNSENT ||
	    bytes.len > SEND_ROOM - io->waiting_len))
		flush(io);
	if (s->is_closed || io->is_flushing)
		return;
	size_t i = io->out_len++;
	struct msghdr *h = &io->out.msgs[i].msg_hdr;

	if (i == 0)
		loop_defer(io->loop, &io->flush);
	io->senders[i] = s;
	s->unsent++;
	if (bytes.len > 0)
		memcpy(io->waiting + io->waiting_len, bytes.ptr, bytes.len);
	io->out.pieces[i] = (struct iovec){
		io->waiting + io->waiting_len, bytes.len };
	io->waiting_len += bytes.len;
	*h = (struct msghdr){ .msg_iov = &io->out.pieces[i], .msg_iovlen = 1 };
	if (to != NULL) {
		io->out.addrs[i] = *to;
		h->msg_name = &io->out.addrs[i].sa;
		h->msg_namelen = to->len;
	}
	if (from != NULL && from->len > 0)
		write_control(h, io->out.control[i], from);
}
