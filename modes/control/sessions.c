#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/workload.h"
#include "modes/control/session.h"
#include "modes/control/view.h"

struct question {
	struct list       link;		/* in sessions.asked */
	uint64_t          id, session, deadline_ms;
	session_answered *done;
	void             *ctx;
};

/* --- questions ----------------------------------------------------------------------- */

static void
finish_question(struct question *q, const struct err *err,
    const struct conf_node *body)
{
	list_remove(&q->link);
	q->done(q->ctx, err, body);
	mem_free(q);
}

static void
give_up(struct question *q, const char *why)
{
	struct err err;

	err_set(&err, ERR_UNAVAILABLE, "%s", why);
	finish_question(q, &err, NULL);
}

void
sessions_answer(struct sessions *ss, uint64_t session, uint64_t id,
    const struct conf_node *body)
{
	struct err none = ERR_INIT;

	LIST_FOREACH_SAFE(at, &ss->asked) {
		struct question *q = list_entry(at, struct question, link);

		if (q->id == id && q->session == session)
			finish_question(q, &none, body);
	}
}

void
sessions_ask(struct sessions *ss, const char *workload, const char *what,
    session_answered *done, void *ctx)
{
	struct session *s = map_get(&ss->by_name, slice_str(workload));
	struct question *q;
	struct err err;

	if (s == NULL || s->is_ended) {
		err_set(&err, ERR_NOT_FOUND, "no workload %s is connected; "
		    "mesh ctl proxy status lists those that are", workload);
		done(ctx, &err, NULL);
		return;
	}
	q = mem_zalloc(sizeof(*q));
	q->id = ++ss->questions;
	q->session = s->number;
	q->deadline_ms = loop_now_ms(ss->server->loop) + SESSION_ANSWER_MS;
	q->done = done;
	q->ctx = ctx;
	list_append(&ss->asked, &q->link);
	session_say(s, &(struct sync_message){ .type = SYNC_QUESTION,
	    .id = q->id, .what = slice_str(what) });
}

void
sessions_ask_counters(struct sessions *ss, const struct model_object *o,
    struct slice service)
{
	/* The counters come as ever; its answer is waited for by nobody. */
	const struct sync_message m = { .type = SYNC_QUESTION,
		.what = SLICE("counters") };

	LIST_FOREACH(at, &ss->sessions) {
		struct session *s = list_entry(at, struct session, link);

		/* Who does not read is not asked more and more. */
		if (s->has_hello && !s->is_paused &&
		    (grant_serves(&s->peer.grant, service) ||
		    map_has(&s->delivery.has, slice_str(o->key))))
			session_say(s, &m);
	}
}

void
sessions_ask_renewal(struct sessions *ss)
{
	const struct sync_message m = { .type = SYNC_QUESTION,
		.what = SLICE("renew") };

	LIST_FOREACH(at, &ss->sessions)
		session_say(list_entry(at, struct session, link), &m);
}

static void
check_questions(struct sessions *ss, uint64_t gone)
{
	uint64_t now = loop_now_ms(ss->server->loop);

	LIST_FOREACH_SAFE(at, &ss->asked) {
		struct question *q = list_entry(at, struct question, link);

		if (q->session == gone)
			give_up(q, "the proxy has disconnected");
		else if (now >= q->deadline_ms)
			give_up(q, "the proxy does not answer");
	}
}

/* --- all of them ---------------------------------------------------------------------- */

/*
 * So many sessions a turn: who calls the API meanwhile does not wait for all of
 * them, and who comes late in the round is told of later changes as well.
 */
#define PUMPED_PER_TURN	64

static void
pump_some(void *arg)
{
	struct sessions *ss = arg;

	for (int i = 0; i < PUMPED_PER_TURN && ss->unpumped > 0; i++) {
		struct list *at = list_pop(&ss->sessions);

		if (at == NULL) {
			ss->unpumped = 0;
			break;
		}
		list_append(&ss->sessions, at);
		ss->unpumped--;
		session_pump(list_entry(at, struct session, link));
	}
	if (ss->unpumped > 0)
		loop_defer_next(ss->server->loop, &ss->pump);
}

