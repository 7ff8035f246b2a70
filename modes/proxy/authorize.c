#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "modes/proxy/authorize.h"
#include "modes/proxy/gateway.h"
#include "modes/proxy/learn.h"
#include "modes/proxy/lost.h"
#include "modes/proxy/plain.h"
#include "stat/metrics.h"

#define PATH_SHOWN	100	/* bytes of a path, in the log */

struct authz_ip
authorize_ip(const struct addr *a)
{
	struct authz_ip ip = { .bytes = { [10] = 0xff, [11] = 0xff } };

	if (a->sa.sa_family == AF_INET) {
		memcpy(ip.bytes + 12, &a->in.sin_addr, 4);
		ip.is_known = true;
	} else if (a->sa.sa_family == AF_INET6) {
		memcpy(ip.bytes, &a->in6.sin6_addr, 16);
		ip.is_known = true;
	}
	return ip;
}

/* --- at what ------------------------------------------------------------------ */

static const struct inbound_port *
port_of(const struct snapshot *s, const struct conn_peer *peer,
    const struct addr *local, bool is_udp)
{
	uint16_t port = (uint16_t)addr_port(local);
	const struct inbound_port *p = NULL;
	struct service_name name;

	if (!peer->is_tls) {
		p = plain_port(s, port);
		return p != NULL ? p : lost_plain(s, port);
	}
	if (!sni_parse(slice_str(peer->sni), &name, &port))
		return NULL;
	p = is_udp ? snapshot_inbound_udp(s, &name, port) :
	    snapshot_inbound(s, &name, port);
	return p != NULL ? p : lost_port(s, &name, port, is_udp);
}

static const struct gateway_front *
front_of(const struct snapshot *s, const struct addr *local)
{
	const struct gateway *g = s->gateway;

	for (size_t i = 0; g != NULL && i < g->len; i++) {
		const struct gateway_front *f = &g->fronts[i];

		if (f->port.protocol != GATEWAY_UDP && addr_port(&f->addr) ==
		    addr_port(local) && (addr_is_any(&f->addr) ||
		    addr_is_same_host(&f->addr, local)))
			return f;
	}
	return NULL;
}

static void
find_front(const struct snapshot *s, const struct addr *local,
    struct authorize_at *at)
{
	const struct gateway_front *f = front_of(s, local);

	if (f == NULL)
		return;
	at->table = f->authz;
	at->rules = f->rules;
	at->front = f;
	at->port = f->port.number;
	at->app_port = 0;
}

/* Nobody new comes in there; policies of what it was are not known. */
static void
find_gone(const struct conn_peer *peer, struct authorize_at *at)
{
	struct service_name name;

	at->is_gone = true;
	at->port = 0;
	if (!sni_parse(slice_str(peer->sni), &name, &at->port))
		return;
	service_key(&name, at->room);
	at->service = slice_str(at->room);
}

void
authorize_find(const struct proxy_worker *w, const char *listener,
    const struct conn_peer *peer, const struct addr *local, bool is_udp,
    struct authorize_at *at)
{
	const struct snapshot *s = w->snapshot;
	const struct inbound_port *p;

	at->table = NULL;
	at->strict = NULL;
	at->rules = NULL;
	at->front = NULL;
	at->service = SLICE("");
	at->port = at->app_port = 0;
	at->is_udp = is_udp;
	at->is_bytes = at->is_gone = false;
	if (strcmp(listener, "gateway") == 0) {
		find_front(s, local, at);
		return;
	}
	if (strncmp(listener, "inbound", 7) != 0)
		return;
	p = port_of(s, peer, local, is_udp);
	if (p == NULL) {
		find_gone(peer, at);
		return;
	}
	service_key(&p->service, at->room);
	at->table = p->authz;
	if (!peer->is_tls && !plain_is_taken(p, loop_now_ms(w->env.loop)))
		at->strict = p;
	at->rules = p->rules;
	at->service = slice_str(at->room);
	at->is_bytes = p->cluster != NULL && p->cluster->protocol == CLUSTER_TCP;
	at->port = p->port;
	at->app_port = p->app_port;
}

static bool
are_same(const struct inbound_port *a, size_t a_len,
    const struct inbound_port *b, size_t b_len)
{
	for (size_t i = 0; a_len == b_len && i < a_len; i++)
		if (a[i].authz != b[i].authz || a[i].rules != b[i].rules ||
		    a[i].port != b[i].port ||
		    a[i].mode != b[i].mode ||
		    a[i].settles_ms != b[i].settles_ms ||
		    a[i].app_port != b[i].app_port ||
		    !service_name_eq(&a[i].service, &b[i].service))
			return false;
	return a_len == b_len;
}

static bool
are_same_fronts(const struct gateway *a, const struct gateway *b)
{
	size_t a_len = a == NULL ? 0 : a->len, b_len = b == NULL ? 0 : b->len;

	for (size_t i = 0; a_len == b_len && i < a_len; i++) {
		const struct gateway_front *x = &a->fronts[i],
		    *y = &b->fronts[i];

		if (x->authz != y->authz || x->rules != y->rules ||
		    !addr_eq(&x->addr, &y->addr))
			return false;
	}
	return a_len == b_len;
}

