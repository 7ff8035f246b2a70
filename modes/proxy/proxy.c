#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/build.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/code.h"
#include "base/dump.h"
#include "base/log.h"
#include "base/mem.h"
#include "conf/units.h"
#include "filter/table.h"
#include "modes/proxy/agent.h"
#include "modes/proxy/admin.h"
#include "modes/proxy/gateway_ports.h"
#include "modes/proxy/issuers.h"
#include "modes/proxy/overload_bounds.h"
#include "modes/proxy/proxy.h"
#include "modes/proxy/policy.h"
#include "modes/proxy/proxy_run.h"
#include "modes/proxy/proxy_walls.h"
#include "modes/proxy/sidecar.h"
#include "modes/proxy/workload_api.h"
#include "net/notify.h"
#include "stat/metrics.h"

#define SAME_SIGNAL_MS	200
#define LOOK_MS		250	/* whether it has too much to do */
#define RELEASE_MS	1000	/* after a compilation: what it ran is given back */
#define HOUSEKEEPING_MS	60000	/* idle series, unused endpoint states */

/* --- documents to traffic ---------------------------------------------------------- */

static void
on_fault(void *arg, const char *key, const struct err *err)
{
	(void)arg;
	log_error("config", "%s: %s", key, err->text);
}

struct use {
	struct proxy_run *proxy;
	struct snapshot  *snapshot;
};

static void
on_use(void *arg)
{
	struct use *u = arg;

	gateway_ports_use(u->proxy->gateway_ports, u->snapshot);
	if (!loop_timer_is_running(&u->proxy->releasing))
		loop_timer_start(&u->proxy->releasing, RELEASE_MS);
	mem_free(u);
}

static void
on_release(void *arg)
{
	(void)arg;
	code_release();
}

void
proxy_use_documents(struct proxy_run *p, struct model_object *const *objects,
    size_t len, const struct compile_input *more)
{
	struct compile_input in = *more;

	in.objects = objects;
	in.len = len;
	in.namespace = p->plane->options.default_namespace;
	in.apps = p->apps;
	in.apps_len = p->apps_len;
	in.settings = model_proxy(p->settings.object);
	in.registry = p->plane->registry;
	in.issuers = p->issuers;
	in.filter_stats = p->filter_stats;
	in.before = p->snapshot;
	in.now_ms = clock_mono_ms();
	if (in.fault == NULL)
		in.fault = on_fault;
	struct snapshot *now = compile(&in);

	snapshot_unref(p->snapshot);
	p->snapshot = snapshot_ref(now);
	data_plane_use(p->plane, snapshot_ref(now));
	/* Behind it: whoever comes to a new port finds its documents. */
	struct use *use = mem_alloc(sizeof(*use));

	*use = (struct use){ p, now };
	loop_post(p->loop, on_use, use);
}

/* --- readiness ------------------------------------------------------------------------ */

void
proxy_set_ready(struct proxy_run *p, bool ready)
{
	if (p->is_ready == ready)
		return;
	p->is_ready = ready;
	log_info("proxy", ready ? "ready" : "not ready");
	if (ready) {
		notify_send("READY=1");
		code_release();
	}
}

/* --- the end ---------------------------------------------------------------------------- */

void
proxy_end(struct proxy_run *p)
{
	admin_close(p->admin);
	workload_api_close(p->workload_api);
	loop_stop(p->loop);
}

static void
on_drain_tick(void *arg)
{
	struct proxy_run *p = arg;
	size_t left = data_plane_conns(p->plane);
	bool late = loop_now_ms(p->loop) >= p->drain_end_ms;

	if (left > 0 && !late) {
		loop_timer_start(&p->drain_timer, 20);
		return;
	}
	if (left > 0)
		log_warn("proxy", "%zu connections did not end in time", left);
	proxy_end(p);
}

void
proxy_drain(struct proxy_run *p)
{
	if (p->draining)
		return;
	p->draining = true;
	proxy_set_ready(p, false);
	log_info("proxy", "draining, at most %lld s",
	    (long long)p->settings.spec->drain_ms / 1000);
	p->drain_end_ms = loop_now_ms(p->loop) +
	    (uint64_t)p->settings.spec->drain_ms;
	gateway_ports_stop(p->gateway_ports);
	data_plane_drain(p->plane);
	loop_timer_start(&p->drain_timer, 20);
}