void
sessions_pump(struct sessions *ss)
{
	ss->unpumped = ss->len;
	loop_defer(ss->server->loop, &ss->pump);
}

static void
on_news(void *arg)
{
	struct sessions *ss = arg;
	struct registry *r = ss->server->registry;
	struct registry_batch b;
	int rc;

	while ((rc = registry_feed_next(registry_changes(r), ss->followed,
	    &b)) > 0) {
		ss->followed = b.revision;
		for (size_t i = 0; i < b.n; i++) {
			const struct model_object *o = registry_find(r,
			    b.changes[i]->key);

			if (o != NULL)
				delivery_lines_offer(&ss->lines, b.changes[i],
				    o);
			else
				delivery_lines_drop(&ss->lines,
				    b.changes[i]->key);
		}
	}
	if (rc < 0) {
		delivery_lines_fini(&ss->lines);
		ss->followed = registry_revision(r);
	}
	sessions_pump(ss);
}

static void
on_status(void *arg, struct slice key, enum live_status status)
{
	struct sessions *ss = arg;

	(void)status;
	delivery_lines_drop(&ss->lines, key);
	LIST_FOREACH(at, &ss->sessions)
		delivery_touch(&list_entry(at, struct session, link)->delivery,
		    key);
	sessions_pump(ss);
}

static bool
has_status(void *ctx, const struct model_object *o)
{
	return view_is_away(ctx, o);
}

static void
write_document(void *ctx, const struct model_object *o, struct str *out)
{
	view_for_proxies(ctx, o, out);
}

struct sessions *
sessions_new(struct server *server)
{
	struct sessions *ss = mem_zalloc(sizeof(*ss));

	ss->server = server;
	list_init(&ss->sessions);
	list_init(&ss->asked);
	quotas_init(&ss->quotas);
	list_init(&ss->leaving);
	list_init(&ss->recalls);
	ss->recall = ss->bundle = 1;
	ss->lines.has_status = has_status;
	ss->lines.write = write_document;
	ss->lines.ctx = server;
	loop_task_init(&ss->pump, pump_some, ss);
	ss->followed = registry_revision(server->registry);
	ss->follower = (struct registry_follower){
		.on_news = on_news, .arg = ss,
	};
	registry_feed_follow(registry_changes(server->registry), &ss->follower);
	ss->status = (struct registry_status_listener){
		.on_status = on_status, .arg = ss,
	};
	registry_status_listen(server->workloads, &ss->status);
	return ss;
}

void
sessions_free(struct sessions *ss)
{
	if (ss == NULL)
		return;
	registry_feed_leave(&ss->follower);
	registry_status_leave(&ss->status);
	check(list_is_empty(&ss->sessions));
	loop_task_cancel(&ss->pump);
	LIST_FOREACH_SAFE(at, &ss->asked)
		give_up(list_entry(at, struct question, link), "control ends");
	session_withdrawals_fini(ss);
	session_recalls_fini(ss);
	session_contests_fini(ss);
	quotas_fini(&ss->quotas);
	delivery_lines_fini(&ss->lines);
	map_fini(&ss->by_name, NULL);
	mem_free(ss);
}

size_t
sessions_len(const struct sessions *ss)
{
	return ss->len;
}

bool
sessions_has(const struct sessions *ss, struct slice name)
{
	const struct session *s = map_get(&ss->by_name, name);

	return s != NULL && !s->is_ended;
}

void
sessions_tick(struct sessions *ss)
{
	uint64_t now = loop_now_ms(ss->server->loop);
	int64_t wall = clock_wall_s();

	check_questions(ss, 0);
	quotas_tick(&ss->quotas, now);
	session_withdrawals_check(ss);
	session_recalls_check(ss);
	session_contests_tick(ss);
	LIST_FOREACH_SAFE(at, &ss->sessions) {
		struct session *s = list_entry(at, struct session, link);

		if (s->peer.not_after != 0 && wall > s->peer.not_after)
			session_end(s, "the certificate that it came with has "
			    "expired");
		else if (s->delivery.is_started && !s->is_paused &&
		    now >= s->said_ms + SESSION_BOOKMARK_MS)
			session_say(s, &(struct sync_message){
				.type = SYNC_BOOKMARK,
				.revision = s->delivery.at,
			});
	}
}

