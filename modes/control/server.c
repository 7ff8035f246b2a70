#include <signal.h>

#include "base/build.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "modes/control/api.h"
#include "modes/control/archive.h"
#include "modes/control/ca_ended.h"
#include "modes/control/conditions.h"
#include "modes/control/doors.h"
#include "modes/control/first_bindings.h"
#include "modes/control/first_policy.h"
#include "modes/control/identity.h"
#include "modes/control/issuer.h"
#include "modes/control/oidc.h"
#include "modes/control/operators.h"
#include "modes/control/relock.h"
#include "modes/control/attest.h"
#include "modes/control/revocations.h"
#include "modes/control/rollouts.h"
#include "modes/control/jwt_rotation.h"
#include "modes/control/rotation.h"
#include "modes/control/federation.h"
#include "modes/control/server.h"
#include "modes/control/sessions.h"
#include "modes/control/store_observe.h"
#include "modes/control/traffic.h"
#include "modes/control/users.h"
#include "net/notify.h"
#include "tls/tls.h"

#define END_MS		3000	/* for what is under way when we end */
#define END_STREAMS_MS	500
#define END_STEP_MS	20
#define MINUTE_MS	60000

/* --- counting --------------------------------------------------------------------- */

void
server_count(struct server *s, enum metric metric, const struct slice *labels)
{
	size_t n = 0;

	while (metrics[metric].labels[n] != NULL)
		n++;
	worker_env_count(&s->env, metric, labels, n, 1);
}

static void
set_gauge(struct server *s, enum metric metric, const char *label, double value)
{
	struct slice v = slice_str(label);
	struct stat_series *series = stat_series_get(s->stats, metric, &v);

	stat_gauge_set(series, value);
	stat_series_unref(series);
}

static void
sample_workloads(struct server *s)
{
	struct registry_query q = { .kind = &model_workload_kind };
	size_t counts[LIVE_N] = { 0 }, n;
	struct model_object **all = registry_list(s->registry, &q, &n);

	for (size_t i = 0; i < n; i++)
		counts[registry_workload_status(s->workloads,
		    slice_str(all[i]->key))]++;
	mem_free(all);
	for (int i = LIVE_ONLINE; i < LIVE_N; i++)
		set_gauge(s, METRIC_CONTROL_WORKLOADS,
		    live_status_name((enum live_status)i), (double)counts[i]);
}

void
server_sample(struct server *s)
{
	set_gauge(s, METRIC_CONTROL_REVISION, NULL,
	    (double)registry_revision(s->registry));
	set_gauge(s, METRIC_CONTROL_SESSIONS, NULL,
	    (double)sessions_len(s->sessions));
	set_gauge(s, METRIC_CONTROL_CA_EXPIRY, "root",
	    (double)s->ca->bundle->roots[0].not_after);
	set_gauge(s, METRIC_CONTROL_CA_EXPIRY, "intermediate",
	    (double)s->ca->now.cert.not_after);
	sample_workloads(s);
	federation_sample(s->federation);
}

/* On the store's thread. */
static void
on_commits(void *ctx, const struct store_group *g)
{
	struct server *s = ctx;

	stat_counter_add(s->store_stat, s->commits[0], g->written);
	stat_counter_add(s->store_stat, s->commits[1], g->refused);
	stat_counter_add(s->store_stat, s->commits[2], g->failed);
	stat_histogram_add(s->store_stat, s->commit_time, g->took_us);
}

static void
observe_store(struct server *s)
{
	static const char *const results[] = { "written", "refused", "failed" };

	s->store_stat = stat_worker_new(s->stats);
	for (size_t i = 0; i < 3; i++)
		s->commits[i] = stat_series_get(s->stats,
		    METRIC_CONTROL_COMMITS,
		    (struct slice[]){ slice_str(results[i]) });
	s->commit_time = stat_series_get(s->stats,
	    METRIC_CONTROL_COMMIT_DURATION, NULL);
	store_observe(s->store, on_commits, s);
}

/* --- clocks ------------------------------------------------------------------------ */

static void
on_tick(void *arg)
{
	struct server *s = arg;

	loop_timer_start(&s->tick, LIVE_TICK_MS);
	registry_workloads_tick(s->workloads, (int64_t)loop_now_ms(s->loop));
	sessions_tick(s->sessions);
	api_streams_expire(s, clock_wall_s());
	traffic_tick(s->traffic, loop_now_ms(s->loop));
}

