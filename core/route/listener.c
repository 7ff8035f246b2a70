#include "route/listener.h"

#include <stdlib.h>

/* --- who may share a port ------------------------------------------------- */

/* Listeners share a port with those that tell connections apart as they do. */
static int
way_of(enum listener_protocol p)
{
	return p == LISTENER_TLS ? LISTENER_HTTPS : (int)p;
}

static enum listener_conflict
conflict_of(const struct listener *a, const struct listener *b)
{
	int way = way_of(a->protocol), other = way_of(b->protocol);

	if (a->port != b->port ||
	    (way == LISTENER_UDP) != (other == LISTENER_UDP))
		return LISTENER_DISTINCT;
	if (way != other)
		return LISTENER_PROTOCOL_CONFLICT;
	if (way == LISTENER_TCP || way == LISTENER_UDP)
		return LISTENER_PROTOCOL_CONFLICT;
	return slice_eq(a->hostname, b->hostname) ? LISTENER_HOST_CONFLICT :
	    LISTENER_DISTINCT;
}

/*
 * Against its own document and those in front of it.  Who lost to a document
 * in front harms nobody behind.
 */
static void
judge(struct listener *all, size_t len, size_t at)
{
	struct listener *l = &all[at];

	for (size_t i = 0; i < len; i++) {
		const struct listener *o = &all[i];
		bool is_ahead = o->document < l->document;
		enum listener_conflict why;

		if (i == at || o->document > l->document ||
		    (is_ahead && o->conflict != LISTENER_DISTINCT))
			continue;
		why = conflict_of(l, o);
		if (why > l->conflict)
			l->conflict = why;
	}
}

const char *
listener_conflict_reason(enum listener_conflict c)
{
	static const char *const reasons[] = {
		[LISTENER_DISTINCT] = NULL,
		[LISTENER_HOST_CONFLICT] = "HostnameConflict",
		[LISTENER_PROTOCOL_CONFLICT] = "ProtocolConflict",
	};

	return reasons[c];
}

/* --- ports ------------------------------------------------------------------ */

static bool
is_wildcard(struct slice hostname)
{
	return hostname.len > 2 && hostname.ptr[0] == '*';
}

/* Names before wildcards before none; the longer one first. */
static int
by_host(const void *a, const void *b)
{
	const struct listener *x = *(const struct listener *const *)a,
	    *y = *(const struct listener *const *)b;
	int wild = is_wildcard(x->hostname) - is_wildcard(y->hostname);

	if (x->hostname.len == 0 || y->hostname.len == 0)
		return (x->hostname.len == 0) - (y->hostname.len == 0);
	if (wild != 0)
		return wild;
	if (x->hostname.len != y->hostname.len)
		return x->hostname.len > y->hostname.len ? -1 : 1;
	return slice_cmp(x->hostname, y->hostname);
}

static int
by_number(const void *a, const void *b)
{
	const struct listener_port *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (x->protocol == LISTENER_UDP) - (y->protocol == LISTENER_UDP);
}

static struct listener_port *
port_of(struct listener_plan *plan, const struct listener *l)
{
	enum listener_protocol way = (enum listener_protocol)way_of(
	    l->protocol);

	for (size_t i = 0; i < plan->len; i++)
		if (plan->ports[i].number == l->port &&
		    plan->ports[i].protocol == way)
			return &plan->ports[i];
	struct listener_port *p = &plan->ports[plan->len++];

	p->number = l->port;
	p->protocol = way;
	return p;
}

void
listener_plan(struct arena *a, struct listener *all, size_t len,
    struct listener_plan *out)
{
	*out = (struct listener_plan){
		.ports = arena_zalloc(a, (len + 1) * sizeof(*out->ports)),
	};
	for (size_t i = 0; i < len; i++)
		all[i].conflict = LISTENER_DISTINCT;
	for (size_t i = 0; i < len; i++) {
		struct listener_port *p;

		judge(all, len, i);
		if (all[i].conflict != LISTENER_DISTINCT)
			continue;
		p = port_of(out, &all[i]);
		if (p->listeners == NULL)
			p->listeners = arena_alloc(a,
			    len * sizeof(const struct listener *));
		p->listeners[p->len++] = &all[i];
	}
	for (size_t i = 0; i < out->len; i++)
		qsort(out->ports[i].listeners, out->ports[i].len,
		    sizeof(const struct listener *), by_host);
	qsort(out->ports, out->len, sizeof(*out->ports), by_number);
}

/* --- names ------------------------------------------------------------------ */

bool
listener_holds(struct slice hostname, struct slice host)
{
	if (hostname.len == 0)
		return true;
	if (!is_wildcard(hostname))
		return slice_eq(hostname, host);
	/* "*.a.b": something, then ".a.b" */
	hostname = slice_from(hostname, 1);
	return host.len > hostname.len && slice_has_suffix(host, hostname);
}

const struct listener *
listener_find(const struct listener_port *p, struct slice host)
{
	for (size_t i = 0; i < p->len; i++)
		if (listener_holds(p->listeners[i]->hostname, host))
			return p->listeners[i];
	return NULL;
}