/* --- one of them ------------------------------------------------------------------------ */

static void
on_no_interest(void *arg)
{
	struct session *s = arg;

	if (!s->delivery.is_started)
		delivery_start(&s->delivery, s->delivery.since);
	session_pump(s);
}

static void
copy_peer(struct session *s, const struct session_peer *from)
{
	struct arena *a = &s->arena;
	struct grant *g = &s->peer.grant;

	s->peer = *from;
	g->ns = arena_dup(a, from->grant.ns);
	g->account = arena_dup(a, from->grant.account);
	g->name = arena_dup(a, from->grant.name);
	g->services = arena_alloc(a, (g->services_len + 1) *
	    sizeof(*g->services));
	for (size_t i = 0; i < g->services_len; i++)
		g->services[i] = arena_dup(a, from->grant.services[i]);
	s->peer.id = arena_dup(a, from->id);
	s->peer.address = arena_dup(a, from->address);
	s->peer.from = arena_dup(a, from->from);
	s->peer.joined = arena_dup(a, from->joined);
	s->name = arena_printf(a, "%s/%s", g->ns.ptr, g->name.ptr);
	s->key = slice_str(model_key(a, &model_workload_kind, g->ns.ptr,
	    g->name.ptr));
}

/* The roots that it should trust. */
static void
say_bundle(struct session *s)
{
	const struct ca *ca = s->all->server->ca;
	struct str pem = { 0 }, jwks = { 0 };

	bundle_pem(&pem, ca->bundle);
	ca_add_jwks(&jwks, ca);
	session_say(s, &(struct sync_message){ .type = SYNC_BUNDLE,
	    .generation = s->all->bundle, .pem = str_slice(&pem),
	    .jwks = str_slice(&jwks) });
	str_fini(&pem);
	str_fini(&jwks);
}

void
sessions_publish(struct sessions *ss)
{
	ss->bundle++;
	LIST_FOREACH(at, &ss->sessions)
		say_bundle(list_entry(at, struct session, link));
}

struct session *
sessions_open(struct sessions *ss, const struct session_peer *peer,
    const struct session_io *io, void *arg)
{
	struct session *s = mem_zalloc(sizeof(*s)), *old;
	struct loop *loop = ss->server->loop;

	s->all = ss;
	s->number = ++ss->numbers;
	s->io = io;
	s->arg = arg;
	arena_init(&s->arena);
	copy_peer(s, peer);
	delivery_init(&s->delivery, ss->server->registry, &ss->lines,
	    s->peer.grant.ns.ptr, s->peer.grant.name.ptr);
	if (slice_has_prefix(s->peer.grant.account,
	    SLICE(MODEL_GATEWAY_ACCOUNT)))
		model_subject_run(&s->delivery.subject, s->peer.grant.account.
		    ptr + strlen(MODEL_GATEWAY_ACCOUNT));
	loop_timer_init(&s->interest, loop, on_no_interest, s);
	s->connected_ms = s->said_ms = loop_now_ms(loop);
	s->connected_s = clock_wall_s();
	list_append(&ss->sessions, &s->link);
	ss->len++;
	old = map_put(&ss->by_name, slice_str(s->name), s);
	log_info("sessions", "%s: connected from %.*s", s->name,
	    SLICE_ARG(s->peer.from));
	if (old != NULL)
		session_displace(s, old);
	say_bundle(s);
	session_say_revoked(s);
	return s;
}

