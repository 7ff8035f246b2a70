#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "modes/proxy/agent_ask.h"
#include "modes/proxy/agent_reclaim.h"
#include "modes/proxy/agent_revoke.h"
#include "modes/proxy/agent_run.h"
#include "pki/chain.h"
#include "pki/spiffe.h"
#include "tls/federation.h"
#include "tls/trust.h"

#define LOOK_AGAIN_MS	60000	/* wall time may have leapt meanwhile */
#define REFUSED_MS	60000	/* who was refused asks less often */

static void on_renew_timer(void *arg);

/* --- from the disk ------------------------------------------------------- */

/* An identity of another service would answer in that one's name. */
static int
check_service(const struct agent *g, const struct agent_identity *i,
    struct err *err)
{
	const char *want = g->options.settings->service;
	size_t len = strlen(i->ns);

	if (want == NULL)
		return 0;
	if (strncmp(want, i->ns, len) == 0 && want[len] == '/')
		for (size_t n = 0; n < i->services_len; n++)
			if (strcmp(want + len + 1, i->services[n]) == 0)
				return 0;
	return err_set(err, ERR_CONFIG, "the identity %s (workload %s/%s) does "
	    "not serve %s", i->id, i->ns, i->workload, want);
}

static void
say_expired(const struct agent_identity *i)
{
	char when[CLOCK_TEXT_MAX];

	clock_format(when, i->not_after, -1);
	log_warn("identity", "the certificate of %s ended at %s: asking for "
	    "another by proof of its key", i->id, when);
}

static int
take_saved(struct agent *g, struct slice pem, struct err *err)
{
	struct agent_identity *i = agent_identity_read(pem, err);

	if (i == NULL) {
		log_warn("identity", "%s/%s: %s", g->state.path, STATE_IDENTITY,
		    err->text);
		return 0;
	}
	if (check_service(g, i, err) != 0) {
		agent_identity_free(i);
		return err_wrap(err, "%s", g->state.path);
	}
	if (agent_is_revoked(g, i)) {
		log_error("identity", "the identity %s in %s was revoked: a new "
		    "join token is needed", i->id, g->state.path);
		agent_identity_free(i);
		return 0;
	}
	g->identity = i;
	return 0;
}

int
agent_identity_load(struct agent *g, struct err *err)
{
	struct str pem = { 0 };
	int result = agent_revoked_load(g, err);

	if (result == 0)
		result = state_read(&g->state, STATE_BUNDLE, &g->bundle_pem,
		    err);
	if (result == 1 && state_read(&g->state, STATE_JWKS, &g->jwks,
	    err) < 0)
		result = -1;
	if (result == 1)
		result = state_read(&g->state, STATE_IDENTITY, &pem, err);
	if (result == 1)
		result = take_saved(g, str_slice(&pem), err);
	key_wipe_str(&pem);
	return result < 0 ? -1 : 0;
}

bool
agent_has_identity(const struct agent *g)
{
	return g->tls != NULL && g->identity->not_after > clock_wall_s();
}

/* --- in use -------------------------------------------------------------- */

static void
schedule(struct agent *g, uint64_t ms)
{
	loop_timer_start(&g->renew_timer, ms < LOOK_AGAIN_MS ? ms :
	    LOOK_AGAIN_MS);
}

static void
schedule_renewal(struct agent *g)
{
	int64_t wait = g->renew_at - clock_wall_s();

	schedule(g, wait <= 0 ? 0 : wait >= LOOK_AGAIN_MS / 1000 ?
	    LOOK_AGAIN_MS : (uint64_t)wait * 1000);
}

/* Whom no root vouches for still knows whom to trust, and shows what it has. */
static struct tls_identity *
make_tls(struct agent *g, struct err *err)
{
	struct tls_identity *t = agent_identity_tls(g->identity,
	    str_slice(g->is_shut_out ? &g->vouching_pem : &g->bundle_pem),
	    ++g->bundle_generation, err);

	if (t != NULL && g->is_shut_out &&
	    tls_identity_trust(t, str_slice(&g->bundle_pem), err) != 0) {
		tls_identity_unref(t);
		t = NULL;
	}
	return t;
}