bool
authorize_is_same(const struct snapshot *a, const struct snapshot *b)
{
	return are_same_fronts(a->gateway, b->gateway) && are_same(a->inbound, a->inbound_len,
	    b->inbound, b->inbound_len) && are_same(a->inbound_udp,
	    a->inbound_udp_len, b->inbound_udp, b->inbound_udp_len) &&
	    are_same(a->lost, a->lost_len, b->lost, b->lost_len) &&
	    are_same(a->lost_udp, a->lost_udp_len, b->lost_udp,
	    b->lost_udp_len);
}

/* --- telling ------------------------------------------------------------------ */

static void
count(struct proxy_worker *w, const struct authorize_at *at,
    enum authorize_line line, const struct authz_answer *by)
{
	struct slice labels[5];
	char rule[16] = "";

	if (by->policy != NULL)
		snprintf(rule, sizeof(rule), "%d", by->rule);
	metric_service(labels, at->service);
	labels[2] = slice_str(authorize_line_name(line));
	labels[3] = by->policy == NULL ? SLICE("default") :
	    slice_str(by->policy);
	labels[4] = slice_str(rule);
	worker_env_count(&w->env, METRIC_AUTHORIZATION, labels, 5, 1);
}

static const char *
carried(const struct authorize_at *at)
{
	return at->is_udp ? "datagrams" : "bytes";
}

/* Bytes match a rule that refuses, whatever it says of what they have none of. */
static void
say_why(const struct authorize_at *at, const struct authz_facts *f,
    const struct authz_verdict *v, const struct authz_answer *by,
    char out[256])
{
	const char *about = f->is_http || at->table == NULL ? NULL :
	    authz_about_http(at->table, by);

	if (about != NULL)
		snprintf(out, 256, "rule %d of %s, a rule about %s, and these "
		    "are %s", by->rule, by->policy, about, carried(at));
	else if (by->policy != NULL)
		snprintf(out, 256, "rule %d of %s", by->rule, by->policy);
	else if (v->has_allow)
		snprintf(out, 256, "no rule of an ALLOW policy matches");
	else
		snprintf(out, 256, "no policy allows it and "
		    "defaultInboundPolicy refuses; see mesh ctl allow");
}

/* For people: a method and a path (of CONNECT: whereto), or how it is carried. */
static void
say_what(const struct authorize_at *at, const struct authz_facts *f,
    char out[PATH_SHOWN + 64])
{
	struct slice to = f->path.len > 0 ? f->path : f->authority;
	size_t len = to.len < PATH_SHOWN ? to.len : PATH_SHOWN;

	if (f->is_http)
		snprintf(out, PATH_SHOWN + 64, "%.*s %.*s",
		    (int)(f->method.len < 32 ? f->method.len : 32),
		    f->method.ptr, (int)len, to.ptr);
	else
		snprintf(out, PATH_SHOWN + 64, "with %s", carried(at));
}

static void
tell(struct proxy_worker *w, const struct authorize_at *at,
    const struct authz_facts *f, enum authorize_line line, const char *why)
{
	char what[PATH_SHOWN + 64];

	if (!authorize_may_log(w, line))
		return;
	say_what(at, f, what);
	log_info("authz", "%s: %.*s calls %s%.*s:%u %s: %s",
	    authorize_line_name(line),
	    SLICE_ARG(f->id.len > 0 ? f->id : SLICE("somebody")),
	    at->front != NULL ? "Gateway " : "", SLICE_ARG(at->front != NULL ?
	    slice_str(at->front->name) : at->service.len > 0 ? at->service :
	    SLICE("the gateway")), at->port, what, why);
}

static void
note(struct proxy_worker *w, const struct authorize_at *at,
    const struct authz_facts *f, const struct authz_verdict *v,
    enum authorize_line line, const struct authz_answer *by)
{
	char why[256];

	say_why(at, f, v, by, why);
	count(w, at, line, by);
	tell(w, at, f, line, why);
}

/* --- what decided nothing ------------------------------------------------------- */

struct other {
	enum authorize_line        line;
	const struct authz_answer *by;
};
#define OTHERS_MAX	(AUTHZ_AUDITS_MAX + 3)

static size_t
others(const struct proxy_worker *w, const struct authz_verdict *v,
    struct other out[OTHERS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < v->audits_len; i++)
		out[n++] = (struct other){ AUTHORIZE_AUDIT, &v->audits[i] };
	if (v->is_dry && v->dry.is_denied && !v->answer.is_denied)
		out[n++] = (struct other){ AUTHORIZE_WOULD_DENY, &v->dry };
	if (v->dry_ask.policy != NULL)
		out[n++] = (struct other){ AUTHORIZE_WOULD_ASK, &v->dry_ask };
	if (w->snapshot->audit_inbound && !v->answer.is_denied &&
	    v->answer.policy == NULL)
		out[n++] = (struct other){ AUTHORIZE_AUDIT, &v->answer };
	return n;
}

