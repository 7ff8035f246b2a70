#include <stdio.h>

#include "base/map.h"
#include "base/mem.h"
#include "modes/proxy/data_plane.h"
#include "modes/proxy/stray.h"
#include "net/conn.h"

struct stray {
	struct list     link;	/* in strays->by_use, or asked */
	struct strays  *strays;
	char           *key, *host;
	int             port;
	enum cluster_protocol protocol;
	struct resolve *asking;	/* NULL: it was answered */
	bool            is_telling;	/* those who waited, and stays for that */
	struct list     waiting;	/* lookups */
	struct addr     addrs[RESOLVE_MAX];
	size_t          len;
	uint64_t        until_ms;
};

struct strays {
	struct proxy_worker  *worker;
	struct stray_settings settings;
	struct resolve_files  files;
	struct map            by_key;
	struct list           by_use;	/* of no use, the last used ... */
	struct list           asked;	/* somebody waits for the answer */
};

struct strays *
strays_new(struct proxy_worker *w, const struct stray_settings *settings)
{
	struct strays *s = mem_zalloc(sizeof(*s));

	s->worker = w;
	s->settings = *settings;
	s->files = (struct resolve_files){ settings->hosts_file,
		settings->resolv_conf };
	list_init(&s->by_use);
	list_init(&s->asked);
	return s;
}

static void
stray_free(struct stray *x)
{
	resolve_cancel(x->asking);
	list_remove(&x->link);
	mem_free(x->key);
	mem_free(x->host);
	mem_free(x);
}

void
strays_close(struct strays *s)
{
	LIST_FOREACH_SAFE(at, &s->by_use)
		stray_free(list_entry(at, struct stray, link));
	LIST_FOREACH_SAFE(at, &s->asked)
		stray_free(list_entry(at, struct stray, link));
}

void
strays_free(struct strays *s)
{
	map_fini(&s->by_key, NULL);
	mem_free(s);
}

/* --- answers ------------------------------------------------------------- */

static void
name_it(struct cluster *c, const struct stray *x, struct arena *a)
{
	bool is_ipv6 = slice_find(slice_str(x->host), ':') >= 0;

	c->authority = slice_str(x->port == 80 ?
	    arena_printf(a, is_ipv6 ? "[%s]" : "%s", x->host) :
	    arena_printf(a, is_ipv6 ? "[%s]:%d" : "%s:%d", x->host, x->port));
}

/* Gives a reference, or NULL: there is no address but the caller's own way in. */
static struct cluster *
make_cluster(const struct stray *x, struct conn *caller)
{
	const struct strays *s = x->strays;
	struct cluster_registry *r = s->worker->plane->registry;
	struct cluster *c = cluster_new(r, SLICE("unregistered"),
	    slice_str(x->key));
	struct endpoint e = { .weight = 1 };
	struct arena scratch;
	struct addr room;
	const struct addr *own = conn_local(caller, &room);

	c->protocol = x->protocol;
	c->connect_timeout_ms = s->settings.connect_ms;
	c->response_timeout_ms = s->settings.response_ms;
	arena_init(&scratch);
	name_it(c, x, &scratch);
	for (size_t i = 0; i < x->len; i++) {
		e.addr = x->addrs[i];
		if (!addr_eq(&e.addr, own))
			cluster_add(c, r, &e);
	}
	cluster_seal(c);
	arena_fini(&scratch);
	if (c->len > 0)
		return c;
	cluster_unref(c);
	return NULL;
}

static enum lookup_answer
answer(const struct stray *x, const struct lookup *l, struct cluster **c)
{
	if (x->len == 0)
		return LOOKUP_UNRESOLVED;
	*c = make_cluster(x, l->caller);
	return *c != NULL ? LOOKUP_FOUND : LOOKUP_OURSELVES;
}

/* What has no address is of no use. */
static void
note_use(struct stray *x)
{
	if (x->is_telling)
		return;
	list_remove(&x->link);
	if (x->len > 0)
		list_append(&x->strays->by_use, &x->link);
	else
		list_prepend(&x->strays->by_use, &x->link);
}

static void
on_resolved(void *arg, const struct addr *v, int len, const char *why)
{
	struct stray *x = arg;
	struct list waiting;

	(void)why;
	x->asking = NULL;
	x->is_telling = true;
	for (x->len = 0; x->len < (size_t)len; x->len++)
		x->addrs[x->len] = v[x->len];
	x->until_ms = loop_now_ms(x->strays->worker->env.loop) +
	    (len > 0 ? STRAY_MS : 0);
	list_init(&waiting);
	while (!list_is_empty(&x->waiting))
		list_append(&waiting, list_pop(&x->waiting));
	while (!list_is_empty(&waiting)) {
		struct lookup *l = list_entry(list_pop(&waiting), struct lookup,
		    link);
		struct cluster *c = NULL;
		enum lookup_answer a = answer(x, l, &c);

		loop_timer_stop(&l->timer);
		l->done(l->arg, a, c);	/* may find others, and need room */
	}
	x->is_telling = false;
	if (x->asking == NULL)
		note_use(x);
}

static void
ask(struct stray *x)
{
	struct strays *s = x->strays;

	list_remove(&x->link);
	list_append(&s->asked, &x->link);
	x->asking = resolve_start_with(&s->files, s->worker->env.loop,
	    slice_str(x->host), x->port, on_resolved, x);
}

/* --- finding ------------------------------------------------------------- */

/* One without an address goes, or else that which was used longest ago. */
static bool
make_room(struct strays *s)
{
	if (s->by_key.len < STRAYS_MAX)
		return true;
	if (list_is_empty(&s->by_use))
		return false;
	struct stray *x = list_entry(s->by_use.next, struct stray, link);

	map_del(&s->by_key, slice_str(x->key));
	stray_free(x);
	return true;
}

static struct stray *
find(struct strays *s, const struct lookup *l)
{
	char *key = mem_printf("%.*s:%u/%d", SLICE_ARG(l->host), l->port,
	    l->protocol);
	struct stray *x = map_get(&s->by_key, slice_str(key));

	if (x != NULL || !make_room(s)) {
		mem_free(key);
		return x;
	}
	x = mem_zalloc(sizeof(*x));
	x->strays = s;
	x->key = key;
	x->host = mem_dup(l->host.ptr, l->host.len);
	x->port = l->port;
	x->protocol = l->protocol;
	list_init(&x->waiting);
	list_init(&x->link);
	map_put(&s->by_key, slice_str(key), x);
	return x;
}

enum lookup_answer
strays_find(struct strays *s, struct lookup *l, struct cluster **c)
{
	struct stray *x = find(s, l);
	bool is_asked = x != NULL && x->asking != NULL;

	if (x == NULL)
		return LOOKUP_TIMEOUT;
	if (!is_asked && loop_now_ms(s->worker->env.loop) < x->until_ms) {
		note_use(x);
		return answer(x, l, c);
	}
	list_append(&x->waiting, &l->link);
	if (!is_asked)
		ask(x);
	return LOOKUP_WAIT;
}