int
agent_identity_use(struct agent *g, struct err *err)
{
	struct tls_identity *t = make_tls(g, err);
	struct str id = { 0 };

	if (t == NULL)
		return -1;
	tls_identity_refuse(t, g->revoked);
	tls_identity_federate(t, g->federated);
	tls_identity_unref(g->tls);
	g->tls = t;
	char *workload = mem_printf("%s/%s", g->identity->ns,
	    g->identity->workload);

	g->options.identify(g->options.arg, tls_identity_ref(t),
	    slice_str(workload));
	mem_free(workload);
	spiffe_add_control(&id, slice_str(g->identity->domain));
	mem_free(g->control_id);
	g->control_id = str_give(&id);
	atomic_store(&g->numbers.not_after, g->identity->not_after);
	agent_svid_changed(g);
	return 0;
}

#define SOON_S	10

void
agent_renew_soon(struct agent *g)
{
	/* Not all of them at once. */
	g->renew_at = clock_wall_s() + (int64_t)(random_unit() * SOON_S);
	if (g->renewal == NULL)
		schedule_renewal(g);
	agent_svid_renew_soon(g);
}

static void
plan(struct agent *g)
{
	const struct agent_identity *i = g->identity;

	g->renew_at = agent_renew_at(i->not_before, i->not_after,
	    random_unit());
	g->late_at = agent_renew_late_at(i->not_before, i->not_after);
	g->renew_failures = 0;
	g->has_warned = g->is_refusal_told = false;
	schedule_renewal(g);
}

static int
save(struct agent *g, struct err *err)
{
	struct str pem = { 0 };
	int result = state_write(&g->state, STATE_BUNDLE,
	    str_slice(&g->bundle_pem), err);

	if (result == 0) {
		agent_identity_pem(&pem, g->identity);
		result = state_write(&g->state, STATE_IDENTITY,
		    str_slice(&pem), err);
		key_wipe_str(&pem);
	}
	if (result == 0)
		result = state_remove(&g->state, STATE_JOIN_KEY, err);
	return result;
}

/*
 * Takes a new identity and, unless it is empty, the bundle that came with it.
 * The old ones stay when the new ones are of no use.
 */
static int
adopt(struct agent *g, struct agent_identity *now, struct str *bundle,
    struct err *err)
{
	struct agent_identity *old = g->identity;
	struct str old_bundle = g->bundle_pem;
	bool was_shut_out = g->is_shut_out;

	if (check_service(g, now, err) != 0) {
		agent_identity_free(now);
		return -1;
	}
	g->identity = now;
	if (bundle->len > 0)
		g->bundle_pem = *bundle;
	g->is_shut_out = false;
	if (agent_identity_use(g, err) != 0) {
		g->is_shut_out = was_shut_out;
		g->identity = old;
		g->bundle_pem = old_bundle;
		agent_identity_free(now);
		return -1;
	}
	if (bundle->len > 0) {
		str_fini(&old_bundle);
		*bundle = (struct str){ 0 };
	}
	agent_identity_free(old);
	str_fini(&g->vouching_pem);
	g->began_ended = false;
	if (save(g, err) != 0)
		log_error("identity", "%s; after a restart a new token would "
		    "be needed", err->text);
	plan(g);
	return 0;
}

/* --- joining ------------------------------------------------------------- */

static void
log_identity(const struct agent *g, const char *what)
{
	char when[CLOCK_TEXT_MAX];

	clock_format(when, g->identity->not_after, -1);
	log_info("identity", "%s %s, workload %s/%s, until %s", what,
	    g->identity->id, g->identity->ns, g->identity->workload, when);
}

static void
join_failed(struct agent *g, const struct err *err, bool is_final)
{
	bool is_first = g->identity == NULL || g->began_ended;

	if (is_first && is_final) {
		agent_fail(g, err);
		return;
	}
	if (is_final && agent_has_identity(g)) {
		log_error("identity", "control refuses the identity %s, and %s; "
		    "%s", g->identity->id, err->text,
		    agent_host_way_back(g->options.settings));
		schedule_renewal(g);
		return;
	}
	uint64_t ms = is_final ? REFUSED_MS :
	    agent_backoff_ms(++g->renew_failures, random_unit());

	log_warn("identity", "%s; again in %llu ms", err->text,
	    (unsigned long long)ms);
	schedule(g, ms);
}

