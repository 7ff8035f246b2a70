#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "conf/json.h"
#include "model/workload.h"
#include "modes/control/session.h"
#include "modes/control/traffic.h"

void
session_end(struct session *s, const char *why)
{
	if (s->is_ended)
		return;
	s->is_ended = true;
	log_warn("sessions", "%s: ended: %s", s->name, why);
	s->io->end(s->arg);
}

#define NACK_TEXT_MAX	1024	/* bytes of a key, and of its error */

static void
write_buf(struct session *s, struct buf *b)
{
	s->said_ms = loop_now_ms(s->all->server->loop);
	s->io->write(s->arg, b);
}

void
session_say(struct session *s, const struct sync_message *m)
{
	struct str line = { 0 };
	struct err err = ERR_INIT;
	struct buf b = { 0 };

	if (s->is_ended)
		return;
	if (sync_message_write(&line, m, &err) < 0) {
		log_error("sessions", "%s: %s: %s", s->name,
		    sync_type_name(m->type), err.text);
	} else {
		buf_add_slice(&b, str_slice(&line));
		write_buf(s, &b);
	}
	str_fini(&line);
}

void
session_pump(struct session *s)
{
	struct buf b = { 0 };

	while (!s->is_ended && !s->is_paused && delivery_next(&s->delivery, &b))
		write_buf(s, &b);
	buf_fini(&b);
}

void
session_paused(struct session *s, bool is_paused)
{
	s->is_paused = is_paused;
	if (!is_paused)
		sessions_pump(s->all);
}

/* --- what it says ---------------------------------------------------------------------- */

static int64_t
now_ms(const struct session *s)
{
	return (int64_t)loop_now_ms(s->all->server->loop);
}

/*
 * The Workload that the proxy asks to be: ports, zone, labels are its own to
 * tell, its names, its identity and what it serves are not.
 */
static const struct conf_node *
own_document(const struct session *s, struct arena *a,
    const struct conf_node *said)
{
	const struct grant *g = &s->peer.grant;
	struct conf_node *doc = conf_map_new(a), *meta, *spec, *services;
	const struct conf_node *labels = conf_find(said, "metadata.labels");
	const struct conf_node *from = conf_get(said, "spec");

	conf_set_string(doc, "apiVersion", "mesh/v1");
	conf_set_string(doc, "kind", "Workload");
	meta = conf_set_map(doc, "metadata");
	conf_set_slice(meta, "name", g->name);
	conf_set_slice(meta, "namespace", g->ns);
	if (labels != NULL)
		conf_set(meta, "labels", conf_copy(a, labels));
	spec = from != NULL && from->kind == CONF_MAP ? conf_copy(a, from) :
	    conf_map_new(a);
	conf_set(doc, "spec", spec);
	conf_set_slice(spec, "serviceAccount", g->account);
	conf_set_bool(spec, "sidecar", true);
	services = conf_set_list(spec, "services");
	for (size_t i = 0; i < g->services_len; i++)
		conf_add(services, conf_string_new(a, g->services[i]));
	if (conf_get_string(spec, "address") == NULL)
		conf_set_slice(spec, "address", s->peer.address);
	return doc;
}

/* Each time is a write to the registry, or a word to all who call it. */
static bool
may(struct session *s, enum workload_wish wish)
{
	return workload_limit_take(&s->all->server->workload_limit, wish,
	    slice_str(s->name), (uint64_t)now_ms(s));
}

/* The registry keeps thousands of changes, and all who call it get each. */
static int
check_size(const struct conf_node *doc, struct err *err)
{
	struct str json = { 0 };

	conf_json_write(&json, doc);
	size_t len = json.len;

	str_fini(&json);
	return len <= SESSION_WORKLOAD_MAX ? 0 : err_set(err, ERR_TOO_LARGE,
	    "its workload's document has %zu bytes, of at most %d", len,
	    SESSION_WORKLOAD_MAX);
}

/* Who comes back as what it was changes nothing, however often. */
static int
check_hello(struct session *s, const struct model_object *said, struct err *err)
{
	const struct model_object *o = registry_find(s->all->server->registry,
	    s->key);

	if (s->has_hello || (o != NULL && registry_workload_is_same(o, said)) ||
	    may(s, WORKLOAD_HELLO))
		return 0;
	return err_set(err, ERR_TOO_MANY, "its workload changes too often");
}