static void
on_term(void *arg, int signo)
{
	struct proxy_run *p = arg;

	(void)signo;
	uint64_t now = loop_now_ms(p->loop);

	/* One stop may come as two signals: to us, and to our process group. */
	if ((p->draining || p->stopping) && now - p->asked_ms < SAME_SIGNAL_MS)
		return;
	if (p->draining || p->stopping) {
		log_warn("proxy", "a second signal: ending at once");
		proxy_end(p);
		return;
	}
	p->asked_ms = now;
	notify_send("STOPPING=1");
	if (p->agent != NULL)
		sidecar_stop(p);
	else
		proxy_drain(p);
}

static void
on_hup(void *arg, int signo)
{
	struct proxy_run *p = arg;

	(void)signo;
	if (p->standalone != NULL)
		standalone_reload(p->standalone);
}

/* --- start -------------------------------------------------------------------------------- */

static void
on_look(void *arg)
{
	struct proxy_run *p = arg;

	if (overload_look(&p->plane->overload))
		loop_timer_start(&p->looking, LOOK_MS);
}

static void
look_again(void *arg)
{
	struct proxy_run *p = arg;

	loop_timer_start(&p->looking, LOOK_MS);
}

/* On a worker. */
static void
on_woken(void *arg)
{
	struct proxy_run *p = arg;

	loop_post(p->loop, look_again, p);
}

static void
on_housekeeping(void *arg)
{
	struct proxy_run *p = arg;

	stat_registry_expire(p->stats, loop_now_ms(p->loop));
	data_plane_housekeep(p->plane);
	on_look(p);	/* what was idle for so long is shown as it is */
	loop_timer_start(&p->housekeeping, HOUSEKEEPING_MS);
}

static int
worker_count(const struct model_proxy_spec *s)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (s->workers > 0)
		return (int)s->workers;
	return cpus >= 2 ? 2 : 1;
}

static int
open_log(struct log_options *o, const struct model_proxy_spec *s,
    struct err *err)
{
	*o = (struct log_options){
		.format = s->log_format == MODEL_LOG_JSON ? LOG_JSON : LOG_TEXT,
		.people_fd = 2, .access_fd = 1,
	};

	if (strcmp(s->access_log, "none") == 0) {
		o->access_fd = -1;
	} else if (strcmp(s->access_log, "stdout") != 0) {
		o->access_fd = open(s->access_log,
		    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
		if (o->access_fd < 0)
			return err_errno(err, "access log %s", s->access_log);
	}
	if (log_set_levels(s->log_level) == 0)
		return 0;
	return err_set(err, ERR_CONFIG, "log level \"%s\": expected "
	    "error, warn, info or debug, also by part: info,tls=debug",
	    s->log_level);
}

/* HOST:PORT of the application; "localhost" needs no resolver. */
static int
resolve_app(const struct model_app *app, struct compile_app *out,
    struct err *err)
{
	struct slice host;
	uint16_t port;

