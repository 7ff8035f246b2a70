#include "route/gateway.h"

#include <stdlib.h>

/* --- who may share a port ------------------------------------------------- */

/* Listeners share a port with those that tell connections apart as they do. */
static int
way_of(enum gateway_protocol p)
{
	return p == GATEWAY_TLS ? GATEWAY_HTTPS : (int)p;
}

static enum gateway_conflict
conflict_of(const struct gateway_listener *a, const struct gateway_listener *b)
{
	int way = way_of(a->protocol), other = way_of(b->protocol);

	if (a->port != b->port ||
	    (way == GATEWAY_UDP) != (other == GATEWAY_UDP))
		return GATEWAY_DISTINCT;
	if (way != other)
		return GATEWAY_PROTOCOL_CONFLICT;
	if (way == GATEWAY_TCP || way == GATEWAY_UDP)
		return GATEWAY_PROTOCOL_CONFLICT;
	return slice_eq(a->hostname, b->hostname) ? GATEWAY_HOST_CONFLICT :
	    GATEWAY_DISTINCT;
}

/*
 * Against its own document and those in front of it.  Who lost to a document
 * in front harms nobody behind.
 */
static void
judge(struct gateway_listener *all, size_t len, size_t at)
{
	struct gateway_listener *l = &all[at];

	for (size_t i = 0; i < len; i++) {
		const struct gateway_listener *o = &all[i];
		bool is_ahead = o->document < l->document;
		enum gateway_conflict why;

		if (i == at || o->document > l->document ||
		    (is_ahead && o->conflict != GATEWAY_DISTINCT))
			continue;
		why = conflict_of(l, o);
		if (why > l->conflict)
			l->conflict = why;
	}
}

const char *
gateway_conflict_reason(enum gateway_conflict c)
{
	static const char *const reasons[] = {
		[GATEWAY_DISTINCT] = NULL,
		[GATEWAY_HOST_CONFLICT] = "HostnameConflict",
		[GATEWAY_PROTOCOL_CONFLICT] = "ProtocolConflict",
	};

	return reasons[c];
}

/* --- ports -------------------------------------------------------- */

static bool
is_wildcard(struct slice hostname)
{
	return hostname.len > 2 && hostname.ptr[0] == '*';
}

/* Names before wildcards before none; the longer one first. */
static int
by_host(const void *a, const void *b)
{
	const struct gateway_listener *x = *(const struct gateway_listener *const *)a,
	    *y = *(const struct gateway_listener *const *)b;
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
	const struct gateway_port *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (x->protocol == GATEWAY_UDP) - (y->protocol == GATEWAY_UDP);
}

static struct gateway_port *
port_of(struct gateway_plan *plan, const struct gateway_listener *l)
{
	enum gateway_protocol way = (enum gateway_protocol)way_of(
	    l->protocol);

	for (size_t i = 0; i < plan->len; i++)
		if (plan->ports[i].number == l->port &&
		    plan->ports[i].protocol == way)
			return &plan->ports[i];
	struct gateway_port *p = &plan->ports[plan->len++];

	p->number = l->port;
	p->protocol = way;
	return p;
}

void
gateway_plan(struct arena *a, struct gateway_listener *all, size_t len,
    struct gateway_plan *out)
{
	*out = (struct gateway_plan){
		.ports = arena_zalloc(a, (len + 1) * sizeof(*out->ports)),
	};
	for (size_t i = 0; i < len; i++)
		all[i].conflict = GATEWAY_DISTINCT;
	for (size_t i = 0; i < len; i++) {
		struct gateway_port *p;

		judge(all, len, i);
		if (all[i].conflict != GATEWAY_DISTINCT)
			continue;
		p = port_of(out, &all[i]);
		if (p->listeners == NULL)
			p->listeners = arena_alloc(a,
			    len * sizeof(const struct gateway_listener *));
		p->listeners[p->len++] = &all[i];
	}
	for (size_t i = 0; i < out->len; i++)
		qsort(out->ports[i].listeners, out->ports[i].len,
		    sizeof(const struct gateway_listener *), by_host);
	qsort(out->ports, out->len, sizeof(*out->ports), by_number);
}

/* --- names -------------------------------------------------------- */

bool
gateway_holds(struct slice hostname, struct slice host)
{
	if (hostname.len == 0)
		return true;
	if (!is_wildcard(hostname))
		return slice_eq(hostname, host);
	/* "*.a.b": something, then ".a.b" */
	hostname = slice_from(hostname, 1);
	return host.len > hostname.len && slice_has_suffix(host, hostname);
}

const struct gateway_listener *
gateway_find(const struct gateway_port *p, struct slice host)
{
	for (size_t i = 0; i < p->len; i++)
		if (gateway_holds(p->listeners[i]->hostname, host))
			return p->listeners[i];
	return NULL;
}

enum gateway_answer
gateway_meant(const struct gateway_port *p, struct slice sni, struct slice host,
    const struct gateway_listener **out)
{
	*out = gateway_find(p, host);
	if (*out == NULL)
		return GATEWAY_NOBODY;
	return sni.ptr != NULL && *out != gateway_find(p, sni) ?
	    GATEWAY_MISDIRECTED : GATEWAY_MEANT;
}
