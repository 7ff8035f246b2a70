#include <errno.h>

#include "base/check.h"
#include "base/mem.h"
#include "modes/proxy/affinity.h"
#include "modes/proxy/udp_link.h"
#include "modes/proxy/udp_session.h"

struct udp_leg {
	struct list            link;	/* in session->legs */
	struct udp_session    *session;
	struct cluster        *cluster;	/* counted; has endpoint */
	const struct endpoint *endpoint;
	uint64_t               begun_ms;
	struct udp_link       *via;	/* one of the two */
	uint32_t               flow;
	struct datagram_socket *socket;
};

static uint64_t
now_ms(const struct udp_session *s)
{
	return loop_now_ms(s->udp->worker->env.loop);
}

static struct slice
service_of(const struct udp_session *s)
{
	return s->cluster == NULL ? SLICE_NONE : s->cluster->service;
}

/* --- legs ------------------------------------------------------------------------ */

static void
leg_free(struct udp_leg *leg)
{
	struct udp_session *s = leg->session;

	if (s->current == leg)
		s->current = NULL;
	list_remove(&leg->link);
	s->legs_len--;
	if (leg->via != NULL)
		udp_link_leave(leg->via, leg->flow);
	if (leg->socket != NULL)
		datagram_close(leg->socket);
	endpoint_session_end(leg->endpoint->state);
	cluster_unref(leg->cluster);
	mem_free(leg);
}

void
udp_leg_take(struct udp_leg *leg, struct slice bytes)
{
	struct udp_session *s = leg->session;

	udp_table_touch(&s->udp->table, &s->place, now_ms(s));
	s->has_moved = false;
	s->facts.down++;
	s->facts.down_bytes += bytes.len;
	s->down->reply(s, bytes);
}

/* The application is gone, and so is what it knew of the caller. */
void
udp_leg_lost(struct udp_leg *leg)
{
	struct udp_session *s = leg->session;

	leg_free(leg);
	if (s->facts.is_inbound)
		udp_session_end(s, UDP_FAILED);
}

static void
on_datagram(void *owner, const struct datagram *d)
{
	struct udp_leg *leg = owner;

	endpoint_state_reached(leg->endpoint->state);
	udp_leg_take(leg, d->bytes);
}

static void
on_error(void *owner, int error)
{
	struct udp_leg *leg = owner;
	struct udp_session *s = leg->session;

	(void)error;
	endpoint_state_missed(leg->endpoint->state, leg->begun_ms, now_ms(s));
	udp_drop(s->udp, service_of(s), "unreachable", 1);
	udp_leg_lost(leg);
}

static const char *
loss(int error)
{
	return error == EMSGSIZE ? "too_large" : error == EAGAIN ||
	    error == ENOBUFS ? "socket_full" : "unreachable";
}

static void
on_unsent(void *owner, int error)
{
	const struct udp_leg *leg = owner;

	udp_drop(leg->session->udp, service_of(leg->session), loss(error), 1);
}

static const struct datagram_ops leg_ops = { on_datagram, on_error, on_unsent };

static int
connect_leg(struct udp_leg *leg)
{
	struct udp_session *s = leg->session;
	const struct endpoint *e = leg->endpoint;
	int error;

	if (e->id.len > 0 || (cluster_is_federated(leg->cluster) &&
	    leg->cluster->barred == NULL)) {
		leg->via = udp_link_to(s->udp, leg->cluster, e);
		leg->flow = udp_link_join(leg->via, leg);
		return 0;
	}
	if (leg->cluster->barred == NULL && leg->cluster->outside == NULL)
		leg->socket = datagram_connect(s->udp->io, &e->addr, &leg_ops,
		    leg, &error);
	return leg->socket == NULL ? -1 : 0;
}

static struct udp_leg *
leg_new(struct udp_session *s, const struct endpoint *e)
{
	struct udp_leg *leg = mem_zalloc(sizeof(*leg));

	if (s->legs_len == UDP_LEGS_MAX)
		leg_free(list_entry(s->legs.next, struct udp_leg, link));
	leg->session = s;
	leg->cluster = cluster_ref(s->cluster);
	leg->endpoint = e;
	leg->begun_ms = now_ms(s);
	endpoint_session_begin(e);
	list_append(&s->legs, &leg->link);
	s->legs_len++;
	if (connect_leg(leg) == 0)
		return leg;
	leg_free(leg);
	return NULL;
}