static void
on_joined(void *arg, struct agent_join_result *r)
{
	struct agent *g = arg;

	g->join = NULL;
	if (r->identity != NULL && adopt(g, r->identity, &r->bundle_pem,
	    &r->err) != 0) {
		r->identity = NULL;
		r->is_final = true;
	}
	if (r->identity == NULL) {
		if (!r->is_final)
			g->shown_token[0] = '\0';
		join_failed(g, &r->err, r->is_final);
		return;
	}
	log_identity(g, "joined as");
	agent_make_workload(g, NULL);
	/* What we have may be of who we were. */
	g->needs_full = g->docs.is_whole;
	if (g->docs.is_whole)
		agent_compile(g);
	agent_session_end(g);
	agent_session_connect(g);
}

static void
start_join(struct agent *g)
{
	const struct model_proxy_spec *s = g->options.settings;
	struct agent_join_request r = {
		.loop = g->loop, .handshaker = g->options.handshaker,
		.files = g->options.control_files, .control = s->control,
		.service = s->service, .zone = s->zone,
		.labels = &s->labels, .state = &g->state,
	};
	struct token token;
	struct err err = ERR_INIT;

	if (agent_host_is_meant(s)) {
		g->attested_ms = loop_now_ms(g->loop);
		r.host = agent_host_read(s, &err);
		if (r.host != NULL && g->is_shut_out)
			agent_host_trust(r.host, str_slice(&g->bundle_pem));
		if (r.host == NULL)
			join_failed(g, &err, true);
		else
			g->join = agent_join_start(&r, NULL, on_joined, g);
		return;
	}
	if (agent_join_read_token(s->token_file, &token, &err) != 0) {
		join_failed(g, &err, true);
		return;
	}
	memcpy(g->shown_token, token.id, sizeof(token.id));
	g->join = agent_join_start(&r, &token, on_joined, g);
	token_fini(&token);
}

/* Several tries fit into the life of a certificate, however short. */
static uint64_t
attest_pause_ms(const struct agent *g)
{
	uint64_t ms = (uint64_t)(g->identity->not_after -
	    g->identity->not_before) * 1000 / 16;

	return ms < REFUSED_MS ? ms : REFUSED_MS;
}

/* Once: it is tried for as long as nobody does what this says. */
static void
tell_refused(struct agent *g)
{
	if (g->is_refusal_told)
		return;
	g->is_refusal_told = true;
	log_error("identity", "control refuses the identity %s: it was revoked, "
	    "or control was restored from a backup that is older than it; a new "
	    "token in --token-file joins again", g->identity->id);
}

/* As when it was revoked while we were off: nobody told us. */
void
agent_identity_refused(struct agent *g)
{
	struct token token;
	struct err err = ERR_INIT;
	uint64_t now = loop_now_ms(g->loop);

	if (agent_host_is_meant(g->options.settings)) {
		if (g->join == NULL && g->renewal == NULL &&
		    now - g->attested_ms >= attest_pause_ms(g))
			start_join(g);
		return;
	}
	if (g->join != NULL || g->renewal != NULL)
		return;
	if (agent_join_read_token(g->options.settings->token_file, &token,
	    &err) != 0) {
		tell_refused(g);
		return;
	}
	bool is_new = strcmp(token.id, g->shown_token) != 0;

	token_fini(&token);
	if (!is_new) {
		tell_refused(g);
		return;
	}
	log_warn("identity", "control refuses the identity %s, which may have "
	    "been revoked: trying the join token", g->identity->id);
	start_join(g);
}

/* --- renewing ------------------------------------------------------------ */

