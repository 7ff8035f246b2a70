#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "modes/proxy/authorize.h"
#include "modes/proxy/data_plane.h"
#include "modes/proxy/key_wait.h"
#include "modes/proxy/login_flight.h"
#include "modes/proxy/mirror.h"
#include "modes/proxy/plain.h"
#include "modes/proxy/port.h"
#include "modes/proxy/refuse.h"
#include "modes/proxy/udp.h"
#include "modes/proxy/udp_port.h"
#include "modes/proxy/verifier.h"
#include "policy/token_cache.h"
#include "policy/calls.h"
#include "stat/metrics.h"
#include "tls/federation.h"
#include "tls/trust.h"
#include "upstream/health.h"

/* --- identity -------------------------------------------------------------------- */

struct change {
	struct proxy_worker *worker;
	uint64_t             generation;
	struct bundle       *trusted;	/* a reference */
	struct bundle_set   *federated;	/* likewise, or NULL */
};

static void
on_identity(void *arg)
{
	struct change *c = arg;

	upstream_identify(c->worker->upstream, c->generation);
	udp_identify(c->worker, c->generation);
	refuse_roots(c->worker, c->trusted);
	bundle_unref(c->trusted);
	refuse_domains(c->worker, c->federated);
	mem_free(c);
}

void
data_plane_identify(struct data_plane *p, struct tls_identity *id)
{
	uint64_t generation = tls_identity_generation(id);

	pthread_mutex_lock(&p->identity_lock);
	struct tls_identity *old = p->identity;

	p->identity = id;
	pthread_mutex_unlock(&p->identity_lock);
	tls_identity_unref(old);
	for (int i = 0; i < p->options.workers; i++) {
		struct change *c = mem_alloc(sizeof(*c));

		*c = (struct change){ &p->workers[i], generation,
		    tls_identity_bundle(id), tls_identity_federated(id) };
		loop_post(p->workers[i].env.loop, on_identity, c);
	}
}

struct tls_identity *
data_plane_identity(struct data_plane *p)
{
	pthread_mutex_lock(&p->identity_lock);
	struct tls_identity *id = p->identity == NULL ? NULL :
	    tls_identity_ref(p->identity);

	pthread_mutex_unlock(&p->identity_lock);
	return id;
}

static struct tls_identity *
identity_for_upstream(void *arg)
{
	return data_plane_identity(arg);
}

static void
on_upstream_tls_failure(void *arg, const struct tls_result *t)
{
	struct data_plane *p = arg;

	if (p->options.tls_failed != NULL)
		p->options.tls_failed(p->options.arg, false, t);
}

/* --- workers ---------------------------------------------------------------------- */

static double
conns_of(void *arg)
{
	struct proxy_worker *w = arg;

	return (double)worker_env_conns(&w->env);
}

#define STALL_US	1000

static void
on_stall(void *arg, uint64_t us)
{
	struct proxy_worker *w = arg;

	overload_note_turn(&w->plane->overload, us);
	if (w->stalls != NULL)
		stat_histogram_add(w->env.stat, w->stalls, us);
}

static void
show_worker(struct proxy_worker *w)
{
	char index[12];

	snprintf(index, sizeof(index), "%d", w->env.index);
	const struct slice label = slice_str(index);

	w->conns = stat_series_get(w->env.stats, METRIC_WORKER_CONNECTIONS,
	    &label);
	stat_series_sample(w->conns, conns_of, w);
	w->stalls = stat_series_get(w->env.stats, METRIC_WORKER_STALL, &label);
}

/* Requests whose tokens a worker has seen. */
#define TOKENS_MAX	1024
#define TOKENS_BYTES	((size_t)4 << 20)

