#include "base/check.h"
#include "base/mem.h"
#include "link/packet.h"
#include "modes/proxy/data_plane.h"
#include "modes/proxy/port.h"
#include "modes/proxy/udp.h"
#include "modes/proxy/udp_carrier.h"
#include "modes/proxy/udp_link.h"
#include "modes/proxy/udp_port.h"
#include "modes/proxy/udp_session.h"
#include "stat/metrics.h"
#include "tls/tls.h"

static void on_tick(void *);

static void
give_up(struct udp_place *p, enum udp_end why)
{
	udp_session_end(list_entry(p, struct udp_session, place), why);
}

struct udp_worker *
udp_of(struct proxy_worker *w)
{
	if (w->udp != NULL)
		return w->udp;
	struct udp_worker *u = mem_zalloc(sizeof(*u));
	struct tls_identity *id = data_plane_identity(w->plane);

	u->worker = w;
	u->io = datagram_io_new(w->env.loop);
	udp_table_init(&u->table, &w->plane->options.udp, give_up);
	list_init(&u->links);
	list_init(&u->carriers);
	u->generation = id == NULL ? 0 : tls_identity_generation(id);
	tls_identity_unref(id);
	u->room = mem_alloc(PACKET_MAX);
	loop_timer_init(&u->tick, w->env.loop, on_tick, u);
	w->udp = u;
	return u;
}

void
udp_identify(struct proxy_worker *w, uint64_t generation)
{
	if (w->udp != NULL)
		w->udp->generation = generation;
}

void
udp_drop(struct udp_worker *u, struct slice service, const char *reason,
    uint64_t n)
{
	struct slice v[3] = { [2] = slice_str(reason) };

	metric_service(v, service);
	worker_env_count(&u->worker->env, METRIC_UDP_DROPPED, v, 3, (int64_t)n);
}

/* --- each second ---------------------------------------------------------------- */

/* Who was seen since the last time stands last. */
static void
count_active(struct udp_worker *u)
{
	uint64_t now = loop_now_ms(u->worker->env.loop);

	for (struct list *at = u->table.ages.prev; at != &u->table.ages;
	    at = at->prev) {
		struct udp_place *p = list_entry(at, struct udp_place, by_age);

		if (p->seen_ms < u->counted_ms)
			break;
		udp_session_count(list_entry(p, struct udp_session, place));
	}
	u->counted_ms = now;
}

static void
end_quiet(struct udp_worker *u)
{
	uint64_t now = loop_now_ms(u->worker->env.loop);

	LIST_FOREACH_SAFE(at, &u->table.ages) {
		struct udp_place *p = list_entry(at, struct udp_place, by_age);

		if (now - p->seen_ms < UDP_QUIET_MS)
			break;
		give_up(p, UDP_STOPPED);
	}
}

static void
release(struct udp_worker *u)
{
	if (u->is_held)
		port_count_arriving(u->worker, -1);
	u->is_held = false;
}

static void
on_tick(void *arg)
{
	struct udp_worker *u = arg;

	udp_table_sweep(&u->table, loop_now_ms(u->worker->env.loop));
	if (u->is_draining)
		end_quiet(u);
	count_active(u);
	udp_links_look(u);
	udp_carriers_look(u);
	if (u->table.len == 0 && u->is_draining)
		release(u);
	if (u->table.len > 0 || !list_is_empty(&u->links) ||
	    (u->is_draining && !list_is_empty(&u->carriers)))
		udp_wake(u);
}

void
udp_wake(struct udp_worker *u)
{
	if (!loop_timer_is_running(&u->tick))
		loop_timer_start(&u->tick, u->is_draining ? UDP_TICK_MS / 10 :
		    UDP_TICK_MS);
}

/* --- the end -------------------------------------------------------------------- */

void
udp_drain(struct proxy_worker *w)
{
	struct udp_worker *u = w->udp;

	if (u == NULL || u->is_draining)
		return;
	u->is_draining = true;
	u->is_held = u->table.len > 0;
	if (u->is_held)
		port_count_arriving(w, 1);
	loop_timer_stop(&u->tick);
	udp_wake(u);
}

void
udp_close(struct proxy_worker *w)
{
	struct udp_worker *u = w->udp;

	if (u == NULL)
		return;
	while (u->table.len > 0)
		give_up(list_entry(u->table.ages.next, struct udp_place,
		    by_age), UDP_STOPPED);
	udp_links_close(u);
	release(u);
	loop_timer_stop(&u->tick);
}

void
udp_free(struct proxy_worker *w)
{
	struct udp_worker *u = w->udp;

	if (u == NULL)
		return;
	check(list_is_empty(&u->links) && list_is_empty(&u->carriers));
	loop_timer_stop(&u->tick);
	udp_table_fini(&u->table);
	datagram_io_free(u->io);
	mem_free(u->room);
	mem_free(u);
	w->udp = NULL;
}
