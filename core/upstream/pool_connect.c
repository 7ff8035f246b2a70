#include "base/mem.h"
#include "upstream/upstream_run.h"

/*
 * pool_connect: connections on their way, for whoever waits longest when one
 * is there.
 */
struct pool_connect {
	struct list            link;	/* in local->up->connects */
	struct endpoint_local *local;
	struct cluster        *cluster;	/* counted */
	const struct endpoint *endpoint;	/* in cluster */
	struct connector      *connector;
	bool                   shares;	/* it is asked for */
};

size_t
pool_room_to_come(const struct endpoint_local *l)
{
	return l->connecting - l->sharing + l->sharing * POOL_STREAMS;
}

static void
free_connect(struct pool_connect *k)
{
	struct endpoint_local *l = k->local;

	list_remove(&k->link);
	l->up->counts.connecting--;
	l->users--;
	endpoint_local_check(l);
	cluster_unref(k->cluster);
	mem_free(k);
}

/* No longer on its way. */
static void
arrive(struct pool_connect *k)
{
	k->local->connecting--;
	k->local->sharing -= k->shares;
}

/*
 * Nobody is left for whom it could be announced: HTTP/2 would open, and a server
 * that awaits the header end it, before anybody is.
 */
static bool
is_of_nobody(const struct pool_connect *k, const struct attempt *first)
{
	return first == NULL && k->cluster->announce != PROXY_NONE;
}

/* Who hoped to share one that cannot be shared needs another. */
static void
greet(struct pool_connect *k, struct conn *c)
{
	struct endpoint_local *l = k->local;
	struct pool_conn *pc = pool_conn_new(l, k->cluster, c);
	struct attempt *first = pool_next_waiting(l);

	/* It was made for it, whatever has changed since. */
	if (first != NULL)
		attempt_bind(first, pc);
	if (is_of_nobody(k, first))
		conn_close(c, CLOSE_LOCAL);
	else if (first == NULL || pc->is_shared)
		pool_put(pc);
	bool is_shared = pc->is_shared && !pc->finished && pool_is_sound(pc);

	while (!l->up->is_closed && l->waiting_len > pool_room_to_come(l))
		pool_connect(l, k->cluster, k->endpoint, is_shared);
}

static void
on_connected(void *arg, struct conn *c, enum response_flag flag,
    const char *details)
{
	struct pool_connect *k = arg;
	struct endpoint_local *l = k->local;

	arrive(k);
	/* Whom the others will not serve; who tries again at once waits anew. */
	size_t room = pool_room_to_come(l);
	size_t hopeless = l->waiting_len > room ? l->waiting_len - room : 0;

	if (c != NULL)
		greet(k, c);
	else
		for (; hopeless > 0 && l->waiting_len > 0; hopeless--)
			attempt_fail(pool_next_waiting(l), flag, details);
	free_connect(k);
}

void
pool_connect(struct endpoint_local *l, const struct cluster *cluster,
    const struct endpoint *e, bool shares)
{
	if (l->up->is_closed)
		return;
	struct pool_connect *k = mem_zalloc(sizeof(*k));

	k->local = l;
	k->cluster = cluster_ref(cluster_mutable(cluster));
	k->endpoint = e;
	k->shares = shares;
	l->users++;
	l->up->counts.connecting++;
	l->connecting++;
	l->sharing += shares;
	list_append(&l->up->connects, &k->link);
	k->connector = connector_start(l->up, cluster, e, pool_alpn(shares),
	    on_connected, k);
}

void
pool_connect_stop_all(struct upstream *up)
{
	LIST_FOREACH_SAFE(at, &up->connects) {
		struct pool_connect *k = list_entry(at, struct pool_connect,
		    link);

		connector_cancel(k->connector);
		arrive(k);
		free_connect(k);
	}
}
