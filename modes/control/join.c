#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "modes/control/attest.h"
#include "modes/control/join.h"
#include "conf/units.h"
#include "modes/control/join_name.h"
#include "modes/control/renew_window.h"
#include "modes/control/revocations.h"

#define TRIES_MAX	3

struct join {
	struct server      *server;
	struct arena        arena;
	struct token        token;
	struct token_record record;
	uint64_t            modified;	/* of the record, as it was read */
	uint8_t             point[KEY_POINT_LEN];
	struct audit_entry  who;
	unsigned            tries;
	bool                is_renewal, is_for_app, is_ours;
	uint8_t             leaf[HASH_LEN];	/* of a renewal */
	bool                is_named;	/* who.actor is a token's or host's */
	const struct attested *host;	/* joins by it; NULL: by a token */
	struct slice        attestor, host_name, credential;
	struct slice        service;	/* wanted, or absent */
	struct slice        key;	/* in the store */
	join_done          *done;
	void               *ctx;
	struct join_result  result;
};

static struct join *
join_new(struct server *s, const uint8_t *point, const struct audit_entry *who,
    join_done *done, void *ctx)
{
	struct join *j = mem_zalloc(sizeof(*j));

	j->server = s;
	arena_init(&j->arena);
	memcpy(j->point, point, KEY_POINT_LEN);
	j->who = audit_keep(&j->arena, who);
	j->done = done;
	j->ctx = ctx;
	return j;
}

static const char *
outcome(const struct join_result *r)
{
	switch (r->err.kind) {
	case ERR_NONE:
		return r->is_repeated ? "repeated" : "joined";
	case ERR_DENIED:
		return "denied";
	case ERR_UNAVAILABLE:
		return "unavailable";
	default:
		return "failed";
	}
}

/* Whose token or host it is, nobody has proven. */
static void
record_refusal(struct join *j)
{
	struct audit_entry who = j->who;

	if (j->is_named)
		who.target = who.actor;
	who.actor = SLICE("anonymous");
	refusals_note_stranger(j->server, &who, "join.refused",
	    slice_str(j->result.err.text));
}

/* The actor is the token's id at most, never its secret. */
static void
log_refusal(struct join *j)
{
	struct server *s = j->server;
	uint64_t left_out;

	if (!log_limit_take(&s->refusals, loop_now_ms(s->loop), &left_out))
		return;
	if (left_out > 0)
		log_warn("join", "%llu lines like the next were left out",
		    (unsigned long long)left_out);
	log_warn("join", "%.*s from %.*s: %s: %s", SLICE_ARG(j->who.actor),
	    SLICE_ARG(j->who.from), outcome(&j->result), j->result.err.text);
}

static void
count(struct join *j)
{
	if (!j->is_renewal)
		server_count(j->server, METRIC_CONTROL_JOINS, (struct slice[]){
		    slice_str(outcome(&j->result)) });
	else if (!j->is_for_app)
		server_count(j->server, METRIC_CERTIFICATE_RENEWALS,
		    (struct slice[]){ slice_str(j->result.err.kind == ERR_NONE ?
		    "succeeded" : "failed") });
}

static void
finish(void *arg)
{
	struct join *j = arg;

	if (!j->is_renewal && j->result.err.kind != ERR_NONE)
		log_refusal(j);
	if (!j->is_renewal && (j->result.err.kind == ERR_DENIED ||
	    j->result.err.kind == ERR_TOO_MANY))
		record_refusal(j);
	count(j);
	j->done(j->ctx, &j->result);
	token_fini(&j->token);
	arena_fini(&j->arena);
	mem_free(j);
}

static void
fail(struct join *j, enum err_kind kind, const char *text)
{
	err_set(&j->result.err, kind, "%s", text);
	finish(j);
}

static struct ca_workload
names_of(const struct join *j)
{
	const struct grant *g = &j->result.grant;

	return (struct ca_workload){ .ns = g->ns, .account = g->account,
	    .name = j->is_for_app ? SLICE_NONE : g->name,
	    .services = g->services, .services_len = g->services_len };
}

/* --- signing ------------------------------------------------------------------ */

static void read_token(struct join *);