static void
on_minute(void *arg)
{
	struct server *s = arg;
	loop_timer_start(&s->minute, MINUTE_MS);
	stat_memo_sweep(&s->memo);
	stat_registry_expire(s->stats, loop_now_ms(s->loop));
	rotation_look(s->rotation, clock_wall_s());
	jwt_rotation_look(s, clock_wall_s());
}

/* --- ending ------------------------------------------------------------------------ */

/* With this turn; connections that are left end before. */
static void
end_now(struct server *s)
{
	s->is_ending = true;
	worker_env_close(&s->env);
	loop_stop(s->loop);
}

/* Waits for what is under way; those who follow get less time to part. */
static void
on_end(void *arg)
{
	struct server *s = arg;

	s->ending_ms += END_STEP_MS;
	if (s->ending_ms == END_STREAMS_MS)
		api_streams_abort(s);
	if (s->env.runs_len > 0 && s->ending_ms < END_MS)
		loop_timer_start(&s->end, END_STEP_MS);
	else
		end_now(s);
}

void
server_stop(struct server *s)
{
	if (s->is_ending) {
		end_now(s);
		return;
	}
	s->is_ending = true;
	notify_send("STOPPING=1");
	log_info("control", "ending");
	doors_shut(s->doors);
	api_streams_end(s);
	worker_env_drain(&s->env);
	on_end(s);
}

void
server_fail(struct server *s, const struct err *err)
{
	log_error("control", "%s", err->text);
	s->exit_code = err_exit_code(err);
	end_now(s);
}

static void
on_signal(void *arg, int signo)
{
	(void)signo;
	server_stop(arg);
}

/* --- beginning ----------------------------------------------------------------------- */

static void
post_to_loop(void *loop, void (*fn)(void *), void *arg)
{
	loop_post(loop, fn, arg);
}

/* Says what comes next to whoever starts the first control of a mesh. */
static void
greet(struct server *s)
{
	struct registry_query q = { .kind = &model_workload_kind };
	size_t n;

	mem_free(registry_list(s->registry, &q, &n));
	if (ca_ended(s->ca, clock_wall_s()) != CA_ENDED_NOT) {
		log_error("control", "not ready: only %s is served until the "
		    "certificate authority goes on", s->spec->socket);
		return;
	}
	log_info("control", "ready: trust domain %.*s, revision %llu, %zu "
	    "workloads", SLICE_ARG(s->ca->bundle->domain),
	    (unsigned long long)registry_revision(s->registry), n);
	if (n == 0)
		log_info("control", "next: mesh ctl --server unix:%s token "
		    "create --service default/NAME --out FILE, then mesh proxy "
		    "with --token-file FILE", s->spec->socket);
}

/* The registry has what it begins with: now others may come. */
static void
on_first_bindings(struct server *s)
{
	struct err err = ERR_INIT;

	s->doors = doors_open(s, &err);
	if (s->doors == NULL) {
		server_fail(s, &err);
		return;
	}
	s->is_ready = true;
	relock_resume(s);
	greet(s);
	notify_send("READY=1");
}

static void
on_first_policy(struct server *s)
{
	first_bindings_write(s, on_first_bindings);
}

/* Control has its certificate. */
static void
on_identity(struct server *s)
{
	first_policy_write(s, on_first_policy);
}

static void
start_stats(struct server *s)
{
	s->started_s = clock_wall_s();
	s->stats = stat_registry_new(metrics, METRIC_COUNT);
	s->filter_stats = filter_stats_new(1);
	worker_env_init(&s->env, s->loop, 0, s);
	s->env.stats = s->stats;
	s->env.stat = stat_worker_new(s->stats);
	s->env.memo = &s->memo;
	metrics_add_process(s->stats, "control", build_version(),
	    build_commit(), s->started_s);
}

/* What people have open was begun with the rights that they had. */
static void
on_bindings(void *arg)
{
	api_streams_judge(arg);
}

static int
open_data(struct server *s, const struct log_options *log, struct err *err)
{
	struct ca_options ca = {
		.data_dir = s->spec->data_dir,
		.domain = slice_str(s->spec->trust_domain),
		.root_cert_file = s->spec->ca_cert_file,
		.root_key_file = s->spec->ca_key_file,
		.leaf_life_s = (uint32_t)(s->spec->certificate_lifetime_ms /
		    1000),
		.log = log,
	};

	if (archives_recover(s->spec->data_dir, err) < 0)
		return -1;
	s->ca = ca_open(&ca, err);	/* forks: before any thread */
	if (s->ca == NULL)
		return -1;
	log_start(log);
	s->store = store_open(s->spec->data_dir, err);
	if (s->store == NULL)
		return -1;
	observe_store(s);
	s->vault = vault_open(s->spec->data_dir, s->spec->secret_key_file,
	    err);
	if (s->vault == NULL)
		return -1;
	s->operators = operators_open(s->store, err);
	if (s->operators == NULL)
		return -1;
	s->users = users_open(s->store, err);
	if (s->users == NULL)
		return -1;
	s->revocations = revocations_open(s->store, err);
	if (s->revocations == NULL)
		return -1;
	s->registry = registry_open(s->store, s->vault, &s->port, err);
	if (s->registry == NULL || vault_keep(s->vault, err) < 0)
		return -1;
	s->attest = attest_new();
	s->bindings = bindings_new(s->registry, on_bindings, s);
	return 0;
}