static void
worker_init(struct proxy_worker *w, struct data_plane *p, int index)
{
	char *name = mem_printf("worker-%d", index);

	worker_env_init(&w->env, loop_new(name), index, w);
	mem_free(name);
	w->plane = p;
	w->env.service = p->options.service;
	w->env.stats = p->options.stats;
	if (w->env.stats != NULL) {
		w->env.stat = stat_worker_new(w->env.stats);
		w->env.memo = &w->memo;
		show_worker(w);
	}
	loop_on_stall(w->env.loop, STALL_US, on_stall, w);
	list_init(&w->lookups);
	list_init(&w->arrivals);
	list_init(&w->openings);
	list_init(&w->greetings);
	list_init(&w->proxied);
	list_init(&w->mirrors);
	list_init(&w->let_in);
	list_init(&w->undecided);
	list_init(&w->requests_let_in);
	plain_settle_init(w);
	refuse_init(w);
	list_init(&w->key_waits);
	token_turns_init(w);
	authorize_log_init(w);
	w->tokens = token_cache_new(TOKENS_MAX, TOKENS_BYTES);
	w->strays = strays_new(w, &p->options.strays);
	w->upstream = upstream_new(&w->env, &p->upstream_env);
	if (index == 0)
		w->health = health_new(w->upstream);
}

struct data_plane *
data_plane_new(const struct data_plane_options *o)
{
	struct data_plane *p = mem_zalloc(sizeof(*p));

	check(o->workers > 0 && o->workers <= DATA_PLANE_WORKERS_MAX);
	p->options = *o;
	p->born_ms = clock_mono_ms();
	p->registry = cluster_registry_new();
	p->logins = login_flights_new();
	pthread_mutex_init(&p->identity_lock, NULL);
	list_init(&p->ports);
	list_init(&p->udp_ports);
	arena_init(&p->names);
	atomic_init(&p->drains, 0);
	p->upstream_env = (struct upstream_env){
		.handshaker = o->handshaker, .identity = identity_for_upstream,
		.arg = p, .on_tls_failure = on_upstream_tls_failure,
		.limits = &http_limits_default,
	};
	overload_init(&p->overload, &o->overload, o->stats);
	overload_on_wake(&p->overload, o->woken, o->arg);
	p->workers = mem_zalloc_array((size_t)o->workers, sizeof(*p->workers));
	for (int i = 0; i < o->workers; i++) {
		worker_init(&p->workers[i], p, i);
		check(loop_thread_start(p->workers[i].env.loop) == 0);
	}
	return p;
}

struct naming {
	struct proxy_worker *worker;
	struct slice         workload;
};

static void
on_name(void *arg)
{
	struct naming *n = arg;

	n->worker->env.workload = n->workload;
	mem_free(n);
}

void
data_plane_name(struct data_plane *p, struct slice workload)
{
	/* Streams under way borrow the name before: it stays. */
	pthread_mutex_lock(&p->identity_lock);
	workload = arena_dup(&p->names, workload);
	pthread_mutex_unlock(&p->identity_lock);
	for (int i = 0; i < p->options.workers; i++) {
		struct naming *n = mem_alloc(sizeof(*n));

		*n = (struct naming){ &p->workers[i], workload };
		loop_post(p->workers[i].env.loop, on_name, n);
	}
}

/* --- word to all workers -------------------------------------------------------------- */

struct keys_settled {
	struct proxy_worker *worker;
	char                *source;
};

static void
on_keys_settled(void *arg)
{
	struct keys_settled *k = arg;

	key_wait_settled(k->worker, slice_str(k->source));
	mem_free(k->source);
	mem_free(k);
}

void
data_plane_settle_keys(struct data_plane *p, struct slice source)
{
	for (int i = 0; i < p->options.workers; i++) {
		struct keys_settled *k = mem_alloc(sizeof(*k));

		*k = (struct keys_settled){ &p->workers[i],
		    mem_dup(source.ptr, source.len) };
		loop_post(p->workers[i].env.loop, on_keys_settled, k);
	}
}

struct settling {
	atomic_int left;	/* workers */
	void     (*fn)(void *arg);
	void      *arg;
};

struct settling_worker {
	struct proxy_worker *worker;
	struct settling     *all;
};

