#include <string.h>

#include "base/mem.h"
#include "link/packet.h"
#include "modes/proxy/session_metrics.h"
#include "modes/proxy/udp_carrier.h"
#include "modes/proxy/udp_session.h"

#define UNREAD_MAX	(UDP_LINK_MAX + 64 * 1024)	/* bytes, with closes */

struct udp_carrier_job {
	struct service_name name;
	uint16_t            port;
};

struct carrier {
	struct list             link;	/* in udp->carriers */
	struct udp_worker      *udp;
	struct udp_carrier_job *job;
	struct l4_run          *l4;
	struct packet_reader    reader;
	struct buf              out;	/* of this turn */
	struct loop_task        flush;
	struct list             flows;
	struct conn_peer       *peer;	/* what was proven; owned */
	char                    source[128];	/* workload, "ns/name" */
	char                    service[SERVICE_KEY_MAX];
	uint64_t                heard_ms;
	bool                    is_draining, is_over;
};

struct carried {
	struct udp_session session;
	struct list        link;	/* in carrier->flows */
	struct carrier    *carrier;
	uint32_t           number;
};

struct udp_carrier_job *
udp_carrier_job_new(const struct service_name *name, uint16_t port)
{
	struct udp_carrier_job *job = mem_alloc(sizeof(*job));

	*job = (struct udp_carrier_job){ *name, port };
	return job;
}

/* --- to the caller ---------------------------------------------------------------- */

static void
on_flush(void *arg)
{
	struct carrier *c = arg;

	if (!c->is_over && !l4_is_closed(c->l4))
		l4_send(c->l4, &c->out, false);
}

static void
reply(struct udp_session *s, struct slice bytes)
{
	struct carried *f = list_entry(s, struct carried, session);
	struct carrier *c = f->carrier;
	size_t queued = buf_len(&c->out) + conn_unsent(l4_conn(c->l4));

	c->heard_ms = loop_now_ms(c->udp->worker->env.loop);
	if (queued > 0 && queued + bytes.len > UDP_LINK_MAX) {
		udp_drop(c->udp, s->facts.service, "link_full", 1);
		return;
	}
	packet_put_datagram(&c->out, f->number, bytes);
	loop_defer(c->udp->worker->env.loop, &c->flush);
}

/* It cannot be dropped; who reads none of many is not waited for. */
static void
say_closed(struct carrier *c, uint32_t flow)
{
	packet_put_close(&c->out, flow);
	loop_defer(c->udp->worker->env.loop, &c->flush);
	if (buf_len(&c->out) + conn_unsent(l4_conn(c->l4)) > UNREAD_MAX)
		l4_close(c->l4, CLOSE_LIMIT);
}

static void
over(struct udp_session *s, enum udp_end why)
{
	struct carried *f = list_entry(s, struct carried, session);
	struct carrier *c = f->carrier;

	list_remove(&f->link);
	if (why != UDP_CLOSED && !c->is_over)
		say_closed(c, f->number);
	loop_free_later(c->udp->worker->env.loop, mem_free, f);
}

static struct cluster *
cluster(struct udp_session *s, const char **why)
{
	const struct carrier *c = list_entry(s, struct carried, session)->carrier;
	const struct snapshot *now = c->udp->worker->snapshot;
	const struct inbound_port *app = snapshot_inbound_udp(now,
	    &c->job->name, c->job->port);

	*why = "no_application";
	return app == NULL ? NULL : cluster_ref(app->cluster);
}

static const struct udp_down down = { cluster, reply, over };

/* --- from the caller ---------------------------------------------------------------- */

struct carried_key {
	const struct carrier *carrier;
	uint64_t              number;
};

static struct carried *
carried_new(struct carrier *c, uint32_t number, const struct carried_key *key)
{
	struct proxy_worker *w = c->udp->worker;
	struct carried *f = mem_zalloc(sizeof(*f));
	struct udp_facts *facts = &f->session.facts;
	struct addr room;
	enum udp_added added;

	f->carrier = c;
	f->number = number;
	udp_facts_init(facts, w, "inbound");
	facts->is_inbound = true;
	facts->peer = c->peer;
	facts->source = slice_str(c->source);
	facts->service = slice_str(c->service);
	facts->remote = *conn_addr(l4_conn(c->l4), &room);
	addr_unmap(&facts->remote);
	added = udp_session_begin(&f->session, c->udp, &down,
	    slice_of(key, sizeof(*key)), slice_of(&key->carrier,
	    sizeof(key->carrier)));
	if (added == UDP_ADDED) {
		list_append(&c->flows, &f->link);
		return f;
	}
	udp_drop(c->udp, slice_str(c->service), added == UDP_FULL ?
	    "sessions" : "source_sessions", 1);
	mem_free(f);
	return NULL;
}

