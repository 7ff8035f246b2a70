#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop_fd.h"
#include "modes/proxy/port.h"
#include "net/proxy_protocol.h"

/*
 * proxied: a port of a Gateway behind load balancers that say whom they speak
 * for, by PROXY protocol (proxyProtocolFrom).  What they say comes before
 * anything else, TLS included; from then on the connection is the client's, in
 * logs, x-forwarded-for, limits and hashes.
 *
 *	from one of them	header -> port_accept_gateway, with its address
 *	from anybody else	closed, unread: the address would be a claim
 *
 * A header is never guessed: one of theirs without it is closed, too.
 */
#define HEADER_MS	5000	/* from the accept to its last byte */

struct proxied {
	struct list          link;	/* in worker->proxied */
	struct open_port    *port;
	struct proxy_worker *worker;
	struct addr          peer;	/* the load balancer */
	int                  fd;
	struct loop_fd       watch;
	struct loop_timer    timer;
};

static bool
is_trusted(const struct data_plane_options *o, const struct addr *peer)
{
	for (size_t i = 0; i < o->proxies_len; i++)
		if (cidr_has(&o->proxies[i], peer))
			return true;
	return false;
}

/* Before the descriptor is closed or somebody else's. */
static void
unwatch(struct proxied *p)
{
	loop_fd_stop(&p->watch);
	loop_timer_stop(&p->timer);
	list_remove(&p->link);
}

static void
finish(struct proxied *p)
{
	port_count_arriving(p->worker, -1);
	mem_free(p);
}

static void
refuse(struct open_port *o, struct proxy_worker *w, int fd,
    const struct addr *peer, const char *reason)
{
	char text[ADDR_TEXT_MAX];

	addr_format(peer, text);
	log_info("listener", "gateway: %s is refused: %s", text, reason);
	port_refuse(o, w, reason);
	close(fd);
}

static void
give_up(struct proxied *p, const char *reason)
{
	unwatch(p);
	refuse(p->port, p->worker, p->fd, &p->peer, reason);
	finish(p);
}

void
port_drop_proxied(struct proxy_worker *w)
{
	LIST_FOREACH_SAFE(at, &w->proxied) {
		struct proxied *p = list_entry(at, struct proxied, link);

		unwatch(p);
		close(p->fd);
		finish(p);
	}
}

static void
take(struct proxied *p, const struct proxy_header *h, size_t len)
{
	char bytes[PROXY_V2_MAX];

	/* It was just seen there: what follows it is left for the next reader. */
	check(len <= sizeof(bytes));
	if (recv(p->fd, bytes, len, 0) != (ssize_t)len) {
		give_up(p, "closed");
		return;
	}
	unwatch(p);
	port_accept_gateway(p->port, p->worker, p->fd, h->is_local ? &p->peer :
	    &h->from);
	finish(p);
}

static void
on_header(void *arg, unsigned ready)
{
	struct proxied *p = arg;
	char bytes[PROXY_V2_MAX];
	struct proxy_header h;
	ssize_t n = recv(p->fd, bytes, sizeof(bytes), MSG_PEEK);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	ptrdiff_t len = n <= 0 ? 0 : proxy_header_parse(&h,
	    slice_of(bytes, (size_t)n));

	if (len > 0)
		take(p, &h, (size_t)len);
	else if (len < 0)
		give_up(p, "bad_proxy_header");
	else if (n <= 0 || (ready & LOOP_HANGUP) != 0)
		give_up(p, "closed");
}

static void
on_late(void *arg)
{
	give_up(arg, "late_proxy_header");
}

void
port_accept_proxied(struct open_port *o, struct proxy_worker *w, int fd,
    const struct addr *peer)
{
	struct proxied *p;

	if (o->plane->options.proxies_len == 0) {
		port_accept_gateway(o, w, fd, peer);
		return;
	}
	if (!is_trusted(&o->plane->options, peer)) {
		refuse(o, w, fd, peer, "untrusted_proxy");
		return;
	}
	p = mem_zalloc(sizeof(*p));
	*p = (struct proxied){ .port = o, .worker = w, .peer = *peer, .fd = fd };
	port_count_arriving(w, 1);
	list_append(&w->proxied, &p->link);
	loop_timer_init(&p->timer, w->env.loop, on_late, p);
	loop_timer_start(&p->timer, HEADER_MS);
	loop_fd_start(&p->watch, w->env.loop, fd, on_header, p);
}
