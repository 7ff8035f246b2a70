#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/dial.h"
#include "stat/metrics.h"
#include "tls/outside.h"
#include "upstream/upstream_run.h"

/*
 * connector: dial, then (unless the endpoint is plain text) a handshake that
 * names the SPIFFE ID to expect, or the host of a server outside the mesh; one
 * deadline covers both.
 */
struct connector {
	struct upstream      *up;
	struct cluster       *cluster;
	const struct endpoint *endpoint;	/* in cluster */
	const char *const    *alpn;
	uint64_t              deadline_ms;
	uint64_t              start_us;
	struct dial          *dial;
	struct tls_handshake *handshake;
	struct loop_task      failed;
	bool                  is_ours;	/* the failure says nothing about it */
	enum response_flag    flag;
	const char           *details;
	void                (*done)(void *, struct conn *, enum response_flag,
				const char *);
	void                 *arg;
};

static void
count(const struct connector *k, const char *failure)
{
	struct worker_env *env = k->up->worker;
	struct slice service = k->cluster->service;

	if (failure != NULL) {
		worker_env_count_service(env, METRIC_UPSTREAM_CONNECT_FAILURES,
		    service, failure, 1);
		return;
	}
	worker_env_count_service(env, METRIC_UPSTREAM_CONNECTIONS, service,
	    NULL, 1);
	worker_env_count_service(env, METRIC_UPSTREAM_CONNECT_DURATION, service,
	    NULL, (int64_t)(loop_now_us(env->loop) - k->start_us));
}

static void
finish(struct connector *k, struct conn *c, enum response_flag flag,
    const char *details)
{
	void (*done)(void *, struct conn *, enum response_flag, const char *);
	void *arg = k->arg;

	done = k->done;
	count(k, c == NULL ? details : NULL);
	atomic_fetch_sub_explicit(&k->cluster->state->pending, 1,
	    memory_order_relaxed);
	if (c == NULL) {
		k->up->counts.failed++;
		if (!k->is_ours)
			endpoint_state_missed(k->endpoint->state,
			    k->deadline_ms - k->cluster->connect_timeout_ms,
			    loop_now_ms(k->up->worker->loop));
	} else {
		k->up->counts.opened++;
		endpoint_state_reached(k->endpoint->state);
	}
	cluster_unref(k->cluster);
	mem_free(k);
	done(arg, c, flag, details);
}

static void
on_failed(void *arg)
{
	struct connector *k = arg;

	finish(k, NULL, k->flag, k->details);
}

static const char *
tls_details(const struct tls_result *t)
{
	if (t->cert_reason != NULL)
		return t->cert_reason;
	return tls_failure_name(t->failure);
}

/* Members say so themselves; of a server outside we say it once in a row. */
static void
log_failure(const struct connector *k, const struct tls_result *t)
{
	const struct endpoint *e = k->endpoint;

	if (e->id.len == 0 && (atomic_load_explicit(&e->state->marks,
	    memory_order_relaxed) & MARK_MISSED) == 0)
		log_warn("tls", "%.*s at %.*s: %s", SLICE_ARG(k->cluster->name),
		    SLICE_ARG(e->host), t->text);
}

/* Datagrams are nothing that whoever is there could guess. */
static void
want_alpn(const struct connector *k, struct tls_result *t)
{
	if (t->failure != TLS_OK || k->cluster->protocol != CLUSTER_UDP ||
	    t->image.peer->alpn[0] != '\0')
		return;
	conn_image_fini(&t->image);
	t->failure = TLS_FAIL_NO_ALPN;
	snprintf(t->text, sizeof(t->text), "%s",
	    tls_failure_text(t->failure));
}

static void
on_handshake(void *arg, struct tls_result *t)
{
	struct connector *k = arg;
	struct upstream *up = k->up;

	want_alpn(k, t);
	const struct slice v[] = {
		SLICE(METRIC_OUTBOUND), t->failure != TLS_OK ?
		    slice_str(tls_details(t)) : t->image.peer->is_resumed ?
		    SLICE("resumed") : SLICE("full"),
	};

	k->handshake = NULL;
	worker_env_count(up->worker, t->failure == TLS_OK ?
	    METRIC_TLS_HANDSHAKES : METRIC_TLS_FAILURES, v, 2, 1);
	if (t->failure == TLS_OK)
		worker_env_count(up->worker, METRIC_TLS_HANDSHAKE_DURATION, v,
		    1, (int64_t)t->duration_us);
	if (t->failure != TLS_OK) {
		if (up->env->on_tls_failure != NULL)
			up->env->on_tls_failure(up->env->arg, t);
		log_failure(k, t);
		/* Too many handshakes of ours say nothing about the endpoint. */
		k->is_ours |= t->failure == TLS_FAIL_BUSY;
		finish(k, NULL, t->failure == TLS_FAIL_TIMEOUT ? FLAG_UT :
		    FLAG_UF, t->is_alert ? "tls_alert" : tls_details(t));
		return;
	}
	struct conn *c = conn_attach(up->worker->loop, &t->image,
	    &tls_transport, &conn_no_ops, NULL);

	finish(k, c, FLAG_NONE, "");
}

static uint64_t
left_ms(const struct connector *k)
{
	uint64_t now = loop_now_ms(k->up->worker->loop);

	return k->deadline_ms > now ? k->deadline_ms - now : 1;
}

static void
fail_without_identity(struct connector *k, int fd)
{
	close(fd);
	k->is_ours = true;
	finish(k, NULL, FLAG_UF, "no_identity");
}