/* The token is used up where its certificate is recorded. */
static int
use_token(void *ctx, struct store_txn *t, struct slice der, int64_t not_after,
    struct err *err)
{
	struct join *j = ctx;
	struct str value = { 0 };
	int64_t end = j->record.expires > not_after ? j->record.expires :
	    not_after;

	(void)err;
	j->record.leaf = arena_dup(&j->arena, der);
	memcpy(j->record.point, j->point, KEY_POINT_LEN);
	token_record_write(&value, &j->record);
	store_txn_require(t, j->key, j->modified);
	store_txn_put_until(t, j->key, str_slice(&value), end + RECORDS_KEPT_S);
	str_fini(&value);
	return 0;
}

static void
on_issued(void *ctx, const struct err *err, struct slice der, int64_t not_after)
{
	struct join *j = ctx;

	if (err->kind == ERR_CONFLICT && !j->is_renewal &&
	    ++j->tries < TRIES_MAX) {
		read_token(j);		/* somebody else used it */
		return;
	}
	j->result.err = *err;
	if (err->kind == ERR_NONE) {
		j->result.leaf = der;
		j->result.not_after = not_after;
	}
	finish(j);
}

/* A token is good for one alone; certificates and hosts come again. */
static bool
is_too_often(struct join *j)
{
	struct server *s = j->server;

	return (j->is_renewal || j->host != NULL) &&
	    !workload_limit_take(&s->workload_limit, WORKLOAD_CERTIFICATE,
	    workload_limit_name(&j->arena, &j->result.grant, j->attestor,
	    j->host_name), loop_now_ms(s->loop));
}

static void
issue(struct join *j, struct slice action)
{
	const struct grant *g = &j->result.grant;
	struct ca_workload names = names_of(j);
	struct ca_request request;

	if (is_too_often(j)) {
		fail(j, ERR_TOO_MANY, "too many certificates for this workload; "
		    "wait a minute");
		return;
	}
	if (ca_request_workload(&request, j->server->ca, &names, j->point,
	    &j->result.err) < 0) {
		finish(j);
		return;
	}
	/* A revocation from here on is about what is signed now, too. */
	j->record.used = clock_wall_s();
	j->result.id = arena_dup(&j->arena, request.sign.id);
	j->who.action = action;
	j->who.target = slice_str(arena_printf(&j->arena, "%.*s/%.*s",
	    SLICE_ARG(g->ns), SLICE_ARG(g->name)));
	issuer_issue(j->server->issuer, &(struct issuer_job){
		.request = &request, .grant = *g,
		.token = j->record.id, .is_of_app = j->is_for_app,
		.attestor = j->attestor, .host = j->host_name,
		.credential = j->credential,
		.audit = j->who,
		.add = j->key.ptr == NULL || j->is_renewal ? NULL : use_token,
		.done = on_issued, .ctx = j,
	});
	ca_request_fini(&request);
}

/* --- joining --------------------------------------------------------------------- */

/* By a document, or by a session that has yet to be registered. */
static bool
is_taken(void *ctx, struct slice name)
{
	struct join *j = ctx;
	const struct server *s = j->server;
	struct slice ns = arena_dup(&j->arena, j->record.grant.ns);
	struct slice key = slice_str(model_key(&j->arena, &model_workload_kind,
	    ns.ptr, name.ptr));

	return registry_find(s->registry, key) != NULL ||
	    registry_workload_status(s->workloads, key) != LIVE_UNKNOWN;
}

/* The secret was right; the token was used before. */
static void
repeat(struct join *j)
{
	const struct token_record *t = &j->record;
	struct cert leaf;

	if (!hash_equal(slice_of(t->point, KEY_POINT_LEN),
	    slice_of(j->point, KEY_POINT_LEN))) {
		fail(j, ERR_DENIED, "the token was used already, with another "
		    "key; create a new one");
		return;
	}
	if (cert_parse(&leaf, t->leaf, &j->result.err) < 0 ||
	    leaf.not_after <= clock_wall_s()) {
		fail(j, ERR_DENIED, "the token was used already, and what it "
		    "was used for has expired; create a new one");
		return;
	}
	j->result.is_repeated = true;
	j->result.grant = t->grant;
	j->result.id = leaf.uri;
	j->result.leaf = t->leaf;
	j->result.not_after = leaf.not_after;
	finish(j);
}

