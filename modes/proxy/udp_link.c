#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "link/packet.h"
#include "modes/proxy/udp_link.h"
#include "modes/proxy/udp_session.h"

#define CONNECTING_MAX	(64 * 1024)	/* bytes that wait for a connection */

struct udp_link {
	struct list            link;	/* in udp->links */
	struct udp_worker     *udp;
	struct cluster        *cluster;	/* counted; has endpoint */
	const struct endpoint *endpoint;
	struct connector      *connector;	/* until conn is there */
	struct conn           *conn;
	struct packet_reader   reader;
	struct buf             out;	/* of this turn, or until it is open */
	size_t                 waiting;	/* datagrams in out */
	struct loop_task       flush;
	struct map             flows;	/* by number: struct udp_leg */
	uint32_t               last;	/* number given */
	uint64_t               used_ms;	/* had a flow */
	bool                   is_retired, is_over;
	bool                   is_unreached;	/* there was no connection */
};

static const char *const alpn_datagrams[] = { "mesh-udp/1", NULL };

static struct loop *
loop_of(const struct udp_link *l)
{
	return l->udp->worker->env.loop;
}

static struct slice
flow_key(const uint32_t *flow)
{
	return slice_of(flow, sizeof(*flow));
}

/* --- the end ------------------------------------------------------------------- */

static void
free_link(void *link)
{
	struct udp_link *l = link;

	map_fini(&l->flows, NULL);
	mem_free(l);
}

static void
forget(struct udp_link *l)
{
	list_remove(&l->link);
	loop_free_later(loop_of(l), free_link, l);
}

static void
ignore_data(struct conn *c, void *owner)
{
	(void)owner;
	buf_drain(conn_in(c), buf_len(conn_in(c)));
}

static void
on_left(struct conn *c, void *owner, enum close_reason why)
{
	(void)c;
	(void)why;
	forget(owner);
}

/* Its last bytes are sent; the link stays until that is done. */
static const struct conn_ops leaving_ops = { ignore_data, NULL, on_left };

/* What waited goes elsewhere, once. */
static void
resend(struct udp_link *l)
{
	struct packet_reader r;
	enum packet_event e;
	struct packet p;

	packet_reader_init(&r, false, l->udp->room);
	while ((e = packet_read(&r, &l->out, &p)) != PACKET_MORE) {
		struct udp_leg *leg = e != PACKET_GOT_DATAGRAM ? NULL :
		    map_get(&l->flows, flow_key(&p.flow));

		if (e == PACKET_GOT_DATAGRAM &&
		    (leg == NULL || !udp_leg_resend(leg, p.bytes)))
			udp_drop(l->udp, l->cluster->service, "connect_failed",
			    1);
	}
}

/* Its flows are told; they join another with their next datagram. */
static void
end(struct udp_link *l, const char *why)
{
	size_t it = 0;
	void *leg;

	if (l->is_over)
		return;
	l->is_over = true;
	if (l->is_unreached)
		resend(l);
	else if (l->waiting > 0)
		udp_drop(l->udp, l->cluster->service, why, l->waiting);
	loop_task_cancel(&l->flush);
	if (l->connector != NULL)
		connector_cancel(l->connector);
	if (l->conn != NULL)
		conn_set_owner(l->conn, &leaving_ops, l);
	if (l->conn != NULL && !conn_is_closed(l->conn))
		conn_close_linger(l->conn, CLOSE_FINISHED);
	while (map_next(&l->flows, &it, NULL, &leg))
		udp_leg_lost(leg);
	buf_fini(&l->out);
	cluster_unref(l->cluster);
	l->cluster = NULL;
	if (l->conn == NULL)
		forget(l);
}

/* --- from the other sidecar -------------------------------------------------------- */

/* False: the link is over. */
static bool
take(struct udp_link *l, enum packet_event e, const struct packet *p)
{
	struct udp_leg *leg = map_get(&l->flows, flow_key(&p->flow));

	switch (e) {
	case PACKET_GOT_DATAGRAM:
		if (leg != NULL)
			udp_leg_take(leg, p->bytes);
		else
			udp_drop(l->udp, l->cluster->service, "late", 1);
		return !l->is_over;
	case PACKET_GOT_CLOSE:
		if (leg != NULL) {
			map_del(&l->flows, flow_key(&p->flow));
			udp_leg_lost(leg);
		}
		return !l->is_over;
	case PACKET_GOT_DRAIN:
		l->is_retired = true;
		return true;
	default:
		end(l, "bad_frame");
		return false;
	}
}

static void
on_data(struct conn *c, void *owner)
{
	struct udp_link *l = owner;
	enum packet_event e;
	struct packet p = { 0 };

	while ((e = packet_read(&l->reader, conn_in(c), &p)) != PACKET_MORE)
		if (!take(l, e, &p))
			return;
	if (conn_is_eof(c))
		end(l, "connection_lost");
}

