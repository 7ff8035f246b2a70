#include "base/mem.h"
#include "modes/proxy/authorize.h"
#include "modes/proxy/data_plane.h"
#include "modes/proxy/plain.h"
#include "modes/proxy/verifier.h"
#include "upstream/health.h"

/*
 * Pools let go of endpoints that are in the old snapshot and not in the new.  A
 * port's second place, for GRPCRoutes, has the endpoints of its first.
 */
static void
release_endpoints(struct proxy_worker *w, const struct snapshot *old,
    const struct snapshot *now)
{
	size_t it = 0;
	void *value;

	while (map_next(&old->services, &it, NULL, &value)) {
		const struct service *s = value;
		const struct service *n = snapshot_service(now, &s->name);

		for (size_t i = 0; i < s->len; i++) {
			const struct service_port *p = service_port_like(n,
			    &s->ports[i]);
			const struct cluster *c = p == NULL ? NULL : p->cluster;

			if (c != s->ports[i].cluster &&
			    !s->ports[i].is_for_grpc &&
			    s->ports[i].cluster->protocol != CLUSTER_UDP)
				upstream_replace(w->upstream,
				    s->ports[i].cluster, c);
		}
	}
}

/* Of a port that stands there twice the one that says what is spoken. */
static bool
is_watched(const struct service *s, size_t i)
{
	bool is_second = s->ports[i].is_for_grpc;
	bool has_second = i + 1 < s->len && s->ports[i + 1].is_for_grpc;
	enum cluster_protocol said =
	    s->ports[is_second ? i - 1 : i].cluster->protocol;

	if (said == CLUSTER_UDP)
		return false;
	return is_second ? said != CLUSTER_HTTP :
	    !has_second || said == CLUSTER_HTTP;
}

/* One worker asks the endpoints of services how they are, for all. */
static void
watch_health(struct proxy_worker *w)
{
	size_t it = 0, ports = 0, n = 0;
	void *value;

	while (map_next(&w->snapshot->services, &it, NULL, &value))
		ports += ((const struct service *)value)->len;
	struct cluster **v = mem_zalloc_array(ports + 1, sizeof(*v));

	for (it = 0; map_next(&w->snapshot->services, &it, NULL, &value);) {
		const struct service *s = value;

		for (size_t i = 0; i < s->len; i++)
			if (is_watched(s, i))
				v[n++] = s->ports[i].cluster;
	}
	health_watch(w->health, v, n);
	mem_free(v);
}

struct use {
	struct proxy_worker *worker;
	struct snapshot     *snapshot;
};

static void
unref_late(void *arg)
{
	snapshot_unref(arg);
}

/* To free what ten thousand endpoints had takes longer than a request may wait. */
static void
give_back(struct proxy_worker *w, struct snapshot *old)
{
	struct loop *l = w->plane->options.loop;

	if (l != NULL && old != NULL && !w->is_stopped)
		loop_post(l, unref_late, old);
	else
		snapshot_unref(old);
}

static void
on_use(void *arg)
{
	struct use *u = arg;
	struct proxy_worker *w = u->worker;
	struct snapshot *old = w->snapshot;

	w->snapshot = u->snapshot;
	w->env.account = w->snapshot->account;
	mem_free(u);
	if (old != NULL)
		release_endpoints(w, old, w->snapshot);
	authorize_again(w, old);
	plain_settle(w);
	give_back(w, old);
	if (w->health != NULL && !w->is_stopped)
		watch_health(w);
	lookup_retry(w);
}

void
proxy_worker_use(struct proxy_worker *w, struct snapshot *s)
{
	struct use *u = mem_alloc(sizeof(*u));

	*u = (struct use){ w, s };
	loop_post(w->env.loop, on_use, u);
}

void
data_plane_use(struct data_plane *p, struct snapshot *s)
{
	if (s->authn_len > 0 && p->verifier == NULL)
		p->verifier = verifier_new();
	for (int i = 0; i < p->options.workers; i++)
		proxy_worker_use(&p->workers[i], snapshot_ref(s));
	snapshot_unref(s);
	cluster_registry_sweep(p->registry);
}
