#include "base/mem.h"
#include "upstream/upstream_run.h"

struct upstream *
upstream_new(struct worker_env *worker, const struct upstream_env *env)
{
	struct upstream *up = mem_zalloc(sizeof(*up));

	up->worker = worker;
	up->env = env;
	list_init(&up->connects);
	return up;
}

/* --- what a worker knows of an endpoint ----------------------------------------- */

struct endpoint_local *
endpoint_local_get(struct upstream *up, const struct cluster *c,
    const struct endpoint *e)
{
	struct slice key = slice_str(e->state->key);
	struct map *locals = &up->locals[c->is_h2];
	struct endpoint_local *l = map_get(locals, key);

	if (l == NULL) {
		l = mem_zalloc(sizeof(*l));
		l->up = up;
		l->is_h2 = c->is_h2;
		l->state = e->state;
		endpoint_state_ref(l->state);
		list_init(&l->idle);
		list_init(&l->busy);
		list_init(&l->shared);
		list_init(&l->waiting);
		map_put(locals, key, l);
	}
	/* Picked again: it is (back) in its cluster. */
	l->is_gone = false;
	return l;
}

void
endpoint_local_check(struct endpoint_local *l)
{
	if (l->users > 0 || !list_is_empty(&l->idle) ||
	    !list_is_empty(&l->busy))
		return;
	map_del(&l->up->locals[l->is_h2], slice_str(l->state->key));
	endpoint_state_unref(l->state);
	mem_free(l);
}

/* --- all of them ---------------------------------------------------------------- */

static void
close_idle(struct endpoint_local *l)
{
	l->users++;	/* keeps l while its connections go */
	LIST_FOREACH_SAFE(at, &l->idle)
		conn_close(list_entry(at, struct pool_conn, link)->conn,
		    CLOSE_LOCAL);
	l->users--;
	endpoint_local_check(l);
}

/* It was in the old cluster, and no later one up to `since` took it over. */
static bool
has_left(const struct endpoint_state *s, const struct cluster *old,
    uint64_t since)
{
	uint64_t at = atomic_load_explicit(&s->generation,
	    memory_order_relaxed);

	return s->service == old->state && at >= old->generation && at < since;
}

static void
leave(struct endpoint_local *l)
{
	l->is_gone = true;
	close_idle(l);
}

static void
look_at_old(struct map *locals, const struct cluster *old, uint64_t since)
{
	for (size_t i = 0; i < old->len; i++) {
		const struct endpoint_state *s = old->v[i].state;
		struct endpoint_local *l = !has_left(s, old, since) ? NULL :
		    map_get(locals, slice_str(s->key));

		if (l != NULL)
			leave(l);
	}
}

static void
look_at_connected(struct map *locals, const struct cluster *old,
    uint64_t since)
{
	size_t it = 0;
	void *value;

	while (map_next(locals, &it, NULL, &value)) {
		struct endpoint_local *l = value;

		if (has_left(l->state, old, since))
			leave(l);
	}
}

/*
 * Whichever are fewer: a service may have ten thousand endpoints, and a worker
 * may be connected to a thousand services that change at once.
 */
void
upstream_replace(struct upstream *up, const struct cluster *old,
    const struct cluster *now)
{
	uint64_t since = now == NULL ? UINT64_MAX : now->generation;

	for (int is_h2 = 0; is_h2 < 2; is_h2++) {
		struct map *locals = &up->locals[is_h2];

		if (old->len < locals->len)
			look_at_old(locals, old, since);
		else
			look_at_connected(locals, old, since);
	}
}

static void
each_local(struct upstream *up, void (*fn)(struct endpoint_local *))
{
	for (int is_h2 = 0; is_h2 < 2; is_h2++) {
		size_t it = 0;
		void *l;

		while (map_next(&up->locals[is_h2], &it, NULL, &l))
			fn(l);
	}
}

static void
close_outdated(struct endpoint_local *l)
{
	l->users++;
	LIST_FOREACH_SAFE(at, &l->idle) {
		struct pool_conn *pc = list_entry(at, struct pool_conn, link);

		if (pool_is_outdated(pc))
			conn_close(pc->conn, CLOSE_LOCAL);
	}
	l->users--;
	endpoint_local_check(l);
}

void
upstream_identify(struct upstream *up, uint64_t generation)
{
	up->generation = generation;
	each_local(up, close_outdated);
}

static void
close_all(struct endpoint_local *l)
{
	l->users++;
	LIST_FOREACH_SAFE(at, &l->busy)
		conn_close(list_entry(at, struct pool_conn, link)->conn,
		    CLOSE_LOCAL);
	close_idle(l);
	l->users--;
	endpoint_local_check(l);
}

void
upstream_close(struct upstream *up)
{
	up->is_closed = true;
	each_local(up, close_all);
	pool_connect_stop_all(up);
}

void
upstream_free(struct upstream *up)
{
	map_fini(&up->locals[false], NULL);
	map_fini(&up->locals[true], NULL);
	mem_free(up);
}

void
upstream_count(const struct upstream *up, struct upstream_counts *out)
{
	*out = up->counts;
}

struct loop *
upstream_loop(struct upstream *up)
{
	return up->worker->loop;
}
