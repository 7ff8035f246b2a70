#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "conf/json.h"
#include "modes/proxy/agent_bundle.h"
#include "modes/proxy/agent_revoke.h"
#include "modes/proxy/agent_run.h"
#include "stat/report.h"

#define STANDING_MS	120000	/* a session that was not contested */
#define ALIVE_MS	5000
#define INTEREST_MS	10	/* at most one message in this time */
#define LAPSE_MS	30000	/* how often idle interests are looked for */
#define UNSENT_MAX	((size_t)256 * 1024)	/* then counters wait */

/* --- to control ---------------------------------------------------------- */

void
agent_send(struct agent *g, const struct sync_message *m)
{
	struct str line = { 0 };
	struct err err = ERR_INIT;

	if (!g->is_open)
		return;
	if (sync_message_write(&line, m, &err) != 0)
		log_warn("sync", "not told to control: %s", err.text);
	else
		agent_link_send(g->link, str_slice(&line));
	str_fini(&line);
}

static void
send_hello(struct agent *g)
{
	char *workload = mem_printf("%s/%s", g->identity->ns,
	    g->identity->workload);
	const struct sync_message m = { .type = SYNC_HELLO,
		.schema = SYNC_SCHEMA,
		.version = slice_str(g->options.version),
		.workload = slice_str(workload),
		.since = g->docs.is_whole && !g->needs_full ?
		    g->docs.revision : 0,
		.document = g->own->node };

	agent_send(g, &m);
	mem_free(workload);
}

static void
send_interest(struct agent *g)
{
	size_t len;
	struct slice *names = interests_list(&g->interests, &len);
	const struct sync_message m = { .type = SYNC_INTEREST,
		.names = names, .names_len = len };

	agent_send(g, &m);
	mem_free(names);
}

static void
send_alive(struct agent *g)
{
	/* Never 0, which is for those that do not say. */
	struct sync_message m = { .type = SYNC_ALIVE,
		.uptime_ms = clock_mono_ms() - g->born_ms + 1,
		.wall_s = (uint64_t)clock_wall_s(),
		.cert_until_s = (uint64_t)g->identity->not_after };
	struct str report = { 0 };

	if (stat_report(g->options.stats, slice_str(g->boot), !g->sent_counters,
	    &report) > 0)
		m.counters = str_slice(&report);
	g->sent_counters = true;
	agent_send(g, &m);
	str_fini(&report);
}

static void
send_ack(struct agent *g)
{
	char digest[MODEL_DIGEST_TEXT];

	model_digest_text(&g->docs.digest, digest);
	const struct sync_message m = { .type = SYNC_ACK,
		.revision = g->docs.revision, .digest = slice_str(digest) };

	agent_send(g, &m);
}

/*
 * Callers may come as soon as control says so, therefore only with a whole
 * state of our own, in force.  A control that was restarted takes who was there
 * for well until told otherwise.
 */
void
agent_tell_app(struct agent *g)
{
	bool can = g->health != NULL && g->is_synced && g->is_in_force &&
	    !g->is_stopping;
	bool ready = can && app_health_is_up(g->health);
	bool is_news = ready != g->told_ready ||
	    (can && !g->has_told && app_health_is_down(g->health));
	const struct sync_message m = { .type = SYNC_READY, .ready = ready };

	if (!g->is_open || !is_news)
		return;
	g->told_ready = ready;
	g->has_told = true;
	agent_send(g, &m);
}

/* Who waits for it counts on workers that obey. */
void
agent_tell_applied(struct agent *g)
{
	if (!g->owes_ack || g->unsettled > 0)
		return;
	g->owes_ack = false;
	send_ack(g);
}

static void
report_alive(struct agent *g)
{
	if (agent_link_unsent(g->link) < UNSENT_MAX)
		send_alive(g);
}

static void
on_alive_timer(void *arg)
{
	struct agent *g = arg;

	if (!g->is_open)
		return;
	report_alive(g);
	loop_timer_start(&g->alive_timer, ALIVE_MS);
}

