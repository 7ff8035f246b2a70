#include <errno.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/unit.h"
#include "modes/proxy/authorize.h"
#include "modes/proxy/data_plane.h"
#include "net/listener.h"
#include "upstream/upstream_run.h"

#define WORKERS	3

struct scene {
	struct tls_handshaker *handshaker;
	struct filter_stats   *filters;
	struct data_plane     *plane;
	sem_t                  busy, go, settled;
	int                    calls;
};

static void
set_up(struct scene *s)
{
	*s = (struct scene){ .handshaker = tls_handshaker_new(1),
	    .filters = filter_stats_new(WORKERS) };
	sem_init(&s->busy, 0, 0);
	sem_init(&s->go, 0, 0);
	sem_init(&s->settled, 0, 0);
	s->plane = data_plane_new(&(struct data_plane_options){
		.workers = WORKERS, .handshaker = s->handshaker,
		.filter_stats = s->filters,
		.default_namespace = SLICE("default"),
	});
}

static void
tear_down(struct scene *s)
{
	data_plane_stop(s->plane);
	tls_handshaker_free(s->handshaker);
	data_plane_free(s->plane);
	filter_stats_free(s->filters);
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

/* --- who may come in ------------------------------------------------------- */

/* Takes the cluster.  Port 80 of it, by bytes and in plain text, for whom the table says. */
static struct snapshot *
open_snapshot(struct scene *scene, struct cluster *c, enum authz_default says)
{
	struct snapshot *s = snapshot_new();

	s->in.l4 = l4_chain_new("inbound", scene->filters);
	l4_chain_add(s->in.l4, &authorize_bytes, NULL);
	s->authz = arena_zalloc(&s->arena, sizeof(struct authz *));
	s->authz[s->authz_len++] = authz_new(NULL, 0, says, NULL);
	s->inbound = arena_zalloc(&s->arena, sizeof(*s->inbound));
	s->inbound[s->inbound_len++] = (struct inbound_port){
		.service = { .ns = "shop", .name = "web" }, .port = 80,
		.app_port = 80, .mode = MODEL_MTLS_PERMISSIVE, .cluster = c,
		.authz = s->authz[0],
	};
	return s;
}

/* Listens at *at, which it changes; the socket blocks. */
static int
listen_at(struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*at);

	*at = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof(*at)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &len), 0);
	return fd;
}

static struct cluster *
app_at(struct scene *s, const struct sockaddr_in *at)
{
	struct cluster *c = cluster_new(s->plane->registry,
	    SLICE("shop/web"), SLICE("app-80"));
	struct endpoint e = { .weight = 1 };
	struct err err = ERR_INIT;

	assert_int_equal(addr_from_ip(SLICE("127.0.0.1"),
	    ntohs(at->sin_port), &e.addr, &err), 0);
	c->protocol = CLUSTER_TCP;
	cluster_add(c, s->plane->registry, &e);
	cluster_seal(c);
	return c;
}

/* Somebody who was let in by the first snapshot, in plain text, and is quiet. */
struct visit {
	struct scene    scene;
	struct cluster *cluster;
	int             app, served, client;
};

static void
visit_begin(struct visit *v)
{
	struct port spec = { .kind = PORT_INBOUND };
	struct sockaddr_in at;
	struct err err = ERR_INIT;
	struct timeval patience = { .tv_sec = 20 };
	struct addr bound;
	char byte = 'x';

	set_up(&v->scene);
	v->app = listen_at(&at);
	v->cluster = app_at(&v->scene, &at);
	data_plane_use(v->scene.plane, open_snapshot(&v->scene,
	    cluster_ref(v->cluster), AUTHZ_ALLOW_ALL));
	assert_int_equal(addr_parse(SLICE("127.0.0.1:0"), &spec.addr, &err), 0);
	assert_int_equal(data_plane_listen(v->scene.plane, &spec, &bound, &err),
	    0);
	at.sin_port = htons((uint16_t)addr_port(&bound));
	v->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(v->client, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience));
	assert_int_equal(connect(v->client, (struct sockaddr *)&at,
	    sizeof(at)), 0);
	assert_int_equal(send(v->client, &byte, 1, 0), 1);
	v->served = accept(v->app, NULL, NULL);
	assert_int_equal(recv(v->served, &byte, 1, 0), 1);
	assert_int_equal(recv(v->client, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

static void
visit_end(struct visit *v)
{
	close(v->client);
	close(v->served);
	close(v->app);
	cluster_unref(v->cluster);
	tear_down(&v->scene);
}

static void
expect_cut(struct visit *v, int flags)
{
	char byte;
	ssize_t n = recv(v->client, &byte, 1, flags);

	assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
}

/*
 * Control is told that a revision is in force when the plane is settled: by then
 * there is nobody any more whom it does not allow, however slow all else is.
 */
TEST(data_plane_has_cut_who_may_no_more_when_it_is_settled)
{
	struct visit v;

	visit_begin(&v);
	data_plane_use(v.scene.plane, open_snapshot(&v.scene,
	    cluster_ref(v.cluster), AUTHZ_DENY_ALL));
	data_plane_settle(v.scene.plane, on_settled, &v.scene);
	sem_wait(&v.scene.settled);
	expect_cut(&v, MSG_DONTWAIT);
	visit_end(&v);
}

/* The same where plain text is not taken any more, now and after its time. */
TEST(data_plane_cuts_plain_text_where_the_mode_is_strict)
{
	for (int is_later = 0; is_later < 2; is_later++) {
		struct snapshot *s;
		struct visit v;

		visit_begin(&v);
		s = open_snapshot(&v.scene, cluster_ref(v.cluster),
		    AUTHZ_ALLOW_ALL);
		s->inbound[0].mode = MODEL_MTLS_STRICT;
		s->inbound[0].settles_ms = is_later ? clock_mono_ms() + 300 : 0;
		data_plane_use(v.scene.plane, s);
		data_plane_settle(v.scene.plane, on_settled, &v.scene);
		sem_wait(&v.scene.settled);
		expect_cut(&v, is_later ? 0 : MSG_DONTWAIT);
		if (is_later)
			assert_true(clock_mono_ms() >= s->inbound[0].settles_ms);
		visit_end(&v);
	}
}