static void
on_settle(void *arg)
{
	struct settling_worker *s = arg;

	if (atomic_fetch_sub(&s->all->left, 1) == 1) {
		if (!s->worker->is_stopped)
			s->all->fn(s->all->arg);
		mem_free(s->all);
	}
	mem_free(s);
}

void
data_plane_settle(struct data_plane *p, void (*fn)(void *), void *arg)
{
	struct settling *all = mem_alloc(sizeof(*all));

	*all = (struct settling){ p->options.workers, fn, arg };
	for (int i = 0; i < p->options.workers; i++) {
		struct settling_worker *s = mem_alloc(sizeof(*s));

		*s = (struct settling_worker){ &p->workers[i], all };
		loop_post(p->workers[i].env.loop, on_settle, s);
	}
}

static void
on_housekeep(void *arg)
{
	struct proxy_worker *w = arg;

	stat_memo_sweep(&w->memo);
}

void
data_plane_housekeep(struct data_plane *p)
{
	for (int i = 0; i < p->options.workers; i++)
		loop_post(p->workers[i].env.loop, on_housekeep, &p->workers[i]);
	cluster_registry_sweep(p->registry);
}

/* --- ports ---------------------------------------------------------------------------- */

/* One that is open, or one that was and can be again. */
static struct open_port *
find_port(struct data_plane *p, enum port_kind kind, const struct addr *addr,
    bool is_open)
{
	LIST_FOREACH(at, &p->ports) {
		struct open_port *o = list_entry(at, struct open_port, link);

		if (o->spec.kind == kind && addr_eq(&o->spec.addr, addr) &&
		    is_open != o->is_closed)
			return o;
	}
	return NULL;
}

static struct udp_port *
find_udp_port(struct data_plane *p, enum port_kind kind,
    const struct addr *addr, bool is_open)
{
	LIST_FOREACH(at, &p->udp_ports) {
		struct udp_port *o = list_entry(at, struct udp_port, link);

		if (o->spec.kind == kind && addr_eq(&o->spec.addr, addr) &&
		    is_open != o->is_closed)
			return o;
	}
	return NULL;
}

static int
listen_udp(struct data_plane *p, const struct port *spec, struct addr *bound,
    struct err *err)
{
	struct udp_port *o = find_udp_port(p, spec->kind, &spec->addr, false);

	if (o != NULL)
		return udp_port_reopen(o, err);
	o = udp_port_open(p, spec, err);
	if (o == NULL)
		return -1;
	list_append(&p->udp_ports, &o->link);
	if (bound != NULL)
		*bound = o->at;
	return 0;
}

int
data_plane_listen(struct data_plane *p, const struct port *spec,
    struct addr *bound, struct err *err)
{
	struct open_port *o;

	if (spec->is_udp)
		return listen_udp(p, spec, bound, err);
	o = find_port(p, spec->kind, &spec->addr, false);
	if (o != NULL)
		return port_reopen(o, err);
	o = port_open(p, spec, err);
	if (o == NULL)
		return -1;
	list_append(&p->ports, &o->link);
	if (bound != NULL)
		*bound = *listener_addr(o->listener);
	return 0;
}

struct closing {
	struct open_port    *port;	/* or */
	struct udp_port     *udp_port;
	struct proxy_worker *worker;
};

static void
on_unlisten(void *arg)
{
	struct closing *c = arg;

	if (c->udp_port != NULL)
		udp_port_end(c->udp_port, c->worker);
	else
		port_end(c->port, c->worker);
	mem_free(c);
}

void
data_plane_unlisten(struct data_plane *p, enum port_kind kind,
    const struct addr *addr, bool is_udp)
{
	struct open_port *o = is_udp ? NULL : find_port(p, kind, addr, true);
	struct udp_port *u = !is_udp ? NULL :
	    find_udp_port(p, kind, addr, true);

	if (o == NULL && u == NULL)
		return;
	if (o != NULL)
		o->is_closed = true;
	else
		u->is_closed = true;
	for (int i = 0; i < p->options.workers; i++) {
		struct closing *c = mem_alloc(sizeof(*c));

		*c = (struct closing){ o, u, &p->workers[i] };
		loop_post(p->workers[i].env.loop, on_unlisten, c);
	}
}

