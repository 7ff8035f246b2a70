#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop_fd.h"
#include "net/listener.h"

#define PAUSE_MS	100
#define LOG_EVERY_MS	1000

struct listener {
	int             fd;
	struct addr     addr;
	bool            owns_path;
	atomic_int      watches;
};

struct listener_watch {
	struct listener   *listener;
	struct loop       *loop;
	int                reserve_fd;	/* spent when there are no others */
	struct loop_fd     fd;
	struct loop_timer  pause;
	uint64_t           logged_ms;
	bool               is_paused;
	bool               is_stopped;
	void             (*accepted)(void *, int, const struct addr *);
	void              *arg;
};

/* --- the socket ------------------------------------------------------------------ */

static void
set_option(int fd, int level, int name, int value)
{
	/* Families that do not know the option go without. */
	setsockopt(fd, level, name, &value, sizeof(value));
}

static struct listener *
listener_make(int fd)
{
	struct listener *ln = mem_zalloc(sizeof(*ln));
	socklen_t len = sizeof(ln->addr.un);

	ln->fd = fd;
	if (getsockname(fd, &ln->addr.sa, &len) == 0)
		ln->addr.len = len;
	/* Accepted connections inherit it (tcp(7)). */
	if (ln->addr.sa.sa_family != AF_UNIX)
		set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	return ln;
}

