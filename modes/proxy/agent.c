#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "modes/proxy/agent_revoke.h"
#include "modes/proxy/agent_run.h"
#include "modes/proxy/issuers.h"
#include "modes/proxy/names.h"
#include "pki/bundle_set.h"
#include "tls/system_roots.h"

#define WITHDRAW_MS	5500	/* control answers within 5 s */
#define USED_SPAN_MS	60000	/* a service is marked as used once in it */
#define WANT_SPAN_MS	1000

/* --- to the main loop ---------------------------------------------------- */

struct news {
	struct agent *agent;
	bool          is_ready;
};

static void
on_main_ready(void *arg)
{
	struct news *n = arg;
	const struct agent_options *o = &n->agent->options;

	o->ready(o->arg, n->is_ready);
	mem_free(n);
}

void
agent_tell_ready(struct agent *g)
{
	bool is_ready = agent_has_identity(g) && g->docs.is_whole &&
	    g->is_in_force && !g->is_stopping;

	if (is_ready == g->is_ready)
		return;
	struct news *n = mem_alloc(sizeof(*n));

	g->is_ready = is_ready;
	*n = (struct news){ g, is_ready };
	loop_post(g->options.main, on_main_ready, n);
}

struct failure {
	struct agent *agent;
	struct err    err;
};

static void
on_main_failed(void *arg)
{
	struct failure *f = arg;
	const struct agent_options *o = &f->agent->options;

	o->failed(o->arg, &f->err);
	mem_free(f);
}

void
agent_fail(struct agent *g, const struct err *err)
{
	struct failure *f = mem_alloc(sizeof(*f));

	*f = (struct failure){ g, *err };
	loop_post(g->options.main, on_main_failed, f);
}

/* --- wants and uses, from workers ---------------------------------------- */

struct use {
	struct agent *agent;
	bool          is_want;
	char          name[SERVICE_KEY_MAX];
};

static void
on_use(void *arg)
{
	struct use *u = arg;
	struct agent *g = u->agent;
	struct slice name = slice_str(u->name);
	uint64_t now = loop_now_ms(g->loop);

	if (!u->is_want)
		interests_used(&g->interests, name, now);
	else if (interests_add(&g->interests, name, false, now))
		agent_interest_changed(g);
	mem_free(u);
}

static void
post_use(struct agent *g, const struct service_name *name, bool is_want)
{
	struct use *u = mem_alloc(sizeof(*u));

	u->agent = g;
	u->is_want = is_want;
	service_key(name, u->name);
	loop_post(g->loop, on_use, u);
}

void
agent_want(struct agent *g, const struct service_name *name)
{
	if (interest_gate_pass(&g->wants, name, clock_mono_ms(), WANT_SPAN_MS))
		post_use(g, name, true);
}

void
agent_used(struct agent *g, const struct service_name *name)
{
	if (interest_gate_pass(&g->uses, name, clock_mono_ms(), USED_SPAN_MS))
		post_use(g, name, false);
}

/* --- what it is doing ---------------------------------------------------- */

struct description {
	struct agent *agent;
	struct str    text;
	void        (*done)(void *, struct slice);
	void         *arg;
};

static void
on_main_described(void *arg)
{
	struct description *d = arg;

	d->done(d->arg, str_slice(&d->text));
	str_fini(&d->text);
	mem_free(d);
}

static void
on_describe(void *arg)
{
	struct description *d = arg;

	/* What `describe` reads is gone after the end. */
	if (d->agent->has_stopped)
		str_add(&d->text, "{}");
	else
		agent_write_status(d->agent, &d->text);
	loop_post(d->agent->options.main, on_main_described, d);
}

void
agent_describe(struct agent *g, void (*done)(void *, struct slice), void *arg)
{
	struct description *d = mem_zalloc(sizeof(*d));

	*d = (struct description){ .agent = g, .done = done, .arg = arg };
	loop_post(g->loop, on_describe, d);
}

/* --- start --------------------------------------------------------------- */

static void
on_save_timer(void *arg)
{
	struct agent *g = arg;

	/* It has run out: armed again, it says that there is something to save. */
	agent_save_soon(g);
	agent_save_now(g);
}

static void
on_app(void *arg, bool is_up)
{
	(void)is_up;
	agent_tell_app(arg);
}

static void
add_upstreams(struct agent *g)
{
	const struct model_proxy_spec *s = g->options.settings;

	for (size_t i = 0; i < s->upstreams_len; i++)
		interests_add(&g->interests, slice_str(s->upstreams[i].service),
		    true, loop_now_ms(g->loop));
}

/* Later on sync; here only so that a mistake shows at once. */
static int
check_means(const struct model_proxy_spec *s, struct err *err)
{
	struct agent_host *host;
	struct token token;

	if (agent_host_is_meant(s)) {
		host = agent_host_read(s, err);
		agent_host_free(host);
		return host == NULL ? -1 : 0;
	}
	if (agent_join_read_token(s->token_file, &token, err) != 0)
		return -1;
	token_fini(&token);
	return 0;
}

static int
load(struct agent *g, struct err *err)
{
	if (state_open(&g->state, g->options.settings->state_dir, err) != 0 ||
	    agent_identity_load(g, err) != 0)
		return -1;
	if (g->identity == NULL && check_means(g->options.settings, err) != 0)
		return -1;
	agent_svid_load(g);
	agent_docs_load(g);
	add_upstreams(g);
	return 0;
}

/* A host outside has other addresses, or an issuer other keys. */
static void
on_names(void *arg)
{
	struct agent *g = arg;

	if (!g->is_stopping)
		agent_compile(g);
}

