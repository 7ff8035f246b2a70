#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "chain/grpc.h"
#include "model/proxy_protocol.h"
#include "model/tcp_policy.h"
#include "model/upgrades.h"
#include "modes/proxy/policy.h"

#define NEVER_MS	UINT64_C(31536000000)	/* a year */

/* --- which documents ------------------------------------------------------------- */

static int
by_age(const void *a, const void *b)
{
	const struct model_object *const *x = a, *const *y = b;

	return model_object_by_age(*x, *y);
}

void
policies_find(struct policies *p, struct model_object *const *objects,
    size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += model_backend_policy(objects[i]) != NULL;
	*p = (struct policies){ mem_zalloc_array(n + 1, sizeof(*p->v)), 0 };
	for (size_t i = 0; i < len; i++)
		if (model_backend_policy(objects[i]) != NULL)
			p->v[p->len++] = objects[i];
	qsort(p->v, p->len, sizeof(*p->v), by_age);
}

void
policies_fini(struct policies *p)
{
	mem_free(p->v);
	*p = (struct policies){ 0 };
}

/* Fills what is not there yet. */
static void
merge(struct model_backend_policy_spec *to,
    const struct model_backend_policy_spec *from)
{
	if (to->balancer == NULL)
		to->balancer = from->balancer;
	if (to->locality == NULL)
		to->locality = from->locality;
	if (to->subsets_len == 0) {
		to->subsets = from->subsets;
		to->subsets_len = from->subsets_len;
		to->subset_header = from->subset_header;
		to->subsets_strict = from->subsets_strict;
	}
	if (to->pool == NULL)
		to->pool = from->pool;
	if (to->timeouts == NULL)
		to->timeouts = from->timeouts;
	if (to->datagrams == NULL)
		to->datagrams = from->datagrams;
	if (to->tcp == NULL)
		to->tcp = from->tcp;
	if (to->upgrades == NULL)
		to->upgrades = from->upgrades;
	if (to->breaker == NULL)
		to->breaker = from->breaker;
	if (to->outlier == NULL)
		to->outlier = from->outlier;
	if (to->health == NULL)
		to->health = from->health;
	if (to->retry == NULL)
		to->retry = from->retry;
	if (to->budget == NULL)
		to->budget = from->budget;
	if (to->proxy_protocol == MODEL_PROXY_NONE)
		to->proxy_protocol = from->proxy_protocol;
	if (to->persistence == NULL)
		to->persistence = from->persistence;
}

void
policy_of(const struct policies *p, const char *namespace, const char *service,
    const char *port_name, struct model_backend_policy_spec *out)
{
	*out = (struct model_backend_policy_spec){ 0 };
	for (int is_general = 0; is_general < 2; is_general++) {
		for (size_t i = 0; i < p->len; i++) {
			const struct model_object *o = p->v[i];

			/* Without a port only policies for all of them match. */
			if (model_backend_policy_is_for(o, namespace, service,
			    NULL) == is_general &&
			    model_backend_policy_is_for(o, namespace, service,
			    port_name))
				merge(out, model_backend_policy(o));
		}
	}
}

/* --- what they say --------------------------------------------------------------- */