static struct udp_leg *
leg_to(struct udp_session *s, const struct endpoint *e)
{
	LIST_FOREACH(at, &s->legs) {
		struct udp_leg *leg = list_entry(at, struct udp_leg, link);

		if (leg->endpoint->state == e->state)
			return leg;
	}
	return leg_new(s, e);
}

static struct udp_leg *
pick(struct udp_session *s, const char **why)
{
	const struct pick p = { .now_ms = now_ms(s), .hash = s->hash,
		.has_hash = s->has_hash };
	const struct endpoint *e = cluster_pick(s->cluster, &p);

	*why = s->cluster->is_unresolved ? "dns_failed" : "no_endpoint";
	if (e == NULL)
		return NULL;
	udp_facts_reach(&s->facts, s->udp->worker, s->cluster, e);
	*why = "no_socket";
	return leg_to(s, e);
}

/* --- where it goes ---------------------------------------------------------------- */

static bool
has_endpoint(const struct cluster *c, const struct endpoint_state *state)
{
	for (size_t i = 0; i < c->len; i++)
		if (c->v[i].state == state)
			return true;
	return false;
}

/* What comes of a leg to an endpoint that left still is for the caller. */
static bool
refresh(struct udp_session *s)
{
	const struct proxy_worker *w = s->udp->worker;
	uint64_t number = w->snapshot == NULL ? 0 : w->snapshot->number;
	const char *why = "no_service";
	struct cluster *c;

	if (s->cluster != NULL && s->number == number)
		return true;
	c = s->down->cluster(s, &why);
	if (c == NULL) {
		udp_drop(s->udp, s->facts.service, why, 1);
		return false;
	}
	if (s->current != NULL &&
	    !has_endpoint(c, s->current->endpoint->state))
		s->current = NULL;
	cluster_unref(s->cluster);
	s->cluster = c;
	s->number = number;
	s->has_hash = c->affinity.kind == AFFINITY_SOURCE;
	if (s->has_hash)
		s->hash = affinity_source(&s->facts.remote, w->env.workload);
	return true;
}

void
udp_session_send(struct udp_session *s, struct slice bytes)
{
	const char *why = NULL;

	if (s->is_over)
		return;
	udp_table_touch(&s->udp->table, &s->place, now_ms(s));
	if (!refresh(s))
		return;
	if (s->current == NULL || s->cluster->is_per_packet)
		s->current = pick(s, &why);
	if (s->current == NULL) {
		udp_drop(s->udp, s->facts.service, why, 1);
		return;
	}
	struct udp_leg *leg = s->current;

	if (leg->via != NULL && !udp_link_send(leg->via, leg->flow, bytes))
		return;
	s->facts.up++;
	s->facts.up_bytes += bytes.len;
	if (leg->socket != NULL)
		datagram_send(leg->socket, NULL, NULL, bytes);
}

bool
udp_leg_resend(struct udp_leg *leg, struct slice bytes)
{
	struct udp_session *s = leg->session;

	if (s->current == leg && s->has_moved)
		return false;
	if (s->current == leg)
		s->current = NULL;
	s->has_moved = true;
	s->facts.up--;		/* counted when it goes */
	s->facts.up_bytes -= bytes.len;
	udp_session_send(s, bytes);
	return true;
}

/* --- life -------------------------------------------------------------------------- */

enum udp_added
udp_session_begin(struct udp_session *s, struct udp_worker *u,
    const struct udp_down *down, struct slice key, struct slice source)
{
	enum udp_added added = udp_table_add(&u->table, &s->place, key, source,
	    loop_now_ms(u->worker->env.loop));

	if (added != UDP_ADDED)
		return added;
	s->udp = u;
	s->down = down;
	list_init(&s->legs);
	udp_wake(u);
	return UDP_ADDED;
}

void
udp_session_count(struct udp_session *s)
{
	udp_facts_count(&s->facts, s->udp->worker);
}

void
udp_session_end(struct udp_session *s, enum udp_end why)
{
	if (s->is_over)
		return;
	s->is_over = true;
	udp_table_remove(&s->udp->table, &s->place);
	while (s->legs_len > 0)
		leg_free(list_entry(s->legs.next, struct udp_leg, link));
	udp_facts_end(&s->facts, s->udp->worker, udp_end_name(why));
	cluster_unref(s->cluster);
	s->cluster = NULL;
	s->down->over(s, why);
}