static void
renewal_failed(struct agent *g, const struct err *err, bool is_final)
{
	int64_t now = clock_wall_s();
	int64_t left = g->identity->not_after - now;
	uint64_t ms = agent_backoff_ms(++g->renew_failures, random_unit());

	/* Several tries fit into what is left, however short a life is. */
	uint64_t most = left <= 0 ? UINT64_MAX : left <= 1 ? 200 :
	    (uint64_t)left * 1000 / 8;

	stat_counter_add(g->stat, g->renewals[0], 1);
	if (is_final)
		ms = REFUSED_MS;
	if (ms > most)
		ms = most;
	if (now >= g->late_at && left > 0 && !g->has_warned) {
		g->has_warned = true;
		log_warn("identity", "the certificate of %s ends in %lld s and "
		    "could not be renewed so far", g->identity->id,
		    (long long)left);
	}
	log_warn("identity", "renewal: %s", err->text);
	schedule(g, ms);
}

/* Whether the answer is an identity that is in use now; how says why. */
static bool
take_identity(struct agent *g, const struct agent_reply *reply,
    const char *how, struct err *err)
{
	struct agent_identity *now = NULL;
	struct str bundle = { 0 };

	*err = reply->err;
	g->renewal = NULL;
	if (reply->status == 200)
		now = agent_join_read_answer(reply->body, &g->next_key, &bundle,
		    err);
	key_fini(&g->next_key);
	bool is_taken = now != NULL && adopt(g, now, &bundle, err) == 0;

	str_fini(&bundle);
	if (is_taken) {
		stat_counter_add(g->stat, g->renewals[1], 1);
		log_identity(g, how);
	}
	return is_taken;
}

static void
on_renewed(void *arg, const struct agent_reply *reply)
{
	struct agent *g = arg;
	struct err err;

	if (take_identity(g, reply, "renewed", &err))
		return;
	renewal_failed(g, &err, reply->is_final);
	if (reply->is_final)
		agent_identity_refused(g);
}

static void
start_renewal(struct agent *g)
{
	g->renewal = agent_ask_certificate(g, "/v1/renew", &g->next_key,
	    on_renewed);
}

/* Control's answer to whoever has only an ended certificate. */
static void
on_reclaimed(void *arg, const struct agent_reply *reply)
{
	struct agent *g = arg;
	struct err err;

	if (take_identity(g, reply, "is again", &err)) {
		agent_make_workload(g, NULL);
		agent_tell_ready(g);
		agent_session_connect(g);
	} else if (reply->is_final) {
		log_warn("identity", "%s; trying the join token", err.text);
		start_join(g);
	} else {
		renewal_failed(g, &err, false);
	}
}

static void
start_again(struct agent *g)
{
	struct err err = ERR_INIT;

	if (g->identity == NULL) {
		start_join(g);
		return;
	}
	say_expired(g->identity);
	if (agent_reclaim_start(g, on_reclaimed, &err) != 0) {
		log_warn("identity", "%s", err.text);
		start_join(g);
	}
}

static void
on_renew_timer(void *arg)
{
	struct agent *g = arg;
	int64_t now = clock_wall_s();

	if (g->join != NULL || g->renewal != NULL)
		return;
	if (g->identity == NULL || now >= g->identity->not_after) {
		agent_tell_ready(g);
		start_again(g);
	} else if (now >= g->renew_at) {
		start_renewal(g);
	} else {
		schedule_renewal(g);
	}
}

/* --- start and end ------------------------------------------------------- */

void
agent_identity_start(struct agent *g)
{
	struct err err = ERR_INIT;

	loop_timer_init(&g->renew_timer, g->loop, on_renew_timer, g);
	agent_revoked_start(g);
	if (g->identity != NULL && agent_identity_use(g, &err) != 0) {
		log_warn("identity", "the identity on disk is of no use: %s",
		    err.text);
		agent_identity_free(g->identity);
		g->identity = NULL;
	}
	if (g->identity == NULL) {
		start_join(g);
		return;
	}
	agent_make_workload(g, NULL);
	g->began_ended = g->identity->not_after <= clock_wall_s();
	if (g->began_ended) {
		start_again(g);
		return;
	}
	log_identity(g, "is");
	plan(g);
}

void
agent_identity_stop(struct agent *g)
{
	loop_timer_stop(&g->renew_timer);
	agent_join_cancel(g->join);
	agent_call_cancel(g->renewal);
	g->join = NULL;
	g->renewal = NULL;
}