/* Registers what it says that it is; -1: the session has ended. */
static int
take_document(struct session *s, const struct conf_node *said)
{
	struct audit_entry who = { .actor = s->peer.id, .from = s->peer.from };
	struct err err = ERR_INIT;
	struct arena a;
	struct model_object *o;

	arena_init(&a);
	const struct conf_node *doc = own_document(s, &a, said);

	o = check_size(doc, &err) < 0 ? NULL :
	    model_object_read(doc, MODEL_KNOWN, "default", &err);
	if (o != NULL && (check_hello(s, o, &err) < 0 ||
	    (session_may_register(s, o) && registry_workload_join(
	    s->all->server->workloads, doc, &who, &err) < 0))) {
		model_object_unref(o);
		o = NULL;
	}
	arena_fini(&a);
	if (o == NULL) {
		session_end(s, err.text);
		return -1;
	}
	delivery_said(&s->delivery, &o);
	return 0;
}

static bool
take_workload(struct session *s, const struct sync_message *m)
{
	if (!may(s, WORKLOAD_DOCUMENT)) {
		session_end(s, "its workload changes too often");
		return false;
	}
	return s->is_withdrawn || take_document(s, m->document) == 0;
}

static bool
take_hello(struct session *s, const struct sync_message *m)
{
	if (s->has_hello) {
		session_end(s, "a second hello");
		return false;
	}
	if (!slice_is(m->workload, s->name)) {
		session_end(s, "it says that it is another workload than its "
		    "certificate was issued for");
		return false;
	}
	if (take_document(s, m->document) != 0)
		return false;
	s->has_hello = true;
	s->version = mem_dup(m->version.ptr == NULL ? "" : m->version.ptr,
	    m->version.len);
	s->delivery.since = m->since;
	loop_timer_start(&s->interest, SESSION_INTEREST_MS);
	return true;
}

/* Who turns too often is heard of as before, until the minute is over. */
static void
tell_answering(struct session *s)
{
	if (s->is_withdrawn || !s->has_reported)
		return;
	if (s->is_answering != s->was_answering && may(s, WORKLOAD_TURN))
		s->was_answering = s->is_answering;
	registry_workload_report(s->all->server->workloads, s->key,
	    s->was_answering, now_ms(s));
}

static bool
take_ready(struct session *s, const struct sync_message *m)
{
	if (s->is_withdrawn)
		return true;	/* it cannot come back in this session */
	if (m->ready && !s->is_answering)
		session_take_place(s);
	if (!s->has_reported)
		s->was_answering = m->ready;
	s->is_answering = m->ready;
	s->has_reported = true;
	tell_answering(s);
	return true;
}

static bool
take_interest(struct session *s, const struct sync_message *m)
{
	loop_timer_stop(&s->interest);
	delivery_interest(&s->delivery, m->names, m->names_len);
	if (!s->delivery.is_started)
		delivery_start(&s->delivery, s->delivery.since);
	s->has_interest = true;
	sessions_stand_anew(s->all);
	return true;
}

/* Does it have what we think it has?  If not, once, everything is sent anew. */
static void
check_digest(struct session *s, const struct sync_message *m)
{
	enum delivery_match match = delivery_match(&s->delivery, m->revision,
	    m->digest);

	delivery_settle(&s->delivery, m->revision, m->digest.len == 0 ||
	    match != DELIVERY_EARLIER);
	if (match == DELIVERY_EARLIER)
		return;
	s->is_digest_known = true;
	s->is_digest_ok = match == DELIVERY_SAME;
	if (s->is_digest_ok || s->was_restarted || s->nacks.len > 0)
		return;
	log_warn("sessions", "%s: has other documents than it should; sending "
	    "everything again", s->name);
	s->was_restarted = true;
	delivery_restart(&s->delivery);
	session_pump(s);
}

static void
nack_free(void *arg)
{
	struct session_nack *n = arg;

	if (n == NULL)
		return;
	mem_free(n->text);
	mem_free(n);
}