/* --- interest ------------------------------------------------------------ */

static void
on_interest_timer(void *arg)
{
	struct agent *g = arg;

	if (g->is_open)
		send_interest(g);
}

void
agent_interest_changed(struct agent *g)
{
	g->must_compile = true;
	if (!loop_timer_is_running(&g->interest_timer))
		loop_timer_start(&g->interest_timer, INTEREST_MS);
}

static void
on_lapse(void *arg, struct slice name)
{
	struct agent *g = arg;

	log_debug("sync", "%.*s is not used any more", SLICE_ARG(name));
	docs_forget_absent(&g->docs, name);
}

static void
on_lapse_timer(void *arg)
{
	struct agent *g = arg;

	if (interests_lapse(&g->interests, loop_now_ms(g->loop), on_lapse,
	    g) > 0)
		agent_interest_changed(g);
	loop_timer_start(&g->lapse_timer, LAPSE_MS);
}

/* --- from control -------------------------------------------------------- */

static void
confirm(struct agent *g)
{
	atomic_store(&g->numbers.confirmed_ms, clock_mono_ms());
}

static void
on_commit(struct agent *g)
{
	/*
	 * Withdrawn, our services are no concern of ours any more, but callers
	 * that do not know yet still come: what runs stays, and so does what
	 * the next start finds on the disk.
	 */
	if (!g->is_stopping) {
		agent_compile(g);
		agent_save_soon(g);
	}
	confirm(g);
	g->owes_ack = true;
	agent_tell_applied(g);
}

static void
reject_unread(struct agent *g, const struct sync_message *m,
    const struct err *why)
{
	char *text = mem_printf("%s; %s", why->text,
	    docs_find(&g->docs, m->key) != NULL ?
	    "its last good form stays in force" : "it is left out");

	agent_reject(g, m->key, m->revision, text);
	mem_free(text);
}

static void
apply(struct agent *g, const struct sync_message *m)
{
	struct err err = ERR_INIT;

	switch (docs_apply(&g->docs, m, &err)) {
	case DOCS_BAD:
		map_put(&g->unread, m->key, NULL);
		reject_unread(g, m, &err);
		break;
	case DOCS_TAKEN:
		if (m->key.ptr != NULL)
			map_del(&g->unread, m->key);
		break;
	case DOCS_COMMIT:
		on_commit(g);
		break;
	case DOCS_NOTHING:
		break;
	}
}

static void
on_synced(struct agent *g, const struct sync_message *m)
{
	struct sync_message commit = { .type = SYNC_COMMIT,
		.revision = m->revision };
	char digest[MODEL_DIGEST_TEXT];

	/*
	 * A state without a document of ours has nothing to commit; an interest
	 * in what we have already brings no document, but is to be compiled.
	 */
	if (!g->docs.is_whole || g->docs.revision != m->revision ||
	    g->must_compile)
		apply(g, &commit);
	model_digest_text(&g->docs.digest, digest);
	bool differs = m->digest.ptr != NULL && !slice_is(m->digest, digest) &&
	    g->unread.len == 0;

	if (differs && !g->needs_full) {
		log_warn("sync", "our documents differ from control's; asking "
		    "for all of them");
		g->needs_full = true;
		agent_session_end(g);
		agent_session_connect(g);
		return;
	}
	if (differs)
		log_error("sync", "our documents differ from control's even "
		    "after a full state");
	g->needs_full = false;
	if (!g->is_synced)
		log_info("sync", "in step with control at revision %llu, %zu "
		    "documents", (unsigned long long)g->docs.revision,
		    docs_len(&g->docs));
	if (!g->is_synced) {
		g->is_synced = true;
		agent_tell_faults(g);
		agent_shares_open(g);
	}
	g->failures = 0;
	atomic_store(&g->numbers.is_connected, true);
	confirm(g);
	agent_tell_app(g);
}