/* A path that nobody listens on is left over from a process that died. */
static int
listener_clear_path(const struct addr *a, struct err *err)
{
	const char *path = a->un.sun_path;
	struct stat st;

	if (lstat(path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, ERR_CONFIG,
		    "%s is there and is not a socket", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_errno(err, "socket for %s", path);
	bool is_stale = connect(fd, &a->sa, a->len) < 0 &&
	    errno == ECONNREFUSED;

	close(fd);
	if (!is_stale)
		return err_set(err, ERR_CONFIG,
		    "%s is in use by another process", path);
	unlink(path);
	return 0;
}

static int
listener_bind(const struct addr *a, int backlog)
{
	int fd = socket(a->sa.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (a->sa.sa_family != AF_UNIX)
		set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (a->sa.sa_family == AF_INET6)
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, !addr_is_any(a));
	if (bind(fd, &a->sa, a->len) == 0 && listen(fd, backlog) == 0)
		return fd;
	int error = errno;

	close(fd);
	errno = error;
	return -1;
}

struct listener *
listener_open(const struct addr *a, int backlog, struct err *err)
{
	char text[ADDR_TEXT_MAX];

	if (a->sa.sa_family == AF_UNIX && listener_clear_path(a, err) < 0)
		return NULL;
	int fd = listener_bind(a, backlog);

	if (fd < 0 && errno == EAFNOSUPPORT && addr_is_any(a)) {
		struct addr v4 = { .in = { .sin_family = AF_INET },
		    .len = sizeof(v4.in) };

		addr_set_port(&v4, addr_port(a));
		fd = listener_bind(&v4, backlog);
	}
	if (fd < 0) {
		int error = errno;

		addr_format(a, text);
		errno = error;
		err_errno(err, "cannot listen on %s", text);
		return NULL;
	}
	struct listener *ln = listener_make(fd);

	ln->owns_path = a->sa.sa_family == AF_UNIX;
	return ln;
}

struct listener *
listener_from_fd(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return listener_make(fd);
}

int
listener_set_mode(struct listener *ln, unsigned mode, int64_t gid,
    struct err *err)
{
	const char *path = ln->addr.un.sun_path;

	check(ln->owns_path);
	if (gid >= 0 && chown(path, (uid_t)-1, (gid_t)gid) < 0)
		return err_errno(err, "%s: group %lld", path, (long long)gid);
	if (chmod(path, (mode_t)mode) < 0)
		return err_errno(err, "%s: mode %o", path, mode);
	return 0;
}

const struct addr *
listener_addr(const struct listener *ln)
{
	return &ln->addr;
}

void
listener_close(struct listener *ln)
{
	if (ln == NULL)
		return;
	check(atomic_load(&ln->watches) == 0);
	if (ln->owns_path)
		unlink(ln->addr.un.sun_path);
	close(ln->fd);
	mem_free(ln);
}

/* --- accepting -------------------------------------------------------------------- */

static int
open_reserve(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void listener_on_ready(void *, unsigned);

/* The only place that changes what the loop watches for w. */
static void
listener_update_events(struct listener_watch *w)
{
	bool wants = !w->is_stopped && !w->is_paused &&
	    !loop_timer_is_running(&w->pause);

	if (wants && !loop_fd_is_running(&w->fd))
		loop_fd_start_shared(&w->fd, w->loop, w->listener->fd,
		    listener_on_ready, w);
	else if (!wants)
		loop_fd_stop(&w->fd);
}

/*
 * Whoever waits in the backlog is told to go by a close, with the descriptor
 * that was kept for it; then others get time to end.
 */
static void
listener_on_exhaustion(struct listener_watch *w, int error)
{
	uint64_t now = loop_now_ms(w->loop);

	if (w->reserve_fd >= 0) {
		close(w->reserve_fd);
		int fd = accept4(w->listener->fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			close(fd);
		w->reserve_fd = open_reserve();
	}
	if (w->logged_ms == 0 || now - w->logged_ms >= LOG_EVERY_MS) {
		char text[ADDR_TEXT_MAX];

		addr_format(&w->listener->addr, text);
		log_error("listener", "%s: %s; connections wait", text,
		    strerror(error));
		w->logged_ms = now;
	}
	loop_timer_start(&w->pause, PAUSE_MS);
	listener_update_events(w);
}

static bool
is_exhaustion(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM;
}

/* Returns false when there is nothing more to accept now. */
static bool
listener_accept(struct listener_watch *w)
{
	struct addr peer = { .len = sizeof(peer.un) };
	int fd = accept4(w->listener->fd, &peer.sa, &peer.len,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		addr_unmap(&peer);
		w->accepted(w->arg, fd, &peer);
		return true;
	}
	if (is_exhaustion(errno)) {
		listener_on_exhaustion(w, errno);
		return false;
	}
	/* Others are errors of one connection that is gone (accept(2)). */
	return errno != EAGAIN && errno != EINVAL && errno != EBADF;
}

static void
listener_on_ready(void *arg, unsigned ready)
{
	struct listener_watch *w = arg;

	(void)ready;
	for (int i = 0; i < LISTENER_BATCH; i++)
		if (w->is_stopped || w->is_paused || !listener_accept(w))
			return;
}

static void
listener_on_pause_end(void *arg)
{
	struct listener_watch *w = arg;

	if (w->reserve_fd < 0)
		w->reserve_fd = open_reserve();
	listener_update_events(w);
}

struct listener_watch *
listener_watch(struct listener *ln, struct loop *l,
    void (*accepted)(void *, int, const struct addr *), void *arg)
{
	struct listener_watch *w = mem_zalloc(sizeof(*w));

	w->listener = ln;
	w->loop = l;
	w->accepted = accepted;
	w->arg = arg;
	w->reserve_fd = open_reserve();
	loop_timer_init(&w->pause, l, listener_on_pause_end, w);
	atomic_fetch_add(&ln->watches, 1);
	listener_update_events(w);
	return w;
}

void
listener_pause(struct listener_watch *w)
{
	w->is_paused = true;
	listener_update_events(w);
}

void
listener_resume(struct listener_watch *w)
{
	w->is_paused = false;
	listener_update_events(w);
}

void
listener_accept_all(struct listener_watch *w)
{
	while (!w->is_stopped && !w->is_paused && listener_accept(w))
		;
}

void
listener_unwatch(struct listener_watch *w)
{
	if (w == NULL)
		return;
	w->is_stopped = true;
	listener_update_events(w);
	loop_timer_stop(&w->pause);
	if (w->reserve_fd >= 0)
		close(w->reserve_fd);
	atomic_fetch_sub(&w->listener->watches, 1);
	loop_free_later(w->loop, mem_free, w);
}