struct server *
server_open(const struct control_settings *settings,
    const struct log_options *log, struct err *err)
{
	struct server *s = mem_zalloc(sizeof(*s));

	s->settings = settings;
	s->names = settings->names.hosts == NULL ? NULL : &settings->names;
	s->spec = settings->spec;
	s->loop = loop_new("control");
	s->port = (struct store_port){ post_to_loop, s->loop };
	list_init(&s->streams);
	list_init(&s->archives);
	refusals_init(&s->refused, &refusals_people);
	refusals_init(&s->strangers, &refusals_strangers);
	login_limit_init(&s->login_limit);
	workload_limit_init(&s->workload_limit);
	random_bytes(s->dummy, sizeof(s->dummy));
	loop_timer_init(&s->tick, s->loop, on_tick, s);
	loop_timer_init(&s->minute, s->loop, on_minute, s);
	loop_timer_init(&s->end, s->loop, on_end, s);
	start_stats(s);
	if (open_data(s, log, err) < 0) {
		server_close(s);
		return NULL;
	}
	s->handshaker = tls_handshaker_new(1);
	s->kdf = kdf_new(s->loop);
	s->oidc = oidc_new(s, err);
	if (err->kind != ERR_NONE) {
		server_close(s);
		return NULL;
	}
	s->workloads = registry_workloads_new(s->registry,
	    (int64_t)loop_now_ms(s->loop));
	s->traffic = traffic_new();
	traffic_tick(s->traffic, loop_now_ms(s->loop));
	s->sessions = sessions_new(s);
	s->conditions = conditions_new(s);
	s->rollouts = rollouts_new(s);
	s->federation = federation_new(s);
	s->issuer = issuer_new(s);
	s->identity = identity_new(s, on_identity);
	s->rotation = rotation_new(s);
	loop_on_signal(s->loop, SIGTERM, on_signal, s);
	loop_on_signal(s->loop, SIGINT, on_signal, s);
	loop_timer_start(&s->tick, LIVE_TICK_MS);
	on_minute(s);
	return s;
}

/*
 * From the outside in.  The store's last answers are taken, and what they
 * lead to is refused, while everything that they touch is still there.
 */
void
server_close(struct server *s)
{
	struct loop *loop = s->loop;

	s->is_ending = true;
	doors_shut(s->doors);
	doors_close(s->doors);
	loop_timer_stop(&s->tick);
	loop_timer_stop(&s->minute);
	loop_timer_stop(&s->end);
	archives_wait(s);
	kdf_stop(s->kdf);
	store_stop(s->store);
	loop_finish(loop);
	rotation_free(s->rotation);
	issuer_free(s->issuer);
	ca_close(s->ca);
	identity_free(s->identity);
	rollouts_free(s->rollouts);
	federation_free(s->federation);
	oidc_free(s->oidc);
	conditions_free(s->conditions);
	sessions_free(s->sessions);
	registry_workloads_free(s->workloads);
	bindings_free(s->bindings);
	registry_close(&s->registry);
	if (s->store != NULL)
		store_close(&s->store);
	vault_close(s->vault);
	if (s->handshaker != NULL)
		tls_handshaker_free(s->handshaker);
	loop_free(loop);
	traffic_free(s->traffic);
	operators_free(s->operators);
	revocations_free(s->revocations);
	attest_free(s->attest);
	users_free(s->users);
	kdf_free(s->kdf);
	login_limit_fini(&s->login_limit);
	workload_limit_fini(&s->workload_limit);
	refusals_fini(&s->refused);
	refusals_fini(&s->strangers);
	unrecorded_fini(&s->unrecorded);
	stat_memo_fini(&s->memo);
	for (size_t i = 0; i < 3; i++)
		stat_series_unref(s->commits[i]);
	stat_series_unref(s->commit_time);
	filter_stats_free(s->filter_stats);
	stat_registry_free(s->stats);
	mem_free(s);
}