static void
on_bookmark(struct agent *g, uint64_t revision)
{
	/* Nothing of ours changed up to there: later we go on from there. */
	if (g->docs.is_whole && g->is_synced && revision > g->docs.revision) {
		g->docs.revision = revision;
		atomic_store(&g->numbers.revision, revision);
		agent_save_soon(g);
		/* A `synced` of that revision finds nothing more to say. */
		g->owes_ack = true;
		agent_tell_applied(g);
	}
	confirm(g);
}

/* Two proxies of one workload would end each other's sessions for ever. */
static void
on_displaced(struct agent *g, struct slice from)
{
	if (clock_mono_ms() - g->opened_ms >= STANDING_MS)
		g->displaced = 0;
	g->displaced++;
	g->was_displaced = true;
	log_warn("sync", "another proxy runs as the same workload %s/%s from "
	    "%.*s, and control listens to that one now; a copied state "
	    "directory?", g->identity->ns, g->identity->workload,
	    SLICE_ARG(from));
}

struct calls_answer {
	struct agent *agent;
	uint64_t      id;
	uint64_t      session_ms;	/* in which control asks */
	char         *json;		/* NULL: the workers ended */
};

static void
on_calls_told(void *arg)
{
	struct calls_answer *c = arg;
	struct agent *g = c->agent;
	const struct sync_message answer = { .type = SYNC_ANSWER, .id = c->id,
		.document_json = slice_str(c->json) };

	if (c->json != NULL && g->is_open && g->opened_ms == c->session_ms)
		agent_send(g, &answer);
	mem_free(c->json);
	mem_free(c);
}

static void
on_calls(void *arg, struct slice json)
{
	struct calls_answer *c = arg;

	if (json.len > 0)
		c->json = mem_dup(json.ptr, json.len);
	loop_post(c->agent->loop, on_calls_told, c);
}

static void
tell_calls(struct agent *g, uint64_t id)
{
	struct calls_answer *c = mem_zalloc(sizeof(*c));

	*c = (struct calls_answer){ g, id, g->opened_ms, NULL };
	g->options.calls(g->options.arg, on_calls, c);
}

static void
on_question(struct agent *g, const struct sync_message *m)
{
	struct sync_message answer = { .type = SYNC_ANSWER, .id = m->id };
	struct str body = { 0 };

	if (slice_is(m->what, "calls")) {
		tell_calls(g, m->id);
		return;
	}
	if (slice_is(m->what, "config")) {
		agent_write_status(g, &body);
	} else if (slice_is(m->what, "counters")) {
		report_alive(g);
		str_add(&body, "{}");
	} else if (slice_is(m->what, "renew")) {
		agent_renew_soon(g);
		str_add(&body, "{}");
	} else {
		str_add(&body, "{\"error\":\"this proxy does not know the "
		    "question\"}");
	}
	answer.document_json = str_slice(&body);
	agent_send(g, &answer);
	str_fini(&body);
}

static void
on_bundle(struct agent *g, struct slice pem, struct slice jwks)
{
	struct err err = ERR_INIT;

	agent_take_jwks(g, jwks);
	if (agent_take_bundle(g, pem, &err) != 0)
		log_error("identity", "trust bundle from control: %s",
		    err.text);
}

static void
on_revoke(struct agent *g, const struct sync_message *m)
{
	struct err err = ERR_INIT;

	if (agent_take_revoked(g, m->generation, m->list, &err) != 0)
		log_error("identity", "revoked identities from control: %s",
		    err.text);
}

