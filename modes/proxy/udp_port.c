#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/buf.h"
#include "modes/proxy/app_user.h"
#include "modes/proxy/authorize.h"
#include "modes/proxy/gateway.h"
#include "modes/proxy/lookup.h"
#include "modes/proxy/rules.h"
#include "modes/proxy/udp_port.h"
#include "modes/proxy/udp_session.h"

#define HELD_MAX	(64 * 1024)	/* bytes of a session, for its service */
#define USED_MS		10000	/* how often a service in use is said to be */

/* What one worker has of a port. */
struct udp_seat {
	struct udp_port        *port;
	struct proxy_worker    *worker;
	struct datagram_socket *socket;	/* NULL: not open */
	struct list             visits;
	int                     fd;	/* on its way to the worker; or -1 */
	uint64_t                used_ms;
	char                    service[SERVICE_KEY_MAX];
};

/* A session of somebody who sends to the port. */
struct visit {
	struct udp_session session;
	struct list        link;	/* in seat->visits */
	struct udp_seat   *seat;
	struct addr_brief  peer, at;	/* as the socket has them */
	struct lookup      lookup;
	bool               is_waiting;	/* for the lookup */
	struct buf         held;	/* meanwhile: length (16 bits) and bytes */
};

/* --- where it goes -------------------------------------------------------------- */

static struct cluster *
by_rules(const struct rule_set *rules, const struct udp_session *s,
    const char **why)
{
	return rules_stream_again(rules, s->cluster, why);
}

static struct cluster *
upstream_cluster(const struct udp_seat *seat, const struct udp_session *s,
    const char **why)
{
	const struct port *spec = &seat->port->spec;
	const struct service_port *p = service_udp_port(snapshot_service(
	    seat->worker->snapshot, &spec->service), spec->service_port);

	*why = "no_service";
	if (p == NULL)
		return NULL;
	return p->streams == NULL ? cluster_ref(p->cluster) :
	    by_rules(p->streams, s, why);
}

static struct cluster *
gateway_cluster(const struct udp_seat *seat, const struct udp_session *s,
    const char **why)
{
	const struct gateway_front *f = gateway_front(
	    seat->worker->snapshot->gateway, &seat->port->spec.addr, true);
	const struct gateway_site *site = f == NULL ? NULL :
	    f->port.listeners[0]->owner;

	*why = "no_route";
	if (site == NULL || site->rules == NULL)
		return NULL;
	if (!authorize_datagrams(seat->worker, f->authz, f->port.number,
	    &s->facts.remote, s->cluster == NULL ? AUTHORIZE_NEW :
	    AUTHORIZE_AGAIN)) {
		*why = "policy";
		return NULL;
	}
	return by_rules(site->rules, s, why);
}

static struct cluster *
cluster(struct udp_session *s, const char **why)
{
	const struct udp_seat *seat =
	    list_entry(s, struct visit, session)->seat;

	*why = "no_documents";
	if (seat->worker->snapshot == NULL)
		return NULL;
	return seat->port->spec.kind == PORT_GATEWAY ?
	    gateway_cluster(seat, s, why) : upstream_cluster(seat, s, why);
}

/* --- the caller's side ------------------------------------------------------------ */

static void
reply(struct udp_session *s, struct slice bytes)
{
	const struct visit *v = list_entry(s, struct visit, session);
	struct addr peer, at;

	if (v->seat->socket != NULL)
		datagram_send(v->seat->socket, addr_whole(&v->peer, &peer),
		    addr_whole(&v->at, &at), bytes);
}

static void
over(struct udp_session *s, enum udp_end why)
{
	struct visit *v = list_entry(s, struct visit, session);

	(void)why;
	if (v->is_waiting)
		lookup_cancel(&v->lookup);
	list_remove(&v->link);
	buf_fini(&v->held);
	loop_free_later(v->seat->worker->env.loop, mem_free, v);
}

static const struct udp_down down = { cluster, reply, over };

/* --- a service that is not known yet ------------------------------------------------- */

static void
hold(struct visit *v, struct slice bytes)
{
	const unsigned char len[2] = {
		(unsigned char)(bytes.len >> 8), (unsigned char)bytes.len,
	};

	if (buf_len(&v->held) + bytes.len > HELD_MAX) {
		udp_drop(v->session.udp, slice_str(v->seat->service),
		    "lookup_full", 1);
		return;
	}
	buf_add(&v->held, len, sizeof(len));
	buf_add_slice(&v->held, bytes);
}