static void
take(struct carrier *c, const struct packet *p, bool is_close)
{
	const struct carried_key key = { c, p->flow };
	struct udp_place *place = udp_table_find(&c->udp->table,
	    slice_of(&key, sizeof(key)));
	struct carried *f = place == NULL ? NULL :
	    list_entry(place, struct carried, session.place);

	c->heard_ms = loop_now_ms(c->udp->worker->env.loop);
	if (is_close) {
		if (f != NULL)
			udp_session_end(&f->session, UDP_CLOSED);
		return;
	}
	if (f == NULL)
		f = carried_new(c, p->flow, &key);
	if (f != NULL)
		udp_session_send(&f->session, p->bytes);
}

/* "source=NS/NAME": believed only as far as logs and counters go. */
static void
take_meta(struct carrier *c, struct slice meta)
{
	if (!slice_has_prefix(meta, SLICE("source=")))
		return;
	meta = slice_from(meta, 7);
	if (meta.len < sizeof(c->source) &&
	    session_source_is_of(meta, c->peer))
		memcpy(c->source, meta.ptr, meta.len);
}

static void
carrier_bytes(void *state, struct buf *b, bool end)
{
	struct carrier *c = state;
	enum packet_event e;
	struct packet p = { 0 };

	while (!c->is_over && (e = packet_read(&c->reader, b, &p)) !=
	    PACKET_MORE) {
		if (e == PACKET_GOT_META) {
			take_meta(c, p.bytes);
		} else if (e == PACKET_BAD) {
			l4_close(c->l4, CLOSE_PROTOCOL);
			return;
		} else {
			take(c, &p, e == PACKET_GOT_CLOSE);
		}
	}
	if (end && !c->is_over)
		l4_close(c->l4, CLOSE_FINISHED);
}

/* --- life ----------------------------------------------------------------------------- */

static void *
carrier_open(void *arg, struct l4_run *l4)
{
	struct carrier *c = mem_zalloc(sizeof(*c));
	struct proxy_worker *w = l4_env(l4)->mode;

	c->udp = udp_of(w);
	c->job = arg;
	c->l4 = l4;
	c->peer = conn_peer_copy(conn_peer(l4_conn(l4)));
	c->heard_ms = loop_now_ms(w->env.loop);
	service_key(&c->job->name, c->service);
	list_init(&c->flows);
	loop_task_init(&c->flush, on_flush, c);
	packet_reader_init(&c->reader, true, c->udp->room);
	list_append(&c->udp->carriers, &c->link);
	return c;
}

static void
free_carrier(void *carrier)
{
	struct carrier *c = carrier;

	buf_fini(&c->out);
	mem_free(c->peer);
	mem_free(c->job);
	mem_free(c);
}

static void
carrier_close(void *state, enum close_reason why)
{
	struct carrier *c = state;

	(void)why;
	c->is_over = true;
	list_remove(&c->link);
	loop_task_cancel(&c->flush);
	while (!list_is_empty(&c->flows))
		udp_session_end(&list_entry(c->flows.next, struct carried,
		    link)->session, UDP_CLOSED);
	loop_free_later(c->udp->worker->env.loop, free_carrier, c);
}

static void
carrier_drain(void *state)
{
	struct carrier *c = state;

	c->is_draining = true;
	packet_put_drain(&c->out);
	loop_defer(c->udp->worker->env.loop, &c->flush);
	udp_wake(c->udp);
}

static void
carrier_refused(void *arg)
{
	mem_free(arg);
}

const struct l4_terminal udp_carrier_terminal = {
	.name = "datagrams", .open = carrier_open, .bytes = carrier_bytes,
	.close = carrier_close, .refused = carrier_refused,
	.drain = carrier_drain,
};

void
udp_carriers_look(struct udp_worker *u)
{
	uint64_t now = loop_now_ms(u->worker->env.loop);

	LIST_FOREACH_SAFE(at, &u->carriers) {
		struct carrier *c = list_entry(at, struct carrier, link);

		if (c->is_draining && now - c->heard_ms >= UDP_QUIET_MS)
			l4_close_linger(c->l4, CLOSE_FINISHED);
	}
}