/* --- the end ---------------------------------------------------------------------------- */

static void
on_drain(void *arg)
{
	struct proxy_worker *w = arg;

	LIST_FOREACH(at, &w->plane->ports)
		port_end(list_entry(at, struct open_port, link), w);
	udp_drain(w);
	worker_env_drain(&w->env);
	atomic_fetch_sub_explicit(&w->plane->drains, 1, memory_order_release);
}

void
data_plane_drain(struct data_plane *p)
{
	atomic_fetch_add_explicit(&p->drains, (size_t)p->options.workers,
	    memory_order_relaxed);
	for (int i = 0; i < p->options.workers; i++)
		loop_post(p->workers[i].env.loop, on_drain, &p->workers[i]);
}

size_t
data_plane_conns(struct data_plane *p)
{
	/*
	 * Each stands for those who wait to be accepted; when there are none
	 * left, nobody goes from one worker to another any more.
	 */
	size_t n = atomic_load_explicit(&p->drains, memory_order_acquire);

	for (int i = 0; i < p->options.workers; i++)
		n += worker_env_conns(&p->workers[i].env);
	return n;
}

/* On the worker: everything that still lives there ends. */
static void
on_stop(void *arg)
{
	struct proxy_worker *w = arg;

	LIST_FOREACH(at, &w->plane->ports)
		port_unwatch(list_entry(at, struct open_port, link), w);
	loop_timer_stop(&w->settling);
	refuse_stop(w);
	token_turns_stop(w);
	port_drop_arrivals(w);
	port_drop_openings(w);
	port_drop_greetings(w);
	port_drop_proxied(w);
	worker_env_close(&w->env);
	LIST_FOREACH(at, &w->plane->udp_ports)
		udp_port_end(list_entry(at, struct udp_port, link), w);
	udp_close(w);
	mirror_drop_all(w);
	strays_close(w->strays);
	if (w->health != NULL)
		health_close(w->health);
	upstream_close(w->upstream);
	authorize_log_stop(w);
	w->is_stopped = true;	/* handshakes end late */
	loop_stop(w->env.loop);
}

void
data_plane_stop(struct data_plane *p)
{
	for (int i = 0; i < p->options.workers; i++)
		loop_post(p->workers[i].env.loop, on_stop, &p->workers[i]);
	for (int i = 0; i < p->options.workers; i++)
		loop_thread_join(p->workers[i].env.loop);
}

static void
worker_fini(struct proxy_worker *w)
{
	/* What was posted late, such as the end of a handshake, runs here. */
	loop_free(w->env.loop);
	udp_free(w);
	if (w->health != NULL)
		health_free(w->health);
	if (w->conns != NULL)
		stat_series_sample(w->conns, NULL, NULL);
	stat_series_unref(w->conns);
	stat_series_unref(w->stalls);
	upstream_free(w->upstream);
	strays_free(w->strays);
	calls_free(w->calls);
	token_cache_free(w->tokens);
	stat_memo_fini(&w->memo);
	snapshot_unref(w->snapshot);
	refuse_end(w);
}

void
data_plane_free(struct data_plane *p)
{
	/* Nobody compiles any more, who might have begun one. */
	verifier_free(p->verifier);
	for (int i = 0; i < p->options.workers; i++)
		worker_fini(&p->workers[i]);
	while (!list_is_empty(&p->ports))
		port_close(list_entry(list_pop(&p->ports), struct open_port,
		    link));
	while (!list_is_empty(&p->udp_ports))
		udp_port_free(list_entry(list_pop(&p->udp_ports),
		    struct udp_port, link));
	mem_free(p->workers);
	login_flights_free(p->logins);
	overload_fini(&p->overload);
	tls_identity_unref(p->identity);
	cluster_registry_free(p->registry);
	pthread_mutex_destroy(&p->identity_lock);
	arena_fini(&p->names);
	mem_free(p);
}