/* Each goes the way of those that come now, or is dropped as they are. */
static void
release(struct visit *v)
{
	while (buf_len(&v->held) > 0) {
		unsigned char h[2];

		buf_copy_out(&v->held, h, sizeof(h));
		buf_drain(&v->held, sizeof(h));
		size_t len = (size_t)h[0] << 8 | h[1];

		udp_session_send(&v->session, buf_pull(&v->held, len));
		if (v->session.is_over)
			return;
		buf_drain(&v->held, len);
	}
}

static void
on_answer(void *arg, enum lookup_answer answer, struct cluster *c)
{
	struct visit *v = arg;

	(void)answer;
	cluster_unref(c);	/* asked for again, with its routes */
	v->is_waiting = false;
	release(v);
}

static void
look_up(struct visit *v)
{
	const struct port *spec = &v->seat->port->spec;
	struct cluster *c = NULL;

	v->lookup.name = spec->service;
	v->lookup.has_name = true;
	v->lookup.is_udp = true;
	v->lookup.port = spec->service_port;
	v->lookup.done = on_answer;
	v->lookup.arg = v;
	v->is_waiting = lookup_start(v->seat->worker, &v->lookup, &c) ==
	    LOOKUP_WAIT;
	cluster_unref(c);
}

/* --- datagrams ------------------------------------------------------------------------- */

/* Whose it is: the socket, who sent it, and which of our addresses was asked. */
struct visit_key {
	const struct udp_seat *seat;
	unsigned char          peer[16], at[16];
	uint32_t               port;
	uint32_t               scope;
};
_Static_assert(sizeof(struct visit_key) <= UDP_KEY_MAX, "a key has room");

static void
put_ip(unsigned char out[16], const struct addr *a)
{
	if (a->len == 0)
		return;
	if (a->sa.sa_family == AF_INET6)
		memcpy(out, &a->in6.sin6_addr, 16);
	else
		memcpy(out, &a->in.sin_addr, sizeof(a->in.sin_addr));
}

static void
key_of(struct visit_key *key, const struct udp_seat *seat,
    const struct datagram *d)
{
	*key = (struct visit_key){ .seat = seat,
		.port = (uint32_t)addr_port(d->from) };
	put_ip(key->peer, d->from);
	put_ip(key->at, d->at);
	if (d->from->sa.sa_family == AF_INET6)
		key->scope = d->from->in6.sin6_scope_id;
}

static void
set_facts(struct udp_facts *f, struct udp_seat *seat, const struct addr *from)
{
	udp_facts_init(f, seat->worker, seat->port->spec.kind ==
	    PORT_GATEWAY ? "gateway" : "upstream");
	f->remote = *from;
	addr_unmap(&f->remote);
	f->service = slice_str(seat->service);
}

static struct visit *
visit_new(struct udp_seat *seat, const struct datagram *d,
    const struct visit_key *key)
{
	struct udp_worker *u = seat->worker->udp;
	struct visit *v;
	enum udp_added added;

	if (!app_user_may_send(seat->port, seat->worker, d->from, d->at)) {
		udp_drop(u, slice_str(seat->service), "user", 1);
		return NULL;
	}
	v = mem_zalloc(sizeof(*v));
	v->seat = seat;
	v->peer = addr_shorten(d->from);
	if (d->at->len > 0)
		v->at = addr_shorten(d->at);
	set_facts(&v->session.facts, seat, d->from);
	added = udp_session_begin(&v->session, u, &down,
	    slice_of(key, sizeof(*key)), slice_of(key->peer,
	    sizeof(key->peer)));
	if (added == UDP_ADDED) {
		list_append(&seat->visits, &v->link);
		if (seat->port->spec.kind == PORT_UPSTREAM)
			look_up(v);
		return v;
	}
	udp_drop(u, slice_str(seat->service), added == UDP_FULL ?
	    "sessions" : "source_sessions", 1);
	mem_free(v);
	return NULL;
}

