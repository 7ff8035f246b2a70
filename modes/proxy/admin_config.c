#include "base/build.h"
#include "base/clock.h"
#include "conf/json.h"
#include "modes/proxy/admin_config.h"
#include "modes/proxy/proxy_run.h"
#include "tls/outside.h"

static void
add_slice(struct str *out, const char *name, struct slice value)
{
	str_addf(out, ",\"%s\":", name);
	str_add_json(out, value.ptr == NULL ? SLICE("") : value);
}

static void
add_endpoint(struct str *out, const struct endpoint *e)
{
	struct endpoint_report report;
	char addr[ADDR_TEXT_MAX];

	endpoint_report(e->state, clock_mono_ms(), &report);
	addr_format(&e->addr, addr);
	str_add(out, "{\"address\":");
	str_add_json(out, slice_str(addr));
	add_slice(out, "workload", e->workload);
	add_slice(out, "identity", e->id);
	add_slice(out, "zone", e->zone);
	add_slice(out, "state", slice_str(report.state));
	add_slice(out, "why", slice_str(report.why));
	if (report.left_ms > 0)
		str_addf(out, ",\"leftMs\":%llu",
		    (unsigned long long)report.left_ms);
	str_addf(out, ",\"weight\":%u,\"priority\":%u,\"active\":%u,"
	    "\"requests\":%llu,\"failures\":%llu,"
	    "\"connectFailures\":%llu}", e->weight, e->priority,
	    atomic_load(&e->state->active), atomic_load(&e->state->requests),
	    atomic_load(&e->state->failures),
	    atomic_load(&e->state->connect_failures));
}

static void
add_cluster(struct str *out, const struct cluster *c)
{
	static const char *const protocols[] = { [CLUSTER_HTTP] = "http",
		[CLUSTER_TCP] = "tcp", [CLUSTER_UDP] = "udp",
		[CLUSTER_AUTO] = "auto" };

	str_addf(out, "\"protocol\":\"%s\",\"balancer\":\"%s\"",
	    c->protocol == CLUSTER_HTTP && c->is_h2 ? "h2c" :
	    protocols[c->protocol],
	    lb_policy_name(c->lb));
	if (c->authority.len > 0)
		add_slice(out, "host", c->authority);
	if (c->outside != NULL)
		add_slice(out, "tls", tls_outside_sni(c->outside));
	if (c->barred != NULL)
		add_slice(out, "barred", slice_str(c->barred));
	str_add(out, ",\"endpoints\":[");
	for (size_t i = 0; i < c->len; i++) {
		if (i > 0)
			str_add_char(out, ',');
		add_endpoint(out, &c->v[i]);
	}
	str_add_char(out, ']');
}

static void
add_service(struct str *out, const struct service *s)
{
	char key[SERVICE_KEY_MAX];

	service_key(&s->name, key);
	str_add(out, "{\"name\":");
	str_add_json(out, slice_str(key));
	str_add(out, ",\"ports\":[");
	for (size_t i = 0; i < s->len; i++) {
		str_addf(out, "%s{\"port\":%u", i > 0 ? "," : "",
		    s->ports[i].port);
		add_slice(out, "name", s->ports[i].name);
		str_add_char(out, ',');
		add_cluster(out, s->ports[i].cluster);
		str_add_char(out, '}');
	}
	str_add(out, "]}");
}

/* What is taken there, and by which document. */
static void
add_mode(struct str *out, const struct inbound_port *p)
{
	str_addf(out, "\"mtls\":\"%s\",\"mtlsBy\":", model_mtls_name(p->mode));
	str_add_json(out, slice_str(p->mode_by == NULL ? "" : p->mode_by));
	if (p->exposed != 0)
		str_addf(out, ",\"exposed\":%u", p->exposed);
	str_add_char(out, ',');
}

static void
add_inbound(struct str *out, const struct inbound_port *p)
{
	char key[SERVICE_KEY_MAX];

	service_key(&p->service, key);
	str_add(out, "{\"service\":");
	str_add_json(out, slice_str(key));
	str_addf(out, ",\"port\":%u,", p->port);
	if (p->mode != MODEL_MTLS_UNSET)
		add_mode(out, p);
	add_cluster(out, p->cluster);
	str_add_char(out, '}');
}

static void
add_snapshot(struct str *out, const struct snapshot *s)
{
	size_t it = 0, n = 0;
	void *value;

	if (s == NULL) {
		str_add(out, "null");
		return;
	}
	str_addf(out, "{\"revision\":%llu,\"services\":[",
	    (unsigned long long)s->revision);
	while (map_next(&s->services, &it, NULL, &value)) {
		if (n++ > 0)
			str_add_char(out, ',');
		add_service(out, value);
	}
	str_add(out, "],\"inbound\":[");
	for (size_t i = 0; i < s->inbound_len; i++) {
		if (i > 0)
			str_add_char(out, ',');
		add_inbound(out, &s->inbound[i]);
	}
	for (size_t i = 0; i < s->inbound_udp_len; i++) {
		if (i + s->inbound_len > 0)
			str_add_char(out, ',');
		add_inbound(out, &s->inbound_udp[i]);
	}
	str_add(out, "]}");
}

static void
add_walls(struct str *out, const struct walls *w)
{
	str_addf(out, ",\"walls\":{\"seccomp\":%s,\"landlock\":%d,"
	    "\"capabilities\":\"%s\",\"keysLocked\":%s}",
	    w->has_seccomp ? "true" : "false",
	    w->has_landlock ? w->files.abi : 0, walls_capabilities(w),
	    w->has_locks ? "true" : "false");
}

void
admin_config_write(struct str *out, const struct proxy_run *p)
{
	str_addf(out, "{\"version\":\"%s\",\"commit\":\"%s\",\"settings\":",
	    build_version(), build_commit());
	conf_json_write(out, p->settings.object->node);
	add_walls(out, &p->walls);
	str_add(out, ",\"snapshot\":");
	add_snapshot(out, p->snapshot);
	str_add_char(out, '}');
}