static void
on_line(void *arg, struct slice line, struct arena *a)
{
	struct agent *g = arg;
	struct sync_message m;
	struct err err = ERR_INIT;

	if (sync_message_read(&m, a, line, &err) != 0) {
		log_warn("sync", "a line from control: %s", err.text);
		return;
	}
	switch (m.type) {
	case SYNC_BUNDLE:
		on_bundle(g, m.pem, m.jwks);
		break;
	case SYNC_REVOKE:
		on_revoke(g, &m);
		break;
	case SYNC_SYNCED:
		on_synced(g, &m);
		break;
	case SYNC_BOOKMARK:
		on_bookmark(g, m.revision);
		break;
	case SYNC_QUESTION:
		on_question(g, &m);
		break;
	case SYNC_LEASE:
		agent_shares_answer(g, &m);
		break;
	case SYNC_DISPLACED:
		on_displaced(g, m.from);
		break;
	case SYNC_WITHDRAWN:
		if (g->is_stopping)
			agent_stopped(g);
		break;
	default:
		apply(g, &m);
	}
}

/* --- the link ------------------------------------------------------------ */

/* Control takes us for empty: what it does not send is to go. */
static void
start_over(struct agent *g)
{
	const struct sync_message m = { .type = SYNC_RESET };
	struct err ignored = ERR_INIT;

	docs_apply(&g->docs, &m, &ignored);
}

static void
on_open(void *arg, const struct addr *local)
{
	struct agent *g = arg;

	g->is_open = true;
	g->was_displaced = false;
	g->opened_ms = clock_mono_ms();
	agent_make_workload(g, local);
	if (g->needs_full)
		start_over(g);
	send_hello(g);
	send_interest(g);
	agent_tell_listening(g);
	loop_timer_start(&g->alive_timer, 0);
}

/* What belongs to one session, as it is without one. */
static void
forget_session(struct agent *g)
{
	g->link = NULL;
	g->is_open = g->is_synced = g->sent_counters = false;
	g->told_ready = g->has_told = false;
	g->owes_ack = false;
	loop_timer_stop(&g->alive_timer);
	atomic_store(&g->numbers.is_connected, false);
}

static void
on_closed(void *arg, const struct err *why, bool is_refused)
{
	struct agent *g = arg;
	bool was_synced = g->is_synced;

	forget_session(g);
	if (g->is_stopping) {
		agent_stopped(g);
		return;
	}
	g->failures++;
	if (was_synced || g->failures == 1 || why->kind == ERR_DENIED)
		log_warn("sync", "%s; what we have stays in force", why->text);
	else
		log_debug("sync", "%s", why->text);
	loop_timer_start(&g->retry_timer, g->was_displaced ?
	    agent_displaced_ms(g->displaced, random_unit()) :
	    agent_backoff_ms(g->failures, random_unit()));
	g->was_displaced = false;
	if (is_refused || g->is_shut_out)
		agent_identity_refused(g);
}

static const struct agent_link_ops link_ops = {
	.on_open = on_open, .on_line = on_line, .on_closed = on_closed,
};

void
agent_session_connect(struct agent *g)
{
	const struct agent_dial_request r = {
		.loop = g->loop, .handshaker = g->options.handshaker,
		.files = g->options.control_files,
		.control = g->options.settings->control,
		.identity = g->tls, .expected_id = g->control_id,
	};

	if (g->link != NULL || g->is_stopping || !agent_has_identity(g))
		return;
	loop_timer_stop(&g->retry_timer);
	g->link = agent_link_start(&r, &link_ops, g);
}

void
agent_session_end(struct agent *g)
{
	struct agent_link *link = g->link;

	loop_timer_stop(&g->retry_timer);
	forget_session(g);
	agent_link_close(link);
}

static void
on_retry_timer(void *arg)
{
	agent_session_connect(arg);
}

void
agent_session_init(struct agent *g)
{
	loop_timer_init(&g->retry_timer, g->loop, on_retry_timer, g);
	loop_timer_init(&g->alive_timer, g->loop, on_alive_timer, g);
	loop_timer_init(&g->interest_timer, g->loop, on_interest_timer, g);
	loop_timer_init(&g->lapse_timer, g->loop, on_lapse_timer, g);
	loop_timer_start(&g->lapse_timer, LAPSE_MS);
	random_uuid(g->boot);
	g->born_ms = clock_mono_ms();
}
