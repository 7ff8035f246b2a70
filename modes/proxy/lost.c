#include "base/arena.h"
#include "modes/proxy/lost.h"

struct ports {
	struct inbound_port *v;
	size_t               len;
};

static const struct inbound_port *
find(struct ports p, const struct service_name *name, uint16_t port)
{
	for (size_t i = 0; i < p.len; i++)
		if (p.v[i].port == port &&
		    service_name_eq(&p.v[i].service, name))
			return &p.v[i];
	return NULL;
}

static void
add_missing(struct ports *out, struct ports from, struct ports now)
{
	for (size_t i = 0; i < from.len; i++) {
		const struct inbound_port *p = &from.v[i];

		if (find(now, &p->service, p->port) == NULL)
			out->v[out->len++] = (struct inbound_port){
				.service = p->service, .port = p->port,
				.app_port = p->app_port,
				.exposed = p->exposed };
	}
}

/* The latest stand last; the first give way. */
static struct ports
lost_of(struct arena *a, struct ports lost, struct ports before,
    struct ports now)
{
	struct ports out = { arena_alloc(a, (lost.len + before.len + 1) *
	    sizeof(*out.v)), 0 };

	add_missing(&out, lost, now);
	add_missing(&out, before, now);
	if (out.len > LOST_PORTS_MAX) {
		out.v += out.len - LOST_PORTS_MAX;
		out.len = LOST_PORTS_MAX;
	}
	return out;
}

void
compile_lost(const struct compile_input *in, struct snapshot *s)
{
	const struct snapshot *b = in->before;
	struct ports p;

	if (b == NULL)
		return;
	p = lost_of(&s->arena, (struct ports){ b->lost, b->lost_len },
	    (struct ports){ b->inbound, b->inbound_len },
	    (struct ports){ s->inbound, s->inbound_len });
	s->lost = p.v;
	s->lost_len = p.len;
	p = lost_of(&s->arena, (struct ports){ b->lost_udp, b->lost_udp_len },
	    (struct ports){ b->inbound_udp, b->inbound_udp_len },
	    (struct ports){ s->inbound_udp, s->inbound_udp_len });
	s->lost_udp = p.v;
	s->lost_udp_len = p.len;
}

const struct inbound_port *
lost_port(const struct snapshot *s, const struct service_name *name,
    uint16_t port, bool is_udp)
{
	return find(is_udp ? (struct ports){ s->lost_udp, s->lost_udp_len } :
	    (struct ports){ s->lost, s->lost_len }, name, port);
}

const struct inbound_port *
lost_plain(const struct snapshot *s, uint16_t at)
{
	for (size_t i = s->lost_len; i-- > 0;)
		if (at != 0 && s->lost[i].exposed == at)
			return &s->lost[i];
	/* At the listener of all; see plain.h. */
	return s->lost_len > 0 ? &s->lost[s->lost_len - 1] : NULL;
}