struct slice
authorize_noted(const struct proxy_worker *w, const struct authz_verdict *v,
    struct arena *a)
{
	struct other all[OTHERS_MAX];
	size_t n = others(w, v, all);
	const char *text = "";

	for (size_t i = 0; i < n; i++) {
		const struct authz_answer *by = all[i].by;

		text = arena_printf(a, "%s%s%s[%s]", text, i == 0 ? "" : ", ",
		    authorize_line_name(all[i].line),
		    by->policy == NULL ? "none" : by->policy);
		if (by->policy != NULL)
			text = arena_printf(a, "%s-rule[%d]", text, by->rule);
	}
	return slice_str(text);
}

/* Said once, not with every change. */
static void
note_others(struct proxy_worker *w, const struct authorize_at *at,
    const struct authz_facts *f, const struct authz_verdict *v)
{
	struct other all[OTHERS_MAX];
	size_t n = others(w, v, all);

	for (size_t i = 0; i < n; i++)
		note(w, at, f, v, all[i].line, all[i].by);
}

/* --- what did -------------------------------------------------------------------- */

/* The policy that did it is the PeerAuthentication, or it is the rule of the mesh. */
static void
note_plain(struct proxy_worker *w, const struct authorize_at *at,
    const struct authz_facts *f, enum authorize_when when)
{
	const char *by = at->strict->mode_by;
	const struct authz_answer answer = { .is_denied = true,
		.policy = by == NULL ? "STRICT" : by };
	enum authorize_line line = when == AUTHORIZE_NEW ? AUTHORIZE_DENY :
	    AUTHORIZE_CUT;
	char why[256];

	if (by == NULL)
		snprintf(why, sizeof(why), "it is plain text, which no "
		    "PeerAuthentication lets in");
	else
		snprintf(why, sizeof(why), "it is plain text, and "
		    "PeerAuthentication %s says STRICT", by);
	count(w, at, line, &answer);
	tell(w, at, f, line, why);
}

void
authorize_note_gone(struct proxy_worker *w, const struct authorize_at *at,
    const struct conn_peer *peer)
{
	const struct authz_answer by = { .is_denied = true };
	const struct authz_facts f = { .id = slice_str(peer->id) };

	count(w, at, AUTHORIZE_CUT, &by);
	tell(w, at, &f, AUTHORIZE_CUT, "no service has this port any more");
}

void
authorize_note_token(struct proxy_worker *w, const struct authorize_at *at,
    const struct authz_facts *f, const struct authz_answer *by,
    const char *fault)
{
	char why[256];

	snprintf(why, sizeof(why), "its token is not taken any more (%s), says "
	    "RequestAuthentication %s", fault, by->policy);
	count(w, at, AUTHORIZE_CUT, by);
	tell(w, at, f, AUTHORIZE_CUT, why);
}

void
authorize_note(struct proxy_worker *w, const struct authorize_at *at,
    const struct authz_facts *f, const struct authz_verdict *v,
    const struct authz_answer *answer, enum authorize_when when)
{
	if (answer->is_denied)
		note(w, at, f, v, when == AUTHORIZE_NEW ? AUTHORIZE_DENY :
		    AUTHORIZE_CUT, answer);
	if (when == AUTHORIZE_NEW)
		note_others(w, at, f, v);
	if (when == AUTHORIZE_NEW && !answer->is_denied)
		learn_note(w, at, f);
}

void
authorize_note_refusal(struct proxy_worker *w, const struct authorize_at *at,
    const struct authz_facts *f, const struct authz_ask *ask, const char *why)
{
	const struct authz_answer by = { true, ask->policy, ask->rule };

	count(w, at, AUTHORIZE_DENY, &by);
	tell(w, at, f, AUTHORIZE_DENY, why);
}

bool
authorize_ask(struct proxy_worker *w, const struct authorize_at *at,
    const struct authz_facts *f, enum authorize_when when,
    struct authz_answer *answer)
{
	struct authz_verdict v;

	if (at->strict != NULL) {
		*answer = (struct authz_answer){ .is_denied = true };
		note_plain(w, at, f, when);
		return false;
	}
	authz_decide(at->table, f, &v);
	*answer = authz_unasked(&v);
	authorize_note(w, at, f, &v, answer, when);
	return !answer->is_denied;
}

bool
authorize_datagrams(struct proxy_worker *w, const struct authz *table,
    uint16_t port, const struct addr *from, enum authorize_when when)
{
	const struct authz_ip source = authorize_ip(from);
	const struct authorize_at at = { .table = table, .service = SLICE(""),
		.port = port, .is_udp = true };
	const struct authz_facts f = { .id = SLICE(""), .sni = SLICE(""),
		.source = source, .remote = source, .port = port };
	struct authz_answer by;

	return table == NULL || authorize_ask(w, &at, &f, when, &by);
}
