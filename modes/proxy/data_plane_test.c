#include <semaphore.h>

#include "base/unit.h"
#include "modes/proxy/data_plane.h"
#include "upstream/upstream_run.h"

#define WORKERS	3

struct scene {
	struct tls_handshaker *handshaker;
	struct data_plane     *plane;
	sem_t                  busy, go, settled;
	int                    calls;
};

static void
set_up(struct scene *s)
{
	*s = (struct scene){ .handshaker = tls_handshaker_new(1) };
	sem_init(&s->busy, 0, 0);
	sem_init(&s->go, 0, 0);
	sem_init(&s->settled, 0, 0);
	s->plane = data_plane_new(&(struct data_plane_options){
		.workers = WORKERS, .handshaker = s->handshaker,
		.default_namespace = SLICE("default"),
	});
}

static void
tear_down(struct scene *s)
{
	data_plane_stop(s->plane);
	tls_handshaker_free(s->handshaker);
	data_plane_free(s->plane);
	sem_destroy(&s->busy);
	sem_destroy(&s->go);
	sem_destroy(&s->settled);
}

static void
hold(void *arg)
{
	struct scene *s = arg;

	sem_post(&s->busy);
	sem_wait(&s->go);
}

static void
touch(void *arg)
{
	struct scene *s = arg;

	sem_post(&s->busy);
}

static void
on_settled(void *arg)
{
	struct scene *s = arg;

	s->calls++;
	sem_post(&s->settled);
}

/* Each of them in turn has something else to do when it is told. */
TEST(data_plane_is_settled_when_the_last_worker_is)
{
	for (int i = 0; i < WORKERS; i++) {
		struct scene s;

		set_up(&s);
		loop_post(s.plane->workers[i].env.loop, hold, &s);
		sem_wait(&s.busy);
		data_plane_settle(s.plane, on_settled, &s);
		data_plane_settle(s.plane, on_settled, &s);
		for (int k = 0; k < WORKERS; k++)
			if (k != i) {
				loop_post(s.plane->workers[k].env.loop, touch,
				    &s);
				sem_wait(&s.busy);	/* it is settled */
			}
		assert_int_equal(sem_trywait(&s.settled), -1);
		sem_post(&s.go);
		sem_wait(&s.settled);
		sem_wait(&s.settled);
		assert_int_equal(s.calls, 2);
		tear_down(&s);
	}
}

/* --- services that change ------------------------------------------------ */

struct pooled {
	struct scene          *scene;
	struct cluster        *cluster;
	struct endpoint_local *local;
	bool                   was_gone;
};

static void
begin_use(void *arg)
{
	struct pooled *p = arg;
	struct proxy_worker *w = &p->scene->plane->workers[0];

	p->local = endpoint_local_get(w->upstream, p->cluster,
	    &p->cluster->v[0]);
	p->local->users++;
	sem_post(&p->scene->busy);
}

static void
end_use(void *arg)
{
	struct pooled *p = arg;

	p->was_gone = p->local->is_gone;
	p->local->users--;
	endpoint_local_check(p->local);
	sem_post(&p->scene->busy);
}

static struct cluster *
make_cluster(struct scene *s, const char *workload, bool is_h2)
{
	struct cluster *c = cluster_new(s->plane->registry,
	    SLICE("shop/web"), SLICE("80"));
	struct endpoint e = { .weight = 1, .workload = slice_str(workload) };
	struct err err = ERR_INIT;

	assert_int_equal(addr_from_ip(SLICE("127.0.0.1"), 80, &e.addr, &err),
	    0);
	c->is_h2 = is_h2;
	cluster_add(c, s->plane->registry, &e);
	cluster_seal(c);
	return c;
}

/* Takes the clusters; twin is the port as GRPCRoutes see it, or NULL. */
static struct snapshot *
make_snapshot(struct cluster *port, struct cluster *twin)
{
	struct snapshot *s = snapshot_new();
	struct service *web = arena_zalloc(&s->arena, sizeof(*web));

	web->name = (struct service_name){ .ns = "shop", .name = "web" };
	web->ports = arena_zalloc(&s->arena, 2 * sizeof(*web->ports));
	web->ports[web->len++] = (struct service_port){ .port = 80,
	    .cluster = port };
	if (twin != NULL)
		web->ports[web->len++] = (struct service_port){ .port = 80,
		    .cluster = twin, .is_for_grpc = true };
	map_put(&s->services, SLICE("shop/web"), web);
	return s;
}

/* A port that GRPCRoutes send to stands there twice, with one endpoint each. */
TEST(data_plane_keeps_endpoints_of_a_port_that_loses_its_grpc_routes)
{
	static const struct {
		const char *then;	/* who is the endpoint after it */
		bool        is_h2, is_gone;	/* of whom was connected */
	} cases[] = {
		{ "shop/a", false, false },
		{ "shop/a", true, false },
		{ "shop/b", false, true },
		{ "shop/b", true, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene s;
		struct pooled p = { .scene = &s };

		set_up(&s);
		struct loop *worker = s.plane->workers[0].env.loop;
		struct cluster *port = make_cluster(&s, "shop/a", false);
		struct cluster *twin = make_cluster(&s, "shop/a", true);
		struct cluster *then = make_cluster(&s, cases[i].then, false);

		p.cluster = cluster_ref(cases[i].is_h2 ? twin : port);
		data_plane_use(s.plane, make_snapshot(cluster_ref(port), twin));
		loop_post(worker, begin_use, &p);
		sem_wait(&s.busy);
		/* As the compiler does: one that says the same is the old one. */
		bool is_same = cluster_is_same(port, then);

		data_plane_use(s.plane, make_snapshot(cluster_ref(is_same ?
		    port : then), NULL));
		loop_post(worker, end_use, &p);
		sem_wait(&s.busy);
		assert_int_equal(p.was_gone, cases[i].is_gone);
		cluster_unref(port);
		cluster_unref(then);
		cluster_unref(p.cluster);
		tear_down(&s);
	}
}
