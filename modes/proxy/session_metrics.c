#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "modes/proxy/session_metrics.h"
#include "pki/caller.h"
#include "stat/metrics.h"

void
session_facts_init(struct session_facts *f, struct l4_run *l4,
    const struct session_job *job)
{
	*f = (struct session_facts){ .l4 = l4, .job = job };
	f->start_us = loop_now_us(l4_env(l4)->loop);
	f->start_wall_us = (int64_t)clock_wall_us();
}

/* As entrance.c. */
bool
session_source_is_of(struct slice workload, const struct conn_peer *peer)
{
	struct slice ns, name;

	return caller_split(slice_str(peer->account), &ns, &name) &&
	    slice_has_prefix(workload, ns) && workload.len > ns.len &&
	    workload.ptr[ns.len] == '/';
}

void
session_facts_source(struct session_facts *f, struct slice workload)
{
	if (workload.len < sizeof(f->source) && session_source_is_of(workload,
	    conn_peer(l4_conn(f->l4))))
		snprintf(f->source, sizeof(f->source), "%.*s",
		    SLICE_ARG(workload));
}

static struct slice
known(struct slice s)
{
	return s.len > 0 ? s : SLICE(METRIC_UNKNOWN);
}

void
session_name_source(const struct conn_peer *peer, struct slice v[2])
{
	if (peer == NULL || !caller_split(slice_str(peer->account), &v[0],
	    &v[1]))
		v[0] = v[1] = SLICE(METRIC_UNKNOWN);
}

/* The labels WORKLOADS and "security" of metrics.c. */
static size_t
labels(const struct session_facts *f, struct slice *v)
{
	const struct worker_env *env = l4_env(f->l4);
	const struct conn_peer *peer = conn_peer(l4_conn(f->l4));
	bool in = f->job->is_inbound;
	bool is_tls = in ? peer->is_tls : f->endpoint != NULL &&
	    (f->endpoint->id.len > 0 ||
	    cluster_is_federated(f->job->cluster));

	v[0] = in ? SLICE(METRIC_INBOUND) : SLICE(METRIC_OUTBOUND);
	if (in)
		session_name_source(peer, &v[1]);
	else
		metric_service(&v[1], env->service);
	metric_service(&v[3], in ? env->service : f->job->cluster->service);
	v[5] = known(in ? slice_str(f->source) : env->workload);
	v[6] = known(in ? env->workload : f->endpoint != NULL ?
	    f->endpoint->workload : SLICE_NONE);
	v[7] = is_tls ? SLICE("mutual_tls") : !in &&
	    f->job->cluster->outside != NULL ? SLICE("tls") : SLICE("none");
	return 8;
}

static void
count(const struct session_facts *f, enum metric metric,
    const struct slice *v, uint64_t n)
{
	const struct worker_env *env = l4_env(f->l4);
	struct stat_series *s = stat_series_get(env->stats, metric, v);

	stat_counter_add(env->stat, s, n);
	stat_series_unref(s);
}

void
session_metrics_open(struct session_facts *f)
{
	struct slice v[STAT_LABELS_MAX];

	f->opened = true;
	if (l4_env(f->l4)->stat == NULL)
		return;
	labels(f, v);
	count(f, METRIC_TCP_OPENED, v, 1);
	worker_env_count(l4_env(f->l4), METRIC_TCP_ACTIVE, v, 1, 1);
}

static void
add_text(struct str *s, const char *name, struct slice value)
{
	str_addf(s, ",\"%s\":", name);
	str_add_json(s, value.len > 0 ? value : SLICE("-"));
}

static void
log_line(const struct session_facts *f, enum close_reason why, uint64_t us)
{
	const struct conn_peer *peer = conn_peer(l4_conn(f->l4));
	char when[CLOCK_TEXT_MAX], addr[ADDR_TEXT_MAX];
	struct addr room;
	struct str s = { 0 };

	clock_format(when, f->start_wall_us / 1000000,
	    (int)(f->start_wall_us / 1000 % 1000));
	addr_format(conn_addr(l4_conn(f->l4), &room), addr);
	str_addf(&s, "{\"start_time\":\"%s\",\"listener\":\"%s\","
	    "\"protocol\":\"TCP\"", when, l4_listener(f->l4));
	add_text(&s, "response_flags", slice_str(response_flag_name(f->flag)));
	add_text(&s, "connection_termination_details",
	    slice_str(close_reason_name(why)));
	str_addf(&s, ",\"bytes_received\":%llu,\"bytes_sent\":%llu,"
	    "\"duration\":%llu.%03llu", (unsigned long long)f->bytes_up,
	    (unsigned long long)f->bytes_down, (unsigned long long)us / 1000,
	    (unsigned long long)us % 1000);
	add_text(&s, "downstream_remote_address", slice_str(addr));
	add_text(&s, "requested_server_name", slice_str(peer->sni));
	add_text(&s, "client_identity", slice_str(peer->id));
	add_text(&s, "source_workload", slice_str(f->source));
	add_text(&s, "upstream_cluster", f->job->cluster->service);
	add_text(&s, "upstream_host", f->endpoint != NULL ?
	    f->endpoint->host : SLICE_NONE);
	add_text(&s, "upstream_workload", f->endpoint != NULL ?
	    f->endpoint->workload : SLICE_NONE);
	str_add_char(&s, '}');
	log_access(str_slice(&s));
	str_fini(&s);
}

bool
session_metrics_tell(struct session_facts *f)
{
	uint64_t up = f->bytes_up - f->told_up;
	uint64_t down = f->bytes_down - f->told_down;
	struct slice v[STAT_LABELS_MAX];

	f->told_up = f->bytes_up;
	f->told_down = f->bytes_down;
	if (l4_env(f->l4)->stat == NULL || !f->opened)
		return up + down > 0;
	labels(f, v);
	count(f, METRIC_TCP_SENT, v, down);
	count(f, METRIC_TCP_RECEIVED, v, up);
	return up + down > 0;
}

void
session_metrics_close(struct session_facts *f, enum close_reason why)
{
	const struct worker_env *env = l4_env(f->l4);
	uint64_t us = loop_now_us(env->loop) - f->start_us;
	struct slice v[STAT_LABELS_MAX];

	log_line(f, why, us);
	if (env->stat == NULL || !f->opened)
		return;
	session_metrics_tell(f);
	size_t n = labels(f, v);

	worker_env_count(l4_env(f->l4), METRIC_TCP_ACTIVE, v, 1, -1);
	v[n] = slice_str(close_reason_name(why));
	count(f, METRIC_TCP_CLOSED, v, 1);
	struct stat_series *s = stat_series_get(env->stats, METRIC_TCP_DURATION,
	    v);

	stat_histogram_add(env->stat, s, us);
	stat_series_unref(s);
}