static void
on_closed(struct conn *c, void *owner, enum close_reason why)
{
	struct udp_link *l = owner;

	(void)c;
	log_debug("udp", "%.*s at %.*s: %s", SLICE_ARG(l->cluster->name),
	    SLICE_ARG(l->endpoint->host), close_reason_name(why));
	l->conn = NULL;
	end(l, "connection_lost");
}

static const struct conn_ops link_ops = { on_data, NULL, on_closed };

/* --- to it --------------------------------------------------------------------------- */

static void
on_flush(void *arg)
{
	struct udp_link *l = arg;

	l->waiting = 0;
	if (!conn_is_closed(l->conn))
		conn_write(l->conn, &l->out);
}

static void
on_connected(void *arg, struct conn *c, enum response_flag flag,
    const char *details)
{
	struct udp_link *l = arg;
	char meta[PACKET_META_MAX];
	struct buf first = { 0 };

	l->connector = NULL;
	if (c == NULL) {
		log_debug("udp", "%.*s at %.*s: %s %s",
		    SLICE_ARG(l->cluster->name), SLICE_ARG(l->endpoint->host),
		    response_flag_name(flag), details);
		l->is_unreached = true;
		end(l, "connect_failed");
		return;
	}
	l->conn = c;
	packet_reader_init(&l->reader, false, l->udp->room);
	conn_set_owner(c, &link_ops, l);
	/* Another trust domain learns no more of us than our ID. */
	int n = cluster_is_federated(l->cluster) ? 0 : snprintf(meta,
	    sizeof(meta), "source=%.*s",
	    SLICE_ARG(l->udp->worker->env.workload));

	packet_put_meta(&first, meta, (size_t)n);
	conn_write(c, &first);
	on_flush(l);
}

bool
udp_link_send(struct udp_link *l, uint32_t flow, struct slice bytes)
{
	size_t most = l->conn == NULL ? CONNECTING_MAX : UDP_LINK_MAX;
	size_t queued = buf_len(&l->out) +
	    (l->conn == NULL ? 0 : conn_unsent(l->conn));

	if (l->is_over || (queued > 0 && queued + bytes.len > most)) {
		udp_drop(l->udp, l->cluster->service, l->is_over ?
		    "connect_failed" : "link_full", 1);
		return false;
	}
	packet_put_datagram(&l->out, flow, bytes);
	l->waiting++;
	if (l->conn != NULL)
		loop_defer(loop_of(l), &l->flush);
	return true;
}

/* --- flows ---------------------------------------------------------------------------- */

static bool
is_stale(const struct udp_link *l)
{
	const struct conn_peer *peer;

	if (l->conn == NULL)
		return false;
	peer = conn_peer(l->conn);
	return peer->bundle_generation < l->udp->generation ||
	    peer->not_after <= clock_wall_s();
}

struct udp_link *
udp_link_to(struct udp_worker *u, struct cluster *c, const struct endpoint *e)
{
	struct udp_link *l;

	LIST_FOREACH(at, &u->links) {
		l = list_entry(at, struct udp_link, link);
		if (l->is_over)
			continue;
		l->is_retired |= is_stale(l);
		if (l->endpoint->state == e->state && !l->is_retired)
			return l;
	}
	l = mem_zalloc(sizeof(*l));
	l->udp = u;
	l->cluster = cluster_ref(c);
	l->endpoint = e;
	l->used_ms = loop_now_ms(u->worker->env.loop);
	loop_task_init(&l->flush, on_flush, l);
	list_append(&u->links, &l->link);
	l->connector = connector_start(u->worker->upstream, c, e,
	    alpn_datagrams, on_connected, l);
	udp_wake(u);
	return l;
}

uint32_t
udp_link_join(struct udp_link *l, struct udp_leg *leg)
{
	uint32_t flow = ++l->last;

	/* Another begins before numbers come again. */
	l->is_retired |= l->last == UINT32_MAX;
	map_put(&l->flows, flow_key(&flow), leg);
	return flow;
}

void
udp_link_leave(struct udp_link *l, uint32_t flow)
{
	if (map_del(&l->flows, flow_key(&flow)) == NULL || l->is_over)
		return;
	l->used_ms = loop_now_ms(loop_of(l));
	packet_put_close(&l->out, flow);
	if (l->conn != NULL)
		loop_defer(loop_of(l), &l->flush);
}

/* --- all of a worker ------------------------------------------------------------------- */

void
udp_links_look(struct udp_worker *u)
{
	uint64_t now = loop_now_ms(u->worker->env.loop);

	LIST_FOREACH_SAFE(at, &u->links) {
		struct udp_link *l = list_entry(at, struct udp_link, link);

		if (l->is_over)
			continue;
		l->is_retired |= is_stale(l);
		if (l->flows.len > 0)
			l->used_ms = now;
		else if (l->is_retired || u->is_draining ||
		    now - l->used_ms >= l->cluster->pool.idle_ms)
			end(l, "closed");
	}
}

void
udp_links_close(struct udp_worker *u)
{
	LIST_FOREACH_SAFE(at, &u->links)
		end(list_entry(at, struct udp_link, link), "closed");
}
