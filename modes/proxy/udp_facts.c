#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "modes/proxy/session_metrics.h"
#include "modes/proxy/udp_facts.h"
#include "stat/metrics.h"

void
udp_facts_init(struct udp_facts *f, const struct proxy_worker *w,
    const char *listener)
{
	*f = (struct udp_facts){ .listener = listener };
	f->start_us = loop_now_us(w->env.loop);
	f->start_wall_us = (int64_t)clock_wall_us();
}

static struct slice
known(struct slice s)
{
	return s.len > 0 ? s : SLICE(METRIC_UNKNOWN);
}

static struct slice
id_of(const struct udp_facts *f)
{
	return f->peer == NULL ? SLICE_NONE : slice_str(f->peer->id);
}

/* The labels WORKLOADS and "security" of metrics.c. */
static size_t
labels(const struct udp_facts *f, const struct proxy_worker *w,
    struct slice *v)
{
	const struct worker_env *env = &w->env;
	const struct endpoint *e = f->endpoint;
	bool in = f->is_inbound, is_tls = in ? f->peer != NULL :
	    e != NULL && (e->id.len > 0 || cluster_is_federated(f->cluster));

	v[0] = in ? SLICE(METRIC_INBOUND) : SLICE(METRIC_OUTBOUND);
	if (in)
		session_name_source(f->peer, &v[1]);
	else
		metric_service(&v[1], env->service);
	metric_service(&v[3], in ? env->service : f->service);
	v[5] = known(in ? f->source : env->workload);
	v[6] = known(in ? env->workload : e != NULL ? e->workload : SLICE_NONE);
	v[7] = is_tls ? SLICE("mutual_tls") : SLICE("none");
	return 8;
}

static void
count(struct proxy_worker *w, enum metric metric, const struct slice *v,
    uint64_t n)
{
	struct stat_series *s;

	if (n == 0)
		return;
	s = stat_series_get(w->env.stats, metric, v);
	stat_counter_add(w->env.stat, s, n);
	stat_series_unref(s);
}

void
udp_facts_count(struct udp_facts *f, struct proxy_worker *w)
{
	struct slice v[STAT_LABELS_MAX];

	if (w->env.stat == NULL || f->up + f->down == f->counted.up +
	    f->counted.down)
		return;
	labels(f, w, v);
	count(w, METRIC_UDP_RECEIVED, v, f->up - f->counted.up);
	count(w, METRIC_UDP_SENT, v, f->down - f->counted.down);
	count(w, METRIC_UDP_RECEIVED_BYTES, v,
	    f->up_bytes - f->counted.up_bytes);
	count(w, METRIC_UDP_SENT_BYTES, v,
	    f->down_bytes - f->counted.down_bytes);
	f->counted.up = f->up;
	f->counted.down = f->down;
	f->counted.up_bytes = f->up_bytes;
	f->counted.down_bytes = f->down_bytes;
}

void
udp_facts_reach(struct udp_facts *f, struct proxy_worker *w, struct cluster *c,
    const struct endpoint *e)
{
	struct slice v[STAT_LABELS_MAX];

	if (f->endpoint == e)
		return;
	udp_facts_count(f, w);
	cluster_ref(c);
	cluster_unref(f->cluster);
	f->cluster = c;
	f->endpoint = e;
	f->service = c->service;
	if (f->is_opened)
		return;
	f->is_opened = true;
	if (w->env.stat == NULL)
		return;
	labels(f, w, v);
	count(w, METRIC_UDP_OPENED, v, 1);
	worker_env_count(&w->env, METRIC_UDP_ACTIVE, v, 1, 1);
}

/* --- the end -------------------------------------------------------------------- */

static void
add_text(struct str *s, const char *name, struct slice value)
{
	str_addf(s, ",\"%s\":", name);
	str_add_json(s, value.len > 0 ? value : SLICE("-"));
}

static void
log_line(const struct udp_facts *f, const char *reason, uint64_t us)
{
	const struct endpoint *e = f->endpoint;
	char when[CLOCK_TEXT_MAX], addr[ADDR_TEXT_MAX];
	struct str s = { 0 };

	clock_format(when, f->start_wall_us / 1000000,
	    (int)(f->start_wall_us / 1000 % 1000));
	addr_format(&f->remote, addr);
	str_addf(&s, "{\"start_time\":\"%s\",\"listener\":\"%s\","
	    "\"protocol\":\"UDP\"", when, f->listener);
	add_text(&s, "session_termination_details", slice_str(reason));
	str_addf(&s, ",\"datagrams_received\":%llu,\"datagrams_sent\":%llu,"
	    "\"bytes_received\":%llu,\"bytes_sent\":%llu,"
	    "\"duration\":%llu.%03llu", (unsigned long long)f->up,
	    (unsigned long long)f->down, (unsigned long long)f->up_bytes,
	    (unsigned long long)f->down_bytes, (unsigned long long)us / 1000,
	    (unsigned long long)us % 1000);
	add_text(&s, "downstream_remote_address", slice_str(addr));
	add_text(&s, "requested_server_name", f->peer == NULL ? SLICE_NONE :
	    slice_str(f->peer->sni));
	add_text(&s, "client_identity", id_of(f));
	add_text(&s, "source_workload", f->source);
	add_text(&s, "upstream_cluster", f->service);
	add_text(&s, "upstream_host", e != NULL ? e->host : SLICE_NONE);
	add_text(&s, "upstream_workload", e != NULL ? e->workload : SLICE_NONE);
	str_add_char(&s, '}');
	log_access(str_slice(&s));
	str_fini(&s);
}

void
udp_facts_end(struct udp_facts *f, struct proxy_worker *w, const char *reason)
{
	uint64_t us = loop_now_us(w->env.loop) - f->start_us;
	struct slice v[STAT_LABELS_MAX];

	log_line(f, reason, us);
	udp_facts_count(f, w);
	if (w->env.stat != NULL && f->is_opened) {
		size_t n = labels(f, w, v);

		worker_env_count(&w->env, METRIC_UDP_ACTIVE, v, 1, -1);
		v[n] = slice_str(reason);
		count(w, METRIC_UDP_CLOSED, v, 1);
		worker_env_count(&w->env, METRIC_UDP_DURATION, v, 5,
		    (int64_t)us);
	}
	cluster_unref(f->cluster);
	f->cluster = NULL;
	f->endpoint = NULL;
}
