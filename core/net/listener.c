#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/listener.h"

#define ACCEPT_MAX	16	/* connections taken per wake */
#define PAUSE_MS	100	/* after running out of descriptors */

struct listener {
	struct addr addr;
	int         fd;
	bool        unlink_path;
};

struct listener_watch {
	struct listener  *listener;
	struct loop      *loop;
	int               epoll;	/* holds the socket, EPOLLEXCLUSIVE */
	int               reserve;	/* spent when there is no other descriptor */
	struct loop_fd    watch;
	struct loop_timer timer;
	bool              paused;	/* by the owner */
	uint64_t          complained_ms;
	void            (*accepted)(void *, int, const struct addr *);
	void             *arg;
};

/* --- opening ------------------------------------------------------------------- */

/* A path that nobody listens on any more may go. */
static int
clear_path(const struct addr *a, struct err *err)
{
	struct stat st;
	int fd;

	if (lstat(a->un.sun_path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, ERR_CONFIG,
		    "%s is there and is not a socket", a->un.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, "socket");
	int result = connect(fd, &a->sa, a->len);
	int error = errno;

	close(fd);
	if (result == 0 || error != ECONNREFUSED)
		return err_set(err, ERR_CONFIG,
		    "%s is in use by another process", a->un.sun_path);
	unlink(a->un.sun_path);
	return 0;
}

static void
set_options(int fd, const struct addr *a)
{
	int one = 1, zero = 0;

	if (a->sa.sa_family == AF_UNIX)
		return;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	/* Accepted sockets inherit it. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (a->sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY,
		    addr_is_any(a) ? &zero : &one, sizeof(int));
}

static struct listener *
fail(int fd, const struct addr *a, const char *what, struct err *err)
{
	char text[ADDR_TEXT_MAX];

	addr_format(a, text);
	err_errno(err, "%s %s", what, text);
	if (fd >= 0)
		close(fd);
	return NULL;
}

struct listener *
listener_open(const struct addr *a, int backlog, struct err *err)
{
	if (a->sa.sa_family == AF_UNIX && clear_path(a, err) != 0)
		return NULL;
	int fd = socket(a->sa.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail(fd, a, "socket for", err);
	set_options(fd, a);
	if (bind(fd, &a->sa, a->len) < 0)
		return fail(fd, a, "bind", err);
	if (listen(fd, backlog) < 0)
		return fail(fd, a, "listen on", err);
	struct listener *l = listener_from_fd(fd);

	l->unlink_path = a->sa.sa_family == AF_UNIX;
	return l;
}

struct listener *
listener_from_fd(int fd)
{
	struct listener *l = mem_zalloc(sizeof(*l));
	socklen_t len = sizeof(l->addr.un);

	l->fd = fd;
	if (getsockname(fd, &l->addr.sa, &len) == 0)
		l->addr.len = len;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return l;
}

int
listener_set_mode(struct listener *l, unsigned mode, int64_t gid,
    struct err *err)
{
	const char *path = l->addr.un.sun_path;

	if (gid >= 0 && chown(path, (uid_t)-1, (gid_t)gid) < 0)
		return err_errno(err, "%s: group %lld", path, (long long)gid);
	if (chmod(path, (mode_t)mode) < 0)
		return err_errno(err, "%s: mode %o", path, mode);
	return 0;
}

const struct addr *
listener_addr(const struct listener *l)
{
	return &l->addr;
}

void
listener_close(struct listener *l)
{
	if (l->unlink_path)
		unlink(l->addr.un.sun_path);
	close(l->fd);
	mem_free(l);
}

/* --- accepting ------------------------------------------------------------------- */

static int
open_reserve(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* No descriptor left: let one caller know, then leave it for a while. */
static void
shed(struct listener_watch *w)
{
	uint64_t now = loop_now_ms(w->loop);

	if (w->reserve >= 0)
		close(w->reserve);
	int fd = accept4(w->listener->fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		close(fd);
	w->reserve = open_reserve();
	if (now - w->complained_ms >= 1000) {
		char text[ADDR_TEXT_MAX];

		addr_format(&w->listener->addr, text);
		log_error("listener", "%s: no file descriptor left; "
		    "connections wait", text);
		w->complained_ms = now;
	}
	loop_fd_stop(&w->watch);
	loop_timer_start(&w->timer, PAUSE_MS);
}

static void
on_ready(void *arg, unsigned ready)
{
	struct listener_watch *w = arg;
	struct epoll_event event;

	(void)ready;
	/* Takes the inner event, so that the outer one ends. */
	if (epoll_wait(w->epoll, &event, 1, 0) <= 0)
		return;
	for (int i = 0; i < ACCEPT_MAX; i++) {
		struct addr peer = { .len = sizeof(peer.un) };
		int fd = accept4(w->listener->fd, &peer.sa, &peer.len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			addr_unmap(&peer);
			w->accepted(w->arg, fd, &peer);
			if (w->paused)
				return;
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM) {
			shed(w);
			return;
		}
		/* A connection that died in the queue is nobody's fault. */
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

static void
start(struct listener_watch *w)
{
	loop_fd_start_level(&w->watch, w->loop, w->epoll, on_ready, w);
}

static void
on_pause_end(void *arg)
{
	struct listener_watch *w = arg;

	if (!w->paused)
		start(w);
}

struct listener_watch *
listener_watch(struct listener *l, struct loop *loop,
    void (*accepted)(void *, int, const struct addr *), void *arg)
{
	struct listener_watch *w = mem_zalloc(sizeof(*w));
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLEXCLUSIVE, .data.fd = l->fd,
	};

	w->listener = l;
	w->loop = loop;
	w->accepted = accepted;
	w->arg = arg;
	w->reserve = open_reserve();
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll < 0 ||
	    epoll_ctl(w->epoll, EPOLL_CTL_ADD, l->fd, &event) < 0)
		log_error("listener", "epoll: %s", strerror(errno));
	loop_timer_init(&w->timer, loop, on_pause_end, w);
	start(w);
	return w;
}

void
listener_pause(struct listener_watch *w)
{
	w->paused = true;
	loop_fd_stop(&w->watch);
}

void
listener_resume(struct listener_watch *w)
{
	if (!w->paused)
		return;
	w->paused = false;
	if (!loop_timer_is_running(&w->timer))
		start(w);
}

void
listener_unwatch(struct listener_watch *w)
{
	loop_fd_stop(&w->watch);
	loop_timer_stop(&w->timer);
	close(w->epoll);
	if (w->reserve >= 0)
		close(w->reserve);
	mem_free(w);
}