int64_t
join_revoked(const struct server *s, const struct grant *g, int64_t since)
{
	struct str id = { 0 };

	spiffe_add_workload(&id, s->ca->bundle->domain, g->ns, g->account);
	int64_t at = revocations_refuse(s->revocations, str_slice(&id), since);

	str_fini(&id);
	return at;
}

/* Everything about the request is judged before the token is used up. */
static const char *
fault_of(struct join *j)
{
	const struct token_record *t = &j->record;

	if (t->grant.services_len == 0)
		return "the token names no service";
	if (j->service.ptr != NULL && !grant_serves(&t->grant, j->service))
		return arena_printf(&j->arena, "the token is for %.*s/%.*s "
		    "and does not serve %.*s",
		    SLICE_ARG(t->grant.ns), SLICE_ARG(t->grant.services[0]),
		    SLICE_ARG(j->service));
	if (t->used == 0 && t->expires <= clock_wall_s())
		return "the token has expired; create a new one";
	if (join_revoked(j->server, &t->grant,
	    t->used == 0 ? t->created : t->used) != 0)
		return "the token's identity was revoked after it was made; "
		    "create a new one";
	return NULL;
}

static void
on_token(void *ctx, const struct store_result *r)
{
	static const uint8_t nobody[HASH_LEN];
	struct join *j = ctx;
	struct token_record *t = &j->record;
	struct err *err = &j->result.err;
	const char *fault;
	bool is_there = r->err.kind == ERR_NONE && r->n_items == 1;

	if (r->err.kind != ERR_NONE) {
		*err = r->err;
		finish(j);
		return;
	}
	if (is_there && token_record_read(t, &j->arena, r->items[0].value,
	    err) < 0) {
		finish(j);
		return;
	}
	/* The same work and words, whether or not the token exists. */
	if (!token_matches(&j->token, is_there ? t->hash : nobody) ||
	    !is_there) {
		fail(j, ERR_DENIED, "the token is not one of ours");
		return;
	}
	j->modified = r->items[0].modified;
	if ((fault = fault_of(j)) != NULL) {
		fail(j, ERR_DENIED, fault);
		return;
	}
	if (t->used != 0) {
		repeat(j);
		return;
	}
	if (t->grant.name.len == 0)
		t->grant.name = join_name_draw(&j->arena,
		    t->grant.services[0], is_taken, j);
	if (t->grant.name.ptr == NULL) {
		fail(j, ERR_UNAVAILABLE, "no name is left for the workload");
		return;
	}
	j->result.grant = t->grant;
	issue(j, SLICE("join"));
}

static void
read_token(struct join *j)
{
	store_get(j->server->store, j->key, &j->server->port, on_token, j);
}

static void
on_malformed(void *arg)
{
	fail(arg, ERR_DENIED, "this is no token: expected mesh1.<...>.<...>."
	    "<...>");
}

void
join_start(struct server *s, const struct join_request *r, join_done *done,
    void *ctx)
{
	struct join *j = join_new(s, r->point, &r->who, done, ctx);

	if (!token_parse(&j->token, r->token)) {
		loop_post(s->loop, on_malformed, j);
		return;
	}
	if (r->service.ptr != NULL)
		j->service = arena_dup(&j->arena, r->service);
	j->key = token_record_key(&j->arena, slice_str(j->token.id));
	j->who.actor = slice_str(arena_printf(&j->arena, "token/%s",
	    j->token.id));
	j->is_named = true;
	read_token(j);
}

/* --- attested ---------------------------------------------------------------------- */

static void
on_attested(void *arg)
{
	struct join *j = arg;
	const struct attested *h = j->host;

	if (join_revoked(j->server, &h->grant, h->since) != 0) {
		fail(j, ERR_DENIED, arena_printf(&j->arena, "the identity was "
		    "revoked after HostAttestor %.*s was made; delete that and "
		    "make another", SLICE_ARG(h->attestor)));
		return;
	}
	j->result.grant = h->grant;
	issue(j, SLICE("attest"));
}

