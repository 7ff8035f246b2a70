#include "base/log.h"
#include "base/mem.h"
#include "modes/proxy/gateway.h"
#include "modes/proxy/gateway_ports.h"

#define RETRY_MS	1000

/* One address: wanted, open, or both. */
struct place {
	struct list link;
	struct addr addr;
	bool        is_udp;
	bool        is_wanted, is_open, is_told;
};

struct gateway_ports {
	struct data_plane *plane;
	struct list        places;
	struct loop_timer  retry;
	bool               is_stopped, has_changed;
	gateway_ports_fn  *listening;	/* or NULL */
	void              *arg;
};

static struct place *
place_at(struct gateway_ports *g, const struct addr *addr, bool is_udp)
{
	LIST_FOREACH(at, &g->places) {
		struct place *p = list_entry(at, struct place, link);

		if (p->is_udp == is_udp && addr_eq(&p->addr, addr))
			return p;
	}
	struct place *p = mem_zalloc(sizeof(*p));

	p->addr = *addr;
	p->is_udp = is_udp;
	list_append(&g->places, &p->link);
	return p;
}

static void
place_free(struct place *p)
{
	list_remove(&p->link);
	mem_free(p);
}

static void
place_open(struct gateway_ports *g, struct place *p)
{
	const struct port port = { .kind = PORT_GATEWAY, .addr = p->addr,
		.is_udp = p->is_udp };
	struct err err = ERR_INIT;
	char shown[ADDR_TEXT_MAX];

	addr_format(&p->addr, shown);
	if (data_plane_listen(g->plane, &port, NULL, &err) == 0) {
		p->is_open = g->has_changed = true;
		p->is_told = false;
		log_info("listener", "gateway listens on %s%s", shown,
		    p->is_udp ? "/udp" : "");
		return;
	}
	if (!p->is_told)
		log_error("listener", "gateway: %s; it is tried again",
		    err.text);
	p->is_told = true;
	loop_timer_start(&g->retry, RETRY_MS);
}

static void
place_close(struct gateway_ports *g, struct place *p)
{
	char shown[ADDR_TEXT_MAX];

	addr_format(&p->addr, shown);
	if (p->is_open) {
		data_plane_unlisten(g->plane, PORT_GATEWAY, &p->addr,
		    p->is_udp);
		g->has_changed = true;
		log_info("listener", "gateway listens on %s%s no longer",
		    shown, p->is_udp ? "/udp" : "");
	}
	place_free(p);
}

static void
tell(struct gateway_ports *g)
{
	size_t n = 0;
	struct addr *open;

	if (!g->has_changed || g->listening == NULL)
		return;
	LIST_FOREACH(at, &g->places)
		n++;
	open = mem_zalloc_array(n + 1, sizeof(*open));
	n = 0;
	LIST_FOREACH(at, &g->places) {
		const struct place *p = list_entry(at, struct place, link);

		if (p->is_open)
			open[n++] = p->addr;
	}
	g->has_changed = false;
	g->listening(g->arg, open, n);
	mem_free(open);
}

static void
open_wanted(struct gateway_ports *g)
{
	LIST_FOREACH(at, &g->places) {
		struct place *p = list_entry(at, struct place, link);

		if (p->is_wanted && !p->is_open)
			place_open(g, p);
	}
	tell(g);
}

static void
on_retry(void *arg)
{
	open_wanted(arg);
}

struct gateway_ports *
gateway_ports_new(struct data_plane *plane, struct loop *loop,
    gateway_ports_fn *listening, void *arg)
{
	struct gateway_ports *g = mem_zalloc(sizeof(*g));

	g->plane = plane;
	g->listening = listening;
	g->arg = arg;
	list_init(&g->places);
	loop_timer_init(&g->retry, loop, on_retry, g);
	return g;
}

void
gateway_ports_use(struct gateway_ports *g, struct snapshot *s)
{
	const struct gateway *wanted = s->gateway;

	LIST_FOREACH(at, &g->places)
		list_entry(at, struct place, link)->is_wanted = false;
	for (size_t i = 0; wanted != NULL && i < wanted->len; i++)
		place_at(g, &wanted->fronts[i].addr, wanted->fronts[i].port.
		    protocol == GATEWAY_UDP)->is_wanted = true;
	snapshot_unref(s);
	if (g->is_stopped)
		return;
	/* An address may be free for a wider one only then. */
	LIST_FOREACH_SAFE(at, &g->places) {
		struct place *p = list_entry(at, struct place, link);

		if (!p->is_wanted)
			place_close(g, p);
	}
	open_wanted(g);
}

void
gateway_ports_stop(struct gateway_ports *g)
{
	g->is_stopped = true;
	loop_timer_stop(&g->retry);
}

void
gateway_ports_free(struct gateway_ports *g)
{
	if (g == NULL)
		return;
	gateway_ports_stop(g);
	LIST_FOREACH_SAFE(at, &g->places)
		place_free(list_entry(at, struct place, link));
	mem_free(g);
}