/* So that control goes on to tell of it. */
static void
note_used(struct udp_seat *seat)
{
	const struct data_plane_options *o = &seat->port->plane->options;
	uint64_t now = loop_now_ms(seat->worker->env.loop);

	if (o->used == NULL || seat->port->spec.kind != PORT_UPSTREAM ||
	    now - seat->used_ms < USED_MS)
		return;
	seat->used_ms = now;
	o->used(o->arg, &seat->port->spec.service);
}

/* Why there are no new sessions, or NULL. */
static const char *
refusal(const struct udp_seat *seat)
{
	if (seat->worker->udp->is_draining)
		return "draining";
	return overload_level(&seat->port->plane->overload) == OVERLOAD_FULL ?
	    "overload" : NULL;
}

static void
on_datagram(void *owner, const struct datagram *d)
{
	struct udp_seat *seat = owner;
	struct udp_worker *u = seat->worker->udp;
	struct visit_key key;
	struct udp_place *place;
	struct visit *v;
	const char *why;

	key_of(&key, seat, d);
	place = udp_table_find(&u->table, slice_of(&key, sizeof(key)));
	if (place == NULL && (why = refusal(seat)) != NULL) {
		udp_drop(u, slice_str(seat->service), why, 1);
		return;
	}
	note_used(seat);
	v = place != NULL ? list_entry(place, struct visit, session.place) :
	    visit_new(seat, d, &key);
	if (v == NULL)
		return;
	if (v->is_waiting)
		hold(v, d->bytes);
	else
		udp_session_send(&v->session, d->bytes);
}

static void
on_error(void *owner, int error)
{
	(void)owner;
	(void)error;
}

static void
on_unsent(void *owner, int error)
{
	const struct udp_seat *seat = owner;

	(void)error;
	udp_drop(seat->worker->udp, slice_str(seat->service), "reply_unsent", 1);
}

static const struct datagram_ops seat_ops = {
	on_datagram, on_error, on_unsent
};

/* --- opening and closing -------------------------------------------------------------- */

static void
on_open(void *arg)
{
	struct udp_seat *seat = arg;
	int fd = seat->fd;

	seat->fd = -1;
	if (seat->worker->is_stopped) {
		close(fd);
		return;
	}
	seat->socket = datagram_listen(udp_of(seat->worker)->io, fd, &seat_ops,
	    seat);
}

static int
open_at(struct udp_port *o, const struct addr *addr, struct err *err)
{
	int n = o->plane->options.workers, fds[DATA_PLANE_WORKERS_MAX];

	if (datagram_bind(addr, n, fds, &o->at, err) != 0)
		return -1;
	atomic_store(&o->open, n);
	o->is_closed = false;
	for (int i = 0; i < n; i++) {
		o->seats[i].fd = fds[i];
		loop_post(o->plane->workers[i].env.loop, on_open, &o->seats[i]);
	}
	return 0;
}

struct udp_port *
udp_port_open(struct data_plane *p, const struct port *spec, struct err *err)
{
	struct udp_port *o = mem_zalloc(sizeof(*o));
	size_t n = (size_t)p->options.workers;

	o->plane = p;
	o->spec = *spec;
	o->seats = mem_zalloc_array(n, sizeof(*o->seats));
	for (size_t i = 0; i < n; i++) {
		struct udp_seat *seat = &o->seats[i];

		seat->port = o;
		seat->worker = &p->workers[i];
		list_init(&seat->visits);
		if (spec->kind == PORT_UPSTREAM)
			service_key(&spec->service, seat->service);
	}
	if (open_at(o, &spec->addr, err) == 0)
		return o;
	udp_port_free(o);
	return NULL;
}

int
udp_port_reopen(struct udp_port *o, struct err *err)
{
	const struct addr at = o->at;

	if (atomic_load(&o->open) > 0)
		return err_set(err, ERR_SYSTEM, "the port is still closing");
	return open_at(o, &at, err);
}

void
udp_port_end(struct udp_port *o, struct proxy_worker *w)
{
	struct udp_seat *seat = &o->seats[w->env.index];

	if (seat->socket == NULL)
		return;
	while (!list_is_empty(&seat->visits))
		udp_session_end(&list_entry(seat->visits.next, struct visit,
		    link)->session, UDP_STOPPED);
	datagram_close(seat->socket);
	seat->socket = NULL;
	atomic_fetch_sub(&o->open, 1);
}

void
udp_port_free(struct udp_port *o)
{
	mem_free(o->seats);
	mem_free(o);
}