/*
 * Who is of a trust domain may be a sidecar, which takes bytes and datagrams in
 * frames; of anybody else they have no name of their own.
 */
static const char *const *
alpn_outside(const struct connector *k)
{
	const struct cluster *c = k->cluster;
	bool is_http = c->protocol == CLUSTER_HTTP ||
	    (c->protocol == CLUSTER_AUTO && k->alpn == pool_alpn(c->is_h2));

	return is_http ? pool_alpn(c->is_h2) : cluster_is_federated(c) ?
	    k->alpn : NULL;
}

static void
shake_hands_outside(struct connector *k, int fd)
{
	struct slice sni = tls_outside_sni(k->cluster->outside);
	struct tls_request q = {
		.outside = k->cluster->outside, .timeout_ms = left_ms(k),
		.alpn = alpn_outside(k),
	};

	/* A trust domain vouches for it, and it is to see who we are. */
	if (cluster_is_federated(k->cluster)) {
		q.identity = k->up->env->identity(k->up->env->arg);
		if (q.identity == NULL) {
			fail_without_identity(k, fd);
			return;
		}
	}

	check(sni.len < sizeof(q.sni));
	if (sni.len > 0)
		memcpy(q.sni, sni.ptr, sni.len);
	k->handshake = tls_handshake_start(k->up->env->handshaker, fd, &q,
	    k->up->worker->loop, on_handshake, k);
	tls_identity_unref(q.identity);
}

static void
shake_hands(struct connector *k, int fd)
{
	struct upstream *up = k->up;
	const struct endpoint *e = k->endpoint;
	struct tls_request q = {
		.identity = up->env->identity(up->env->arg), .alpn = k->alpn,
		.timeout_ms = left_ms(k),
	};

	if (q.identity == NULL) {
		fail_without_identity(k, fd);
		return;
	}
	/* Both come from checked documents, which are shorter. */
	check(e->id.len < sizeof(q.expected_id) && e->sni.len < sizeof(q.sni));
	memcpy(q.expected_id, e->id.ptr, e->id.len);
	memcpy(q.sni, e->sni.ptr, e->sni.len);
	k->handshake = tls_handshake_start(up->env->handshaker, fd, &q,
	    up->worker->loop, on_handshake, k);
	tls_identity_unref(q.identity);
}

static bool
is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM || error == EADDRNOTAVAIL;
}

static void
on_dialled(void *arg, int fd, int error)
{
	struct connector *k = arg;

	k->dial = NULL;
	if (fd < 0) {
		bool late = error == ETIMEDOUT;

		k->is_ours = is_shortage(error);
		finish(k, NULL, late ? FLAG_UT : FLAG_UF, late ?
		    "connect_timeout" : error == ECONNREFUSED ?
		    "connection_refused" : "connect_failed");
		return;
	}
	if (k->endpoint->id.len > 0) {
		shake_hands(k, fd);
		return;
	}
	if (k->cluster->outside != NULL) {
		shake_hands_outside(k, fd);
		return;
	}
	struct conn *c = conn_new(k->up->worker->loop, fd, NULL, NULL,
	    &conn_no_ops, NULL);

	finish(k, c, FLAG_NONE, "");
}

struct connector *
connector_start(struct upstream *up, const struct cluster *cluster,
    const struct endpoint *e, const char *const *alpn,
    void (*done)(void *, struct conn *, enum response_flag, const char *),
    void *arg)
{
	struct connector *k = mem_zalloc(sizeof(*k));
	struct loop *loop = up->worker->loop;

	k->up = up;
	k->cluster = cluster_ref(cluster_mutable(cluster));
	k->endpoint = e;
	k->alpn = alpn;
	k->start_us = loop_now_us(loop);
	k->deadline_ms = loop_now_ms(loop) + cluster->connect_timeout_ms;
	k->done = done;
	k->arg = arg;
	loop_task_init(&k->failed, on_failed, k);
	unsigned pending = atomic_fetch_add_explicit(&cluster->state->pending,
	    1, memory_order_relaxed);

	if (cluster->barred != NULL && e->id.len == 0) {
		k->is_ours = true;
		k->flag = FLAG_UF;
		k->details = cluster->barred;
		loop_defer(loop, &k->failed);
	} else if (pending >= cluster->limits.pending) {
		k->is_ours = true;
		k->flag = FLAG_UO;
		k->details = "pending_limit";
		loop_defer(loop, &k->failed);
	} else {
		k->dial = dial_start(loop, &e->addr,
		    cluster->connect_timeout_ms, on_dialled, k);
	}
	return k;
}

void
connector_cancel(struct connector *k)
{
	if (k->dial != NULL)
		dial_cancel(k->dial);
	if (k->handshake != NULL)
		tls_handshake_cancel(k->handshake);
	loop_task_cancel(&k->failed);
	atomic_fetch_sub_explicit(&k->cluster->state->pending, 1,
	    memory_order_relaxed);
	cluster_unref(k->cluster);
	mem_free(k);
}

void
upstream_announce(const struct cluster *cluster, const struct endpoint *e,
    struct conn *c, struct slice header)
{
	const struct proxy_header nobody = {
		.version = cluster->announce, .is_local = true,
	};
	struct str out = { 0 };

	if (cluster->announce == PROXY_NONE || e->has_sidecar)
		return;
	if (header.len > 0)
		str_add_slice(&out, header);
	else
		proxy_header_put(&out, &nobody);
	conn_write_bytes(c, out.ptr, out.len);
	str_fini(&out);
}