void
session_nacks_fini(struct session *s)
{
	map_fini(&s->nacks, nack_free);
}

/* Rejections of forms that the proxy no longer has. */
static void
drop_old_nacks(struct session *s)
{
	size_t it = 0;
	struct slice key;
	void *nack;

	while (map_next(&s->nacks, &it, &key, &nack)) {
		const struct registry_change *c = map_get(&s->delivery.has, key);

		if (c == NULL || c->revision != ((struct session_nack *)nack)->revision)
			nack_free(map_del(&s->nacks, key));
	}
}

static bool
take_ack(struct session *s, const struct sync_message *m)
{
	s->acked = m->revision;
	drop_old_nacks(s);
	check_digest(s, m);
	sessions_stand_anew(s->all);
	session_withdrawals_check(s->all);
	return true;
}

static bool
take_nack(struct session *s, const struct sync_message *m)
{
	/* A sentence is enough, and all that a proxy may make us keep. */
	struct slice text = slice_of(m->error.ptr, m->error.len > NACK_TEXT_MAX ?
	    NACK_TEXT_MAX : m->error.len);

	if (m->key.len > NACK_TEXT_MAX) {
		session_end(s, "it rejects what has no such name");
		return false;
	}
	if (text.len == 0) {
		nack_free(map_del(&s->nacks, m->key));
		sessions_stand_anew(s->all);
		return true;
	}
	log_warn("sessions", "%s: rejects %.*s of revision %llu: %.*s", s->name,
	    SLICE_ARG(m->key), (unsigned long long)m->revision,
	    SLICE_ARG(text));
	if (s->nacks.len >= SESSION_NACKS_MAX && !map_has(&s->nacks, m->key))
		return true;
	struct session_nack *n = mem_zalloc(sizeof(*n));

	n->revision = m->revision;
	n->text = mem_dup(text.ptr, text.len);
	nack_free(map_put(&s->nacks, m->key, n));
	sessions_stand_anew(s->all);
	return true;
}

static void
note_refused(struct session *s, int64_t n)
{
	worker_env_count(&s->all->server->env, METRIC_CONTROL_SERIES_REFUSED,
	    NULL, 0, n);
	if (!s->has_overstated)
		log_warn("sessions", "%s: reports of services that it does not "
		    "serve, or of too many; they are left out", s->name);
	s->has_overstated = true;
}

#define SKEW_WARN_S	30	/* half of what certificates allow */

/* Whose clock is off takes good certificates for ended ones, or not begun. */
static void
note_clock(struct session *s, uint64_t wall_s)
{
	bool was_off = llabs(s->ahead_s) > SKEW_WARN_S;

	if (wall_s == 0 || wall_s > INT64_MAX)
		return;
	s->ahead_s = (int64_t)wall_s - clock_wall_s();
	if (llabs(s->ahead_s) > SKEW_WARN_S && !was_off)
		log_warn("sessions", "%s: its clock is %lld s %s ours", s->name,
		    (long long)llabs(s->ahead_s), s->ahead_s > 0 ?
		    "ahead of" : "behind");
}

static bool
take_alive(struct session *s, const struct sync_message *m)
{
	struct server *server = s->all->server;
	const struct traffic_report report = {
		.sender = slice_str(s->name), .ns = s->peer.grant.ns,
		.services = s->peer.grant.services,
		.services_len = s->peer.grant.services_len,
		.counters = m->counters,
		.uptime_ms = m->uptime_ms,
	};
	struct err err = ERR_INIT;
	int64_t refused;

	note_clock(s, m->wall_s);
	/* Renewed, it goes on in the session of the certificate before. */
	if (m->cert_until_s <= INT64_MAX)
		s->cert_until_s = (int64_t)m->cert_until_s;
	tell_answering(s);
	refused = traffic_apply(server->traffic, &report, (uint64_t)now_ms(s),
	    &err);
	if (refused < 0)
		log_warn("sessions", "%s: counters: %s", s->name, err.text);
	else if (refused > 0)
		note_refused(s, refused);
	return true;
}