static void
start_names(struct agent *g)
{
	const struct model_proxy_spec *s = g->options.settings;

	g->name_files = (struct resolve_files){ s->hosts_file,
		s->resolv_conf };
	g->names = names_new(g->loop, &g->name_files, on_names, g);
	g->system = system_roots_new(s->ca_file);
}

static void
on_keys_settled(void *arg, struct slice source)
{
	struct agent *g = arg;

	g->options.settled(g->options.arg, source);
}

static void
start_issuers(struct agent *g)
{
	const struct issuers_owner o = {
		.loop = g->loop, .roots = g->system, .files = &g->name_files,
		.state = &g->state, .changed = on_names,
		.settled = on_keys_settled, .arg = g,
	};

	issuers_start(g->options.issuers, &o);
}

struct agent *
agent_new(const struct agent_options *o, struct err *err)
{
	struct agent *g = secret_alloc(sizeof(*g));

	g->options = *o;
	g->loop = loop_new("sync");
	g->state.dir = -1;
	docs_init(&g->docs);
	list_init(&g->obeying);
	agent_jwt_init(g);
	start_names(g);
	agent_numbers_start(g);
	if (load(g, err) != 0) {
		agent_free(g);
		return NULL;
	}
	start_issuers(g);
	return g;
}

static void
on_stop_timer(void *arg)
{
	log_warn("sync", "control did not confirm the withdrawal in time");
	agent_stopped(arg);
}

/* The first thing on the thread. */
static void
on_start(void *arg)
{
	struct agent *g = arg;

	loop_timer_init(&g->save_timer, g->loop, on_save_timer, g);
	loop_timer_init(&g->stop_timer, g->loop, on_stop_timer, g);
	agent_session_init(g);
	agent_shares_init(g);
	agent_plain_init(g);
	agent_svid_start(g);
	agent_identity_start(g);
	if (g->identity != NULL && g->docs.is_whole) {
		log_info("sync", "starting with the %zu documents of revision "
		    "%llu from %s", docs_len(&g->docs),
		    (unsigned long long)g->docs.revision, g->state.path);
		agent_compile(g);
	}
	agent_session_connect(g);
	g->health = app_health_start(g->loop, g->options.apps,
	    g->options.apps_len, g->options.settings->app_health, on_app, g);
}

int
agent_start(struct agent *g, uint16_t inbound_port, struct err *err)
{
	g->inbound_port = inbound_port;
	loop_post(g->loop, on_start, g);
	if (loop_thread_start(g->loop) != 0)
		return err_set(err, ERR_SYSTEM, "no thread for the session "
		    "with control");
	g->has_thread = true;
	return 0;
}

/* --- the end ------------------------------------------------------------- */

static void
on_main_stopped(void *arg)
{
	struct agent *g = arg;

	g->stopped(g->stopped_arg);
}

/* Nothing of it runs any more but what is still posted. */
static void
quiesce(struct agent *g)
{
	names_free(g->names);
	g->names = NULL;
	issuers_stop(g->options.issuers);
	loop_timer_stop(&g->stop_timer);
	loop_timer_stop(&g->interest_timer);
	loop_timer_stop(&g->lapse_timer);
	loop_timer_stop(&g->shares_timer);
	agent_save_now(g);
	agent_session_end(g);
	agent_svid_stop(g);
	agent_jwt_stop(g);
	agent_identity_stop(g);
	app_health_stop(g->health);
	g->health = NULL;
}

void
agent_stopped(struct agent *g)
{
	if (g->has_stopped)
		return;
	g->has_stopped = true;
	quiesce(g);
	loop_post(g->options.main, on_main_stopped, g);
}

static void
on_stop(void *arg)
{
	struct agent *g = arg;
	const struct sync_message m = { .type = SYNC_WITHDRAW };

	agent_save_now(g);
	g->is_stopping = true;
	agent_tell_ready(g);
	if (!g->is_open) {
		agent_stopped(g);
		return;
	}
	agent_send(g, &m);
	loop_timer_start(&g->stop_timer, WITHDRAW_MS);
}

void
agent_stop(struct agent *g, void (*done)(void *), void *arg)
{
	g->stopped = done;
	g->stopped_arg = arg;
	loop_post(g->loop, on_stop, g);
}

static void
on_end(void *arg)
{
	struct agent *g = arg;

	if (!g->has_stopped)
		quiesce(g);
	g->has_stopped = true;
	loop_stop(g->loop);
}

void
agent_end(struct agent *g)
{
	if (!g->has_thread)
		return;
	g->has_thread = false;
	loop_post(g->loop, on_end, g);
	loop_thread_join(g->loop);
}

void
agent_free(struct agent *g)
{
	if (g == NULL)
		return;
	names_free(g->names);
	system_roots_free(g->system);
	loop_free(g->loop);
	agent_numbers_stop(g);
	tls_identity_unref(g->tls);
	agent_identity_free(g->identity);
	key_fini(&g->next_key);
	agent_svid_fini(g);
	agent_jwt_fini(g);
	str_fini(&g->jwks);
	agent_revoked_fini(g);
	bundle_set_unref(g->federated);
	str_fini(&g->bundle_pem);
	str_fini(&g->vouching_pem);
	mem_free(g->control_id);
	mem_free(g->listening);
	model_object_unref(g->own);
	agent_shares_fini(g);
	agent_plain_fini(g);
	interests_fini(&g->interests);
	docs_fini(&g->docs);
	map_fini(&g->unread, NULL);
	faults_fini(&g->faults);
	state_close(&g->state);
	secret_free(g, sizeof(*g));
}