static const struct attested *
keep_host(struct join *j, const struct attested *from)
{
	struct attested *h = arena_alloc(&j->arena, sizeof(*h));
	struct arena *a = &j->arena;

	*h = *from;
	h->grant.ns = arena_dup(a, from->grant.ns);
	h->grant.account = arena_dup(a, from->grant.account);
	h->grant.name = arena_dup(a, from->grant.name);
	h->grant.services = arena_alloc(a, sizeof(struct slice) *
	    from->grant.services_len);
	for (size_t i = 0; i < from->grant.services_len; i++)
		h->grant.services[i] = arena_dup(a, from->grant.services[i]);
	h->attestor = j->attestor = arena_dup(a, from->attestor);
	h->host = j->host_name = arena_dup(a, from->host);
	h->credential = j->credential = arena_dup(a, from->credential);
	return h;
}

void
join_attested(struct server *s, const struct join_attested_request *r,
    join_done *done, void *ctx)
{
	struct join *j = join_new(s, r->point, &r->who, done, ctx);

	j->host = keep_host(j, r->host);
	j->who.actor = slice_str(arena_printf(&j->arena, "host/%.*s",
	    SLICE_ARG(j->host_name)));
	j->is_named = true;
	loop_post(s->loop, on_attested, j);
}

/* --- renewing -------------------------------------------------------------------- */

/* Why it is not to be renewed, though its key is held; NULL: it may be. */
static const char *
ended_too_long(struct join *j, const struct cert_record *c)
{
	int64_t late = clock_wall_s() - c->expires;
	int64_t window = renew_window_s(j->server);
	char text[CONF_DURATION_TEXT];

	if (late <= 0)
		return NULL;
	if (window == 0)
		return "the certificate has ended, and MeshConfig has "
		    "renewAfterExpiry 0s: join again with a new token";
	conf_duration_text(text, window * 1000);
	if (late > window)
		return arena_printf(&j->arena, "the certificate ended more than "
		    "%s ago, as MeshConfig's renewAfterExpiry allows: join "
		    "again with a new token", text);
	log_warn("join", "%.*s is renewed %lld s after its certificate ended",
	    SLICE_ARG(c->id), (long long)late);
	return NULL;
}

static void
on_certificate(void *ctx, const struct store_result *r)
{
	struct join *j = ctx;
	struct cert_record c;
	const char *fault;

	if (r->err.kind != ERR_NONE) {
		j->result.err = r->err;
		finish(j);
		return;
	}
	if (r->n_items == 0 && !j->is_ours) {
		fail(j, ERR_DENIED, "control has no record of this certificate; "
		    "join again with a new token");
		return;
	}
	if (r->n_items == 0) {
		unrecorded_refuse(j->server, &j->who, j->leaf, "renew.refused",
		    &j->result.err);
		finish(j);
		return;
	}
	if (cert_record_read(&c, &j->arena, r->items[0].value,
	    &j->result.err) < 0) {
		finish(j);
		return;
	}
	if (c.is_of_app) {
		fail(j, ERR_DENIED, "this is an application's certificate: its "
		    "proxy gets it another one");
		return;
	}
	if (join_revoked(j->server, &c.grant, c.issued) != 0) {
		fail(j, ERR_DENIED, "the identity was revoked; join again with "
		    "a new token");
		return;
	}
	if ((fault = ended_too_long(j, &c)) != NULL ||
	    (fault = attest_ended(j->server->registry, &j->arena, &c,
	    clock_wall_s())) != NULL) {
		fail(j, ERR_DENIED, fault);
		return;
	}
	j->result.grant = c.grant;
	j->record.id = c.token;
	j->attestor = c.attestor;
	j->host_name = c.host;
	j->credential = c.credential;
	issue(j, j->is_for_app ? SLICE("svid.x509") :
	    c.expires < clock_wall_s() ? SLICE("renew.ended") : SLICE("renew"));
}

void
join_renew(struct server *s, const struct renew_request *r, join_done *done,
    void *ctx)
{
	struct join *j = join_new(s, r->point, &r->who, done, ctx);

	j->is_renewal = true;
	j->is_for_app = r->is_for_app;
	j->is_ours = r->is_ours;
	memcpy(j->leaf, r->leaf, sizeof(j->leaf));
	j->key = cert_record_key(&j->arena, r->leaf);
	store_get(s->store, j->key, &s->port, on_certificate, j);
}
