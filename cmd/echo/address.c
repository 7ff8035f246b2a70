#include <sys/epoll.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "cmd/echo/address.h"

#define BACKLOG		4096
#define ACCEPT_BATCH	64
#define RETRY_MS	100

int
address_parse(struct address *a, struct slice text)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)(void *)&a->sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)&a->sa;
	const char *colon = text.len == 0 ? NULL :
	    memrchr(text.ptr, ':', text.len);
	char host[INET6_ADDRSTRLEN + 2];
	uint64_t port;

	if (colon == NULL)
		return -1;
	size_t host_len = (size_t)(colon - text.ptr);

	if (host_len >= sizeof(host) ||
	    !slice_u64(slice_from(text, host_len + 1), &port) || port > 65535)
		return -1;
	memcpy(host, text.ptr, host_len);
	host[host_len] = '\0';
	*a = (struct address){ .len = 0 };
	if (host_len > 2 && host[0] == '[' && host[host_len - 1] == ']') {
		host[host_len - 1] = '\0';
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		a->len = sizeof(*in6);
		return inet_pton(AF_INET6, host + 1, &in6->sin6_addr) == 1 ? 0 : -1;
	}
	in4->sin_family = AF_INET;
	in4->sin_port = htons((uint16_t)port);
	a->len = sizeof(*in4);
	return inet_pton(AF_INET, host, &in4->sin_addr) == 1 ? 0 : -1;
}

void
address_format(char out[ADDRESS_TEXT_MAX], const struct address *a)
{
	const struct sockaddr_in *in4 = (const void *)&a->sa;
	const struct sockaddr_in6 *in6 = (const void *)&a->sa;
	char host[INET6_ADDRSTRLEN] = "?";

	if (a->sa.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(out, ADDRESS_TEXT_MAX, "[%s]:%d", host, address_port(a));
	} else {
		inet_ntop(AF_INET, &in4->sin_addr, host, sizeof(host));
		snprintf(out, ADDRESS_TEXT_MAX, "%s:%d", host, address_port(a));
	}
}

int
address_port(const struct address *a)
{
	const struct sockaddr_in *in4 = (const void *)&a->sa;
	const struct sockaddr_in6 *in6 = (const void *)&a->sa;

	return ntohs(a->sa.ss_family == AF_INET6 ? in6->sin6_port : in4->sin_port);
}

int
address_listen(struct address *a, struct err *err)
{
	char text[ADDRESS_TEXT_MAX];
	int one = 1;
	int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	address_format(text, a);
	if (fd < 0)
		return err_errno(err, "socket for %s", text);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a->sa, a->len) != 0 ||
	    listen(fd, BACKLOG) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a->sa, &a->len) != 0) {
		err_errno(err, "listen on %s", text);
		close(fd);
		return -1;
	}
	return fd;
}

static void
no_delay(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

int
address_dial(const struct address *a)
{
	int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	no_delay(fd);
	if (connect(fd, (const struct sockaddr *)&a->sa, a->len) != 0 &&
	    errno != EINPROGRESS) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static void
acceptor_on_time(struct timer *t)
{
	struct acceptor *a = list_entry(t, struct acceptor, timer);

	watch_want(&a->watch, EPOLLIN);
}

static void
acceptor_on_event(struct watch *w, uint32_t events)
{
	struct acceptor *a = list_entry(w, struct acceptor, watch);
	struct address peer;

	if (events & EPOLLHUP) {
		timer_clear(&a->timer);
		watch_close(w);
		return;
	}
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		peer.len = sizeof(peer.sa);
		int fd = accept4(w->fd, (struct sockaddr *)&peer.sa, &peer.len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			no_delay(fd);
			a->on_accept(a, fd, &peer);
		} else if (errno == EMFILE || errno == ENFILE ||
		    errno == ENOBUFS || errno == ENOMEM) {
			watch_want(w, 0);
			timer_set(w->reactor, &a->timer, RETRY_MS, acceptor_on_time);
			return;
		} else if (errno == EAGAIN) {
			return;
		}
	}
}

/* The caller's storage. */
static void
acceptor_free(struct watch *w)
{
	check(w->fd < 0);
}

void
acceptor_open(struct acceptor *a, struct reactor *r, int fd,
    void (*on_accept)(struct acceptor *, int, const struct address *),
    void *owner)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	check(own >= 0);
	*a = (struct acceptor){ .on_accept = on_accept, .owner = owner };
	watch_open(&a->watch, r, own, EPOLLIN, acceptor_on_event, acceptor_free);
}