	out->port = app->port;
	out->name = app->name;
	out->is_h2 = app->protocol == MODEL_APP_H2C ||
	    app->protocol == MODEL_APP_H2 || app->protocol == MODEL_APP_GRPC;
	out->is_auto = app->protocol == MODEL_APP_AUTO;
	out->is_http = out->is_h2 || app->protocol == MODEL_APP_HTTP;
	out->announce = policy_announce(app->proxy_protocol);
	out->is_udp = app->protocol == MODEL_APP_UDP;
	if (!conf_host_port(slice_str(app->address), &host, &port))
		return err_set(err, ERR_CONFIG, "app %s: expected HOST:PORT",
		    app->address);
	if (slice_is(host, "localhost"))
		host = SLICE("127.0.0.1");
	if (addr_from_ip(host, port, &out->addr, err) != 0)
		return err_wrap(err, "app %s", app->address);
	return 0;
}

static int
resolve_apps(struct proxy_run *p, struct err *err)
{
	const struct model_proxy_spec *s = p->settings.spec;

	p->apps = mem_zalloc_array(s->apps_len, sizeof(*p->apps));
	p->apps_len = s->apps_len;
	for (size_t i = 0; i < s->apps_len; i++)
		if (resolve_app(&s->apps[i], &p->apps[i], err) != 0)
			return -1;
	return 0;
}

/* The schema has let through only what is a range. */
static void
read_proxies(struct proxy_run *p)
{
	const struct model_proxy_spec *s = p->settings.spec;

	p->proxies = mem_zalloc_array(s->proxy_protocol_from_len,
	    sizeof(*p->proxies));
	for (size_t i = 0; i < s->proxy_protocol_from_len; i++)
		check(cidr_parse(slice_str(s->proxy_protocol_from[i]),
		    &p->proxies[i]));
}

static void
on_listening(void *arg, const struct addr *addrs, size_t n)
{
	struct proxy_run *p = arg;

	if (p->agent != NULL)
		agent_listens(p->agent, addrs, n);
}

/* On a worker. */
static void
on_want_keys(void *arg, struct slice source)
{
	struct proxy_run *p = arg;

	issuers_want(p->issuers, source);
}

static void
start_plane(struct proxy_run *p)
{
	const struct model_proxy_spec *s = p->settings.spec;
	int workers = worker_count(s);
	struct data_plane_options o = {
		.workers = workers, .loop = p->loop,
		.default_namespace = SLICE("default"),
		.is_edge = s->standalone, .trusted_hops = s->trusted_hops,
		.lookup_timeout_ms = 3000, .proxies = p->proxies,
		.proxies_len = s->proxy_protocol_from_len,
		.app_users = s->app_users, .app_users_len = s->app_users_len,
		.handshaker = p->handshaker, .stats = p->stats,
		.provider_files = &p->files,
		.woken = on_woken, .want_keys = on_want_keys, .arg = p,
		.strays = { s->hosts_file, s->resolv_conf,
		    (uint64_t)s->connect_ms, (uint64_t)s->response_ms },
	};

	if (!s->standalone) {
		o.service = slice_str(s->service);
		o.default_namespace = slice_of(s->service,
		    strcspn(s->service, "/"));
		o.want = sidecar_want;
		o.used = sidecar_used;
	}
	p->filter_stats = filter_stats_new(workers);
	o.filter_stats = p->filter_stats;
	o.overload = overload_bounds(&s->overload);
	o.udp = (struct udp_bounds){
		(size_t)s->datagrams.sessions,
		(size_t)s->datagrams.sessions_of_source,
		(uint64_t)s->datagrams.idle_ms,
	};
	p->plane = data_plane_new(&o);
	p->gateway_ports = gateway_ports_new(p->plane, p->loop, on_listening, p);
}

static int
check_settings(const struct settings *s, const struct model_set *docs,
    struct err *err)
{
	for (size_t i = 0; i < docs->faults_len; i++)
		fprintf(stderr, "%s\n", docs->faults[i].err.text);
	if (s->validate && docs->faults_len > 0)
		return err_set(err, ERR_DATA, "%zu documents are not valid",
		    docs->faults_len);
	if (s->spec->standalone && s->config == NULL)
		return err_set(err, ERR_USAGE,
		    "--standalone needs --config FILE or DIR");
	if (s->spec->standalone && s->asks_inbound)
		return err_set(err, ERR_USAGE, "--inbound-listen %s: other "
		    "sidecars need an identity of the mesh to come in by, and "
		    "a proxy without control (--standalone) has none",
		    s->spec->inbound_listen);
	if (s->spec->standalone && s->spec->workload_api_socket != NULL)
		return err_set(err, ERR_USAGE, "--workload-api-socket %s: a "
		    "proxy without control (--standalone) has no identity to "
		    "give out", s->spec->workload_api_socket);
	if (s->spec->exposed_len > 0 && (s->spec->standalone ||
	    s->spec->gateway != NULL))
		return err_set(err, ERR_USAGE, "--expose %u=%s: only a proxy "
		    "beside an application of the mesh exposes its ports",
		    s->spec->exposed[0].port, s->spec->exposed[0].listen);
	return s->spec->standalone ? 0 : sidecar_check(s->spec, err);
}

/* Where documents come from: control, or files. */
static int
start_documents(struct proxy_run *p, struct model_set *docs, struct err *err)
{
	if (!p->settings.spec->standalone) {
		model_set_fini(docs);
		return sidecar_new(p, err);
	}
	p->standalone = standalone_start(p, docs);
	return 0;
}

static void
on_settled(void *arg)
{
	struct proxy_run *p = arg;

	proxy_set_ready(p, !p->draining);
}

/* On a worker. */
static void
on_workers_settled(void *arg)
{
	struct proxy_run *p = arg;

	loop_post(p->loop, on_settled, p);
}

static void
on_start(void *arg)
{
	struct proxy_run *p = arg;

	data_plane_settle(p->plane, on_workers_settled, p);
}

static int
run(struct proxy_run *p, struct model_set *docs, struct err *err)
{
	struct log_options log;

	if (open_log(&log, p->settings.spec, err) != 0 ||
	    resolve_apps(p, err) != 0)
		return -1;
	proxy_walls_raise(&p->walls, &p->settings, ADMIN_SOCKET_DIR);
	log_start(&log);
	p->loop = loop_new("main");
	loop_set_patient(p->loop);	/* it compiles beside the workers */
	p->stats = stat_registry_new(metrics, METRIC_COUNT);
	p->stat = stat_worker_new(p->stats);
	metrics_add_process(p->stats, "proxy", build_version(), build_commit(),
	    clock_wall_s());
	p->handshaker = tls_handshaker_new(1);
	read_proxies(p);
	p->files = (struct resolve_files){ p->settings.spec->hosts_file,
		p->settings.spec->resolv_conf };
	p->issuers = issuers_new(p->handshaker, p->stats);
	start_plane(p);
	loop_timer_init(&p->drain_timer, p->loop, on_drain_tick, p);
	loop_timer_init(&p->housekeeping, p->loop, on_housekeeping, p);
	loop_timer_start(&p->housekeeping, HOUSEKEEPING_MS);
	loop_timer_init(&p->releasing, p->loop, on_release, p);
	loop_timer_init(&p->looking, p->loop, on_look, p);
	loop_timer_start(&p->looking, LOOK_MS);
	loop_on_signal(p->loop, SIGTERM, on_term, p);
	loop_on_signal(p->loop, SIGINT, on_term, p);
	loop_on_signal(p->loop, SIGHUP, on_hup, p);
	if (start_documents(p, docs, err) != 0)
		return -1;
	p->admin = admin_open(p, err);
	if (p->admin == NULL || proxy_listen(p, err) != 0)
		return -1;
	if (p->agent == NULL)	/* behind the ports of Gateways */
		loop_post(p->loop, on_start, p);
	else if (sidecar_start(p, err) != 0)
		return -1;
	proxy_walls_shut(&p->walls);
	metrics_add_walls(p->stats, &p->walls);
	loop_run(p->loop);
	*err = p->failure;
	return err->kind == ERR_NONE ? 0 : -1;
}

static void
stop(struct proxy_run *p)
{
	p->draining = true;	/* what is posted late begins nothing */
	if (p->gateway_ports != NULL)
		gateway_ports_stop(p->gateway_ports);
	standalone_free(p->standalone);
	p->standalone = NULL;
	if (p->plane != NULL)
		data_plane_stop(p->plane);
	sidecar_end(p);
	if (p->loop != NULL)
		loop_finish(p->loop);	/* the agent's last words */
	if (p->handshaker != NULL)
		tls_handshaker_free(p->handshaker);
	gateway_ports_free(p->gateway_ports);
	snapshot_unref(p->snapshot);
	if (p->plane != NULL)
		data_plane_free(p->plane);
	sidecar_free(p);
	admin_free(p->admin);
	if (p->filter_stats != NULL)
		filter_stats_free(p->filter_stats);
	if (p->stats != NULL)
		stat_registry_free(p->stats);
	if (p->loop != NULL) {
		loop_timer_stop(&p->drain_timer);
		loop_timer_stop(&p->housekeeping);
		loop_timer_stop(&p->looking);
		loop_timer_stop(&p->releasing);
		loop_free(p->loop);
	}
	issuers_free(p->issuers);
	mem_free(p->apps);
	mem_free(p->proxies);
	settings_fini(&p->settings);
	log_stop();
}

int
proxy_main(int argc, char **argv)
{
	struct proxy_run p = { .exit_code = 0 };
	struct model_set docs;
	struct err err = ERR_INIT;

	dump_forbid();
	signal(SIGPIPE, SIG_IGN);
	model_set_init(&docs, MODEL_STRICT, "default");
	int result = settings_parse(&p.settings, argc, argv, &err);

	if (result == 0 && p.settings.help) {
		settings_usage();
		settings_fini(&p.settings);
		model_set_fini(&docs);
		return 0;
	}
	if (result == 0)
		result = settings_read(&p.settings, &docs, &err);
	if (result == 0)
		result = check_settings(&p.settings, &docs, &err);
	if (result == 0 && !p.settings.validate)
		result = run(&p, &docs, &err);
	if (result != 0) {
		fprintf(stderr, "mesh proxy: %s\n", err.text);
		if (err.kind == ERR_USAGE)
			fputs("mesh proxy --help lists the options.\n", stderr);
	} else if (p.settings.validate) {
		puts("settings and documents are valid");
	}
	stop(&p);
	model_set_fini(&docs);	/* empty if somebody took them */
	return result == 0 ? p.exit_code : err_exit_code(&err);
}