static bool
take_withdraw(struct session *s, const struct sync_message *m)
{
	(void)m;
	if (!s->is_withdrawn)
		session_withdraw(s);
	return true;
}

static bool
take_answer(struct session *s, const struct sync_message *m)
{
	sessions_answer(s->all, s->number, m->id, m->document);
	return true;
}

static bool
take_demand(struct session *s, const struct sync_message *m)
{
	/* Who does not read asks again when it has read. */
	if (!s->is_paused)
		session_quota_ask(s, m);
	return true;
}

void
session_listening_fini(struct session *s)
{
	for (size_t i = 0; i < s->listening_len; i++)
		mem_free(s->listening[i]);
	mem_free(s->listening);
	s->listening = NULL;
	s->listening_len = 0;
}

/* Where others reach it, for one that listens at all addresses. */
static char *
own_address(const struct session *s)
{
	const struct model_object *o = registry_find(s->all->server->registry,
	    s->key);

	return o != NULL && model_workload(o)->spec.address != NULL ?
	    mem_strdup(model_workload(o)->spec.address) :
	    mem_dup(s->peer.address.ptr, s->peer.address.len);
}

static bool
take_listening(struct session *s, const struct sync_message *m)
{
	char text[ADDR_TEXT_MAX];
	struct addr addr;

	session_listening_fini(s);
	s->listening = mem_zalloc_array(SESSION_LISTENING_MAX,
	    sizeof(*s->listening));
	for (size_t i = 0; i < m->names_len &&
	    s->listening_len < SESSION_LISTENING_MAX; i++) {
		struct err err = ERR_INIT;

		if (addr_from_ip(m->names[i], 0, &addr, &err) != 0)
			continue;
		addr_format_ip(&addr, text);
		s->listening[s->listening_len++] = addr_is_any(&addr) ?
		    own_address(s) : mem_strdup(text);
	}
	sessions_stand_anew(s->all);
	return true;
}

static bool
take_revoked(struct session *s, const struct sync_message *m)
{
	s->recalled = m->generation;
	session_recalls_check(s->all);
	return true;
}

static const struct {
	enum sync_type type;
	bool           before_hello;
	bool         (*take)(struct session *, const struct sync_message *);
} takers[] = {
	{ SYNC_HELLO, true, take_hello },
	{ SYNC_READY, false, take_ready },
	{ SYNC_INTEREST, false, take_interest },
	{ SYNC_ACK, false, take_ack },
	{ SYNC_NACK, false, take_nack },
	{ SYNC_ALIVE, false, take_alive },
	{ SYNC_WITHDRAW, false, take_withdraw },
	{ SYNC_ANSWER, false, take_answer },
	{ SYNC_DEMAND, false, take_demand },
	{ SYNC_LISTENING, false, take_listening },
	{ SYNC_WORKLOAD, false, take_workload },
	{ SYNC_REVOKED, true, take_revoked },
};

bool
session_take(struct session *s, const struct sync_message *m)
{
	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++) {
		if (takers[i].type != m->type)
			continue;
		if (!s->has_hello && !takers[i].before_hello) {
			session_end(s, "something was said before hello");
			return false;
		}
		return takers[i].take(s, m) && !s->is_ended;
	}
	return true;	/* of a later version */
}

void
session_bytes(struct session *s, struct buf *b, bool end)
{
	struct err err = ERR_INIT;
	struct sync_message m;
	struct slice line;
	struct arena a;
	int rc = 0;

	if (s->is_ended) {
		buf_drain(b, buf_len(b));
		return;
	}
	buf_move(&s->in, b);
	arena_init(&a);
	while (!s->is_ended && (rc = sync_lines_next(&s->lines, &s->in, &a,
	    &line, &err)) > 0) {
		if (sync_message_read(&m, &a, line, &err) < 0) {
			rc = -1;
			break;
		}
		if (!session_take(s, &m))
			break;
		arena_reset(&a);
	}
	arena_fini(&a);
	if (rc < 0)
		session_end(s, err.text);
	/* Of several that came together the last one counts. */
	if (s->has_interest)
		session_pump(s);
	s->has_interest = false;
	if (end && !s->is_ended) {
		s->is_ended = true;
		s->io->end(s->arg);
	}
}