void
session_gone(struct session *s)
{
	struct sessions *ss = s->all;
	uint64_t number = s->number;

	log_info("sessions", "%s: disconnected", s->name);
	if (s->is_withdrawn)
		session_quota_leave(s);
	list_remove(&s->link);
	ss->len--;
	if (map_get(&ss->by_name, slice_str(s->name)) == s)
		map_del(&ss->by_name, slice_str(s->name));
	session_leave_place(s);
	loop_timer_stop(&s->interest);
	delivery_fini(&s->delivery);
	buf_fini(&s->in);
	session_nacks_fini(s);
	session_listening_fini(s);
	session_contest_fini(s);
	mem_free(s->version);
	arena_fini(&s->arena);
	mem_free(s);
	check_questions(ss, number);
	session_withdrawals_check(ss);
	session_recalls_check(ss);
	sessions_stand_anew(ss);
}

/* --- showing ------------------------------------------------------------------------------ */

static int
by_name(const void *a, const void *b)
{
	const struct session *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static const char *
state_of(const struct session *s)
{
	if (!s->has_hello)
		return "connecting";
	if (s->nacks.len > 0)
		return "rejected";
	if (s->is_digest_known && !s->is_digest_ok)
		return "differs";
	return s->acked >= s->delivery.told && delivery_is_idle(&s->delivery) ?
	    "synced" : "stale";
}

/* Neither a gateway nor who only calls has an application that could be away. */
static bool
has_application(const struct session *s)
{
	return !slice_has_prefix(s->peer.grant.account,
	    SLICE(MODEL_GATEWAY_ACCOUNT)) && s->delivery.said != NULL &&
	    model_workload(s->delivery.said)->spec.ports_len > 0;
}

static const char *
workload_state_of(const struct session *s)
{
	return live_status_name(s->has_hello && !has_application(s) ?
	    LIVE_ONLINE : registry_workload_status(s->all->server->workloads,
	    s->key));
}

static void
write_one(struct conf_node *row, const struct session *s)
{
	struct server *server = s->all->server;
	uint64_t revision = registry_revision(server->registry);
	struct conf_node *nacks;
	struct slice key;
	size_t it = 0;
	void *nack;

	conf_set_string(row, "name", s->name);
	conf_set_string(row, "workload", s->name);
	conf_set_slice(row, "identity", s->peer.id);
	conf_set_string(row, "version", s->version);
	conf_set_slice(row, "address", s->peer.from);
	conf_set_slice(row, "joined", s->peer.joined);
	conf_set_time(row, "connectedSince", s->connected_s);
	conf_set_int(row, "revision", (int64_t)s->delivery.at);
	conf_set_int(row, "ackedRevision", (int64_t)s->acked);
	conf_set_int(row, "lag", s->acked < s->delivery.told ?
	    (int64_t)(revision - s->acked) : 0);
	if (s->is_digest_known)
		conf_set_bool(row, "digestOk", s->is_digest_ok);
	conf_set_time(row, "certNotAfter", s->cert_until_s != 0 ?
	    s->cert_until_s : s->peer.not_after);
	conf_set_int(row, "clockAheadSeconds", s->ahead_s);
	conf_set_string(row, "state", state_of(s));
	conf_set_string(row, "workloadState", workload_state_of(s));
	session_contest_write(s, row);
	nacks = conf_set_list(row, "rejected");
	while (map_next(&s->nacks, &it, &key, &nack)) {
		struct conf_node *n = conf_add_map(nacks);

		conf_set_slice(n, "key", key);
		conf_set_string(n, "error", ((const struct session_nack *)nack)->text);
	}
}

void
sessions_write(const struct sessions *ss, struct conf_node *list)
{
	const struct session **v = mem_zalloc_array(ss->len + 1, sizeof(*v));
	size_t n = 0;

	LIST_FOREACH(at, &ss->sessions) {
		const struct session *s = list_entry(at, struct session, link);

		if (!s->is_ended)
			v[n++] = s;
	}
	if (n > 1)
		qsort(v, n, sizeof(*v), by_name);
	for (size_t i = 0; i < n; i++)
		write_one(conf_add_map(list), v[i]);
	mem_free(v);
}
