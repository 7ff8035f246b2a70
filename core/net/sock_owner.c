#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/sock_owner.h"

struct question {
	struct nlmsghdr         head;
	struct inet_diag_req_v2 ask;
};

static void
put(struct inet_diag_sockid *id, const struct addr *from, const struct addr *to)
{
	if (from->sa.sa_family == AF_INET) {
		memcpy(id->idiag_src, &from->in.sin_addr, 4);
		memcpy(id->idiag_dst, &to->in.sin_addr, 4);
	} else {
		memcpy(id->idiag_src, &from->in6.sin6_addr, 16);
		memcpy(id->idiag_dst, &to->in6.sin6_addr, 16);
	}
	id->idiag_sport = from->sa.sa_family == AF_INET ? from->in.sin_port :
	    from->in6.sin6_port;
	id->idiag_dport = to->sa.sa_family == AF_INET ? to->in.sin_port :
	    to->in6.sin6_port;
	id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
}

/* The answer to one question is one message, or an error. */
static int
read_answer(int fd, uid_t *user, struct err *err)
{
	char room[1024] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *head = (const void *)room;
	const struct inet_diag_msg *msg = (const void *)(room + NLMSG_HDRLEN);
	const struct nlmsgerr *bad = (const void *)(room + NLMSG_HDRLEN);
	ssize_t n = recv(fd, room, sizeof(room), 0);

	if (n < (ssize_t)NLMSG_HDRLEN)
		return err_errno(err, "sock_diag");
	if (head->nlmsg_type == NLMSG_ERROR &&
	    (size_t)n >= NLMSG_HDRLEN + sizeof(*bad)) {
		errno = -bad->error;
		err_errno(err, "sock_diag");
		if (bad->error == -ENOENT)
			err->kind = ERR_NOT_FOUND;
		return -1;
	}
	if (head->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    (size_t)n < NLMSG_HDRLEN + sizeof(*msg))
		return err_set(err, ERR_SYSTEM, "sock_diag: an answer of %zd "
		    "bytes and type %u", n, head->nlmsg_type);
	*user = msg->idiag_uid;
	return 0;
}

int
sock_owner_find(const struct addr *from, const struct addr *to, bool is_udp,
    uid_t *user, struct err *err)
{
	struct addr a = *from, b = *to;
	struct question q = {
		.head = { .nlmsg_len = sizeof(q), .nlmsg_flags = NLM_F_REQUEST,
		    .nlmsg_type = SOCK_DIAG_BY_FAMILY },
		.ask = { .sdiag_protocol = is_udp ? IPPROTO_UDP : IPPROTO_TCP,
		    .idiag_states = ~0u },
	};
	int fd, result;

	addr_unmap(&a);
	addr_unmap(&b);
	if (a.sa.sa_family != b.sa.sa_family || (a.sa.sa_family != AF_INET &&
	    a.sa.sa_family != AF_INET6))
		return err_set(err, ERR_NOT_FOUND, "no addresses of one kind");
	q.ask.sdiag_family = (uint8_t)a.sa.sa_family;
	put(&q.ask.id, &a, &b);
	fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd < 0)
		return err_errno(err, "sock_diag");
	result = send(fd, &q, sizeof(q), 0) < 0 ? err_errno(err, "sock_diag") :
	    read_answer(fd, user, err);
	close(fd);
	return result;
}

int
sock_owner_of_peer(int fd, const struct addr *from, uid_t *user,
    struct err *err)
{
	struct addr to = { .len = sizeof(to) - sizeof(to.len) };
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (from->sa.sa_family == AF_UNIX) {
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
			return err_errno(err, "SO_PEERCRED");
		*user = cred.uid;
		return 0;
	}
	if (getsockname(fd, &to.sa, &to.len) < 0)
		return err_errno(err, "getsockname");
	return sock_owner_find(from, &to, false, user, err);
}