/* Documents give durations and numbers that are not negative. */
static uint32_t
number(int64_t n)
{
	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static void
set_affinity(const struct model_hash_key *k, struct cluster *c)
{
	struct cluster_affinity *a = &c->affinity;

	if (k == NULL)
		return;
	if (k->header != NULL) {
		a->kind = AFFINITY_HEADER;
		a->name = arena_lower(&c->arena, slice_str(k->header));
	} else if (k->query != NULL) {
		a->kind = AFFINITY_QUERY;
		a->name = slice_str(k->query);
	} else if (k->cookie != NULL) {
		a->kind = AFFINITY_COOKIE;
		a->name = slice_str(k->cookie->name);
		a->path = slice_str(k->cookie->path);
		a->ttl_ms = (uint64_t)k->cookie->ttl_ms;
	} else {
		a->kind = AFFINITY_SOURCE;
	}
}

static void
set_balancer(const struct model_load_balancer *from, struct cluster *c)
{
	static const enum lb_policy policies[] = {
		[MODEL_LEAST_REQUEST] = LB_LEAST_REQUEST,
		[MODEL_ROUND_ROBIN] = LB_ROUND_ROBIN,
		[MODEL_RANDOM] = LB_RANDOM,
		[MODEL_PEAK_EWMA] = LB_PEAK_EWMA,
		[MODEL_RING_HASH] = LB_RING_HASH,
		[MODEL_MAGLEV] = LB_MAGLEV,
	};
	struct balance_settings *b = &c->balance;

	c->lb = policies[from->type];
	b->ring_min = number(from->ring_min);
	b->ring_max = number(from->ring_max);
	b->maglev_size = number(from->table_size);
	b->bounded_percent = number(from->bounded_percent);
	b->ewma_decay_ms = (uint64_t)from->decay_ms;
	if (from->warmup != NULL) {
		b->slow_start_ms = (uint64_t)from->warmup->duration_ms;
		b->slow_start_min_percent =
		    number(from->warmup->minimum_percent);
		b->slow_start_aggression =
		    (double)from->warmup->aggression_percent / 100;
	}
	set_affinity(from->key, c);
}

static void
set_locality(const struct model_locality *from, struct balance_settings *b)
{
	static const enum zone_mode modes[] = {
		[MODEL_ZONE_ANY] = ZONE_ANY, [MODEL_ZONE_EVEN] = ZONE_EVEN,
		[MODEL_ZONE_LOCAL] = ZONE_LOCAL,
	};

	b->zone_mode = modes[from->zones];
	b->zone_min = number(from->zone_minimum);
	b->panic_percent = number(from->panic_percent);
	b->overprovision_percent = number(from->overprovisioning_percent);
}

static void
set_timeouts(const struct model_timeouts *from, struct cluster *c)
{
	c->response_timeout_ms = (uint64_t)from->response_ms;
	c->body_idle_ms = from->idle_ms == 0 ? NEVER_MS :
	    (uint64_t)from->idle_ms;
}

enum proxy_version
policy_announce(int word)
{
	static const enum proxy_version versions[] = {
		[MODEL_PROXY_NONE] = PROXY_NONE, [MODEL_PROXY_V1] = PROXY_V1,
		[MODEL_PROXY_V2] = PROXY_V2,
	};

	return versions[word];
}

static void
set_upgrades(const struct model_upgrades *from, struct upgrade_settings *u)
{
	static const enum upgrade_allow allowed[] = {
		[MODEL_UPGRADE_WEBSOCKET] = UPGRADE_WEBSOCKET,
		[MODEL_UPGRADE_ANY] = UPGRADE_ANY,
		[MODEL_UPGRADE_NONE] = UPGRADE_NONE,
	};

	u->allow = allowed[from->allow];
	u->idle_ms = (uint64_t)from->idle_ms;
	u->max_ms = (uint64_t)from->max_ms;
}

void
policy_http2(const struct model_http2 *from, struct h2_limits *out)
{
	const struct model_h2_flood *f = &from->flood;

	*out = (struct h2_limits){
		.streams = number(from->streams), .window = number(from->window),
		.conn_window = number(from->conn_window),
		.frame_bytes = number(from->frame_bytes),
		.head_bytes = number(from->head_bytes),
		.queued_frames = number(f->queued_frames),
		.queued_acks = number(f->queued_acks),
		.continuations = number(f->continuations),
		.resets = number(f->resets), .pings = number(f->pings),
		.settings = number(f->settings),
		.priorities = number(f->priorities),
		.window_updates = number(f->window_updates),
		.empty_data = number(f->empty_data),
	};
}

static void
set_pool(const struct model_pool *from, struct cluster *c)
{
	static const enum link_choice links[] = {
		[MODEL_H2_DEFAULT] = LINK_BY_LOAD,
		[MODEL_H2_DO_NOT_UPGRADE] = LINK_HTTP1,
		[MODEL_H2_UPGRADE] = LINK_HTTP2,
	};

	c->connect_timeout_ms = (uint64_t)from->connect_ms;
	c->pool.idle_ms = (uint64_t)from->idle_ms;
	c->pool.requests = (uint64_t)from->max_requests;
	c->pool.age_ms = (uint64_t)from->max_age_ms;
	c->pool.grace_ms = (uint64_t)from->grace_ms;
	c->pool.link = links[from->upgrade];
	policy_http2(&from->http2, &c->pool.h2);
	if (from->http2.keep_alive != NULL) {
		c->pool.ping_ms = (uint64_t)from->http2.keep_alive->interval_ms;
		c->pool.pong_ms = (uint64_t)from->http2.keep_alive->timeout_ms;
		c->pool.pings_all = true;
	}
}

static void
set_breaker(const struct model_breaker *from, struct cluster_limits *l)
{
	l->conns = number(from->connections);
	l->pending = number(from->pending);
	l->requests = number(from->requests);
	l->retries = number(from->retries);
	l->endpoint_requests = number(from->endpoint_requests);
	l->queue = number(from->queue);
	l->queue_ms = (uint64_t)from->queue_ms;
	l->is_adaptive = from->adaptive;
}

static void
set_outlier(const struct model_outlier *from, struct outlier_settings *o)
{
	*o = (struct outlier_settings){
		.consecutive = number(from->consecutive),
		.base_ms = (uint64_t)from->base_ms,
		.max_ms = (uint64_t)from->max_ms,
		.jitter_percent = number(from->jitter_percent),
		.max_ejected_percent = number(from->max_ejected_percent),
		.interval_ms = (uint64_t)from->interval_ms,
		.min_endpoints = number(from->min_endpoints),
		.min_requests = number(from->min_requests),
		.stdev_permille = number(from->stdev_permille),
		.failure_percent = number(from->failure_percent),
	};
}

/* "web.shop", as callers say it. */
static struct slice
host_of(struct cluster *c)
{
	struct slice name = c->service, namespace;

	if (!slice_cut(&name, '/', &namespace))
		return c->service;
	return slice_str(arena_printf(&c->arena, "%.*s.%.*s", SLICE_ARG(name),
	    SLICE_ARG(namespace)));
}

static void
set_health(const struct model_health_check *from, struct cluster *c)
{
	static const enum health_kind kinds[] = {
		[MODEL_HEALTH_HTTP] = HEALTH_HTTP, [MODEL_HEALTH_TCP] = HEALTH_TCP,
		[MODEL_HEALTH_GRPC] = HEALTH_GRPC,
	};

	c->health = (struct health_settings){
		.kind = kinds[from->type], .path = slice_str(from->path),
		.host = slice_str(from->host),
		.service = slice_str(from->service),
		.status_min = (uint16_t)from->status_min,
		.status_max = (uint16_t)from->status_max,
		.interval_ms = (uint64_t)from->interval_ms,
		.timeout_ms = (uint64_t)from->timeout_ms,
		.edge_ms = (uint64_t)from->edge_ms,
		.unhealthy_ms = (uint64_t)from->unhealthy_ms,
		.jitter_percent = number(from->jitter_percent),
		.healthy = number(from->healthy),
		.unhealthy = number(from->unhealthy),
		.is_out_at_first = from->starts_unhealthy,
	};
	if (from->host == NULL)
		c->health.host = host_of(c);
}

/* After the breaker: whichever of the two allows more holds. */
static void
set_retry(const struct model_retry_policy *from, bool has_breaker,
    struct cluster *c)
{
	static const unsigned bits[MODEL_RETRY_WORDS] = {
		[MODEL_RETRY_CONNECT] = RETRY_CONNECT,
		[MODEL_RETRY_REFUSED] = RETRY_REFUSED,
		[MODEL_RETRY_RESET_BEFORE] = RETRY_RESET_BEFORE,
		[MODEL_RETRY_RESET] = RETRY_RESET,
		[MODEL_RETRY_GATEWAY_ERROR] = RETRY_GATEWAY_ERROR,
		[MODEL_RETRY_5XX] = RETRY_5XX,
	};
	static const unsigned grpc[MODEL_RETRY_WORDS] = {
		[MODEL_RETRY_CANCELLED] = 1u << GRPC_CANCELLED,
		[MODEL_RETRY_DEADLINE_EXCEEDED] = 1u << GRPC_DEADLINE_EXCEEDED,
		[MODEL_RETRY_INTERNAL] = 1u << GRPC_INTERNAL,
		[MODEL_RETRY_RESOURCE_EXHAUSTED] = 1u << GRPC_RESOURCE_EXHAUSTED,
		[MODEL_RETRY_UNAVAILABLE] = 1u << GRPC_UNAVAILABLE,
	};
	struct retry_settings *s = &c->retry;
	uint32_t least = number(from->budget_min);

	if (from->on_len > 0)
		s->on = 0;
	for (size_t i = 0; i < from->on_len; i++) {
		s->on |= bits[from->on[i]];
		s->grpc |= grpc[from->on[i]];
	}
	for (size_t i = 0; i < from->codes_len; i++)
		retry_add_status(s, (int)from->codes[i]);
	s->attempts = number(from->attempts);
	s->backoff_ms = (uint64_t)from->backoff_ms;
	s->max_backoff_ms = (uint64_t)from->max_backoff_ms;
	s->try_ms = (uint64_t)from->per_try_ms;
	s->body_limit = (size_t)from->body_limit;
	s->hedges = from->hedge;
	s->unsafe = from->unsafe_methods;
	s->is_asked = true;
	c->limits.retry_percent = number(from->budget_percent);
	if (!has_breaker || least > c->limits.retries)
		c->limits.retries = least;
}

static void
set_budget(const struct model_retry_budget *from, struct cluster_limits *l)
{
	l->retry_percent = number(from->percent);
	l->retry_interval_ms = (uint64_t)from->interval_ms;
	l->rate_retries = number(from->rate_count);
	l->rate_ms = (uint64_t)from->rate_ms;
}

void
policy_session(const struct model_persistence *from,
    struct session_settings *out)
{
	bool is_cookie = from->type == MODEL_SESSION_COOKIE;
	const char *name = is_cookie ? from->cookie.name : from->header.name;

	if (name == NULL)
		name = from->name;
	*out = (struct session_settings){
		.kind = is_cookie ? SESSION_COOKIE : SESSION_HEADER,
		.name = slice_str(name),
		.path = from->cookie.path != NULL ?
		    slice_str(from->cookie.path) : SLICE("/"),
		.is_permanent = from->cookie.life == MODEL_COOKIE_PERMANENT,
		.absolute_ms = from->absolute_ms, .idle_ms = from->idle_ms,
	};
}

static void
add_subsets(const struct model_backend_policy_spec *p, struct cluster *c)
{
	struct arena scratch;

	arena_init(&scratch);
	for (size_t i = 0; i < p->subsets_len; i++) {
		struct cluster_subset s = {
			.name = slice_str(p->subsets[i].name) };

		s.labels = policy_labels(&scratch, &p->subsets[i].labels,
		    &s.labels_len);
		cluster_add_subset(c, &s);
	}
	arena_fini(&scratch);
	c->balance.is_subset_strict = p->subsets_strict;
	if (p->subset_header != NULL)
		c->affinity.subset_header = arena_lower(&c->arena,
		    slice_str(p->subset_header));
}

void
policy_apply(const struct model_backend_policy_spec *p, struct cluster *c)
{
	if (p->balancer != NULL)
		set_balancer(p->balancer, c);
	if (p->locality != NULL)
		set_locality(p->locality, &c->balance);
	if (p->pool != NULL)
		set_pool(p->pool, c);
	if (p->timeouts != NULL)
		set_timeouts(p->timeouts, c);
	if (p->datagrams != NULL)
		c->is_per_packet = p->datagrams->per_packet;
	if (p->tcp != NULL)
		c->tcp = (struct tcp_settings){ (uint64_t)p->tcp->idle_ms,
		    (uint64_t)p->tcp->max_ms };
	if (p->upgrades != NULL)
		set_upgrades(p->upgrades, &c->upgrades);
	if (p->breaker != NULL)
		set_breaker(p->breaker, &c->limits);
	if (p->outlier != NULL)
		set_outlier(p->outlier, &c->outlier);
	if (p->health != NULL)
		set_health(p->health, c);
	if (p->retry != NULL)
		set_retry(p->retry, p->breaker != NULL, c);
	if (p->budget != NULL)
		set_budget(p->budget, &c->limits);
	if (p->persistence != NULL)
		policy_session(p->persistence, &c->session);
	c->announce = policy_announce(p->proxy_protocol);
	add_subsets(p, c);
}

/* --- endpoints -------------------------------------------------------------------- */

uint32_t
policy_priority(const struct model_backend_policy_spec *p,
    const struct conf_pairs *labels)
{
	static const struct conf_pairs none;
	size_t i = 0;

	if (p->locality == NULL)
		return 0;
	while (i < p->locality->priorities_len && !model_labels_match(
	    &p->locality->priorities[i].labels, labels == NULL ? &none : labels))
		i++;
	return (uint32_t)i;
}

bool
policy_is_degraded(const struct model_backend_policy_spec *p,
    const struct conf_pairs *labels)
{
	return p->locality != NULL && p->locality->degraded.len > 0 &&
	    labels != NULL &&
	    model_labels_match(&p->locality->degraded, labels);
}

const struct endpoint_label *
policy_labels(struct arena *a, const struct conf_pairs *from, size_t *len)
{
	struct endpoint_label *v;

	*len = from == NULL ? 0 : from->len;
	if (*len == 0)
		return NULL;
	v = arena_alloc(a, sizeof(*v) * *len);
	for (size_t i = 0; i < *len; i++)
		v[i] = (struct endpoint_label){ slice_str(from->items[i].key),
			slice_str(from->items[i].value) };
	return v;
}
