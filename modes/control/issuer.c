#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop_fd.h"
#include "modes/control/ca_ended.h"
#include "modes/control/issuer.h"
#include "modes/control/renew_window.h"
#include "modes/control/revocations.h"

struct issuer {
	struct server *server;
	struct loop_fd watch;
};

struct job {
	struct server     *server;
	struct arena       arena;
	struct issuer_job  spec;	/* its slices lie in the arena */
	struct slice       id, serial;
	struct slice       der, issuer, root;
	int64_t            not_after;
	int64_t            began;	/* when it was found to be allowed */
};

static struct slice
keep(struct job *j, struct slice s)
{
	return s.ptr == NULL ? s : arena_dup(&j->arena, s);
}

static struct job *
job_new(struct server *s, const struct issuer_job *from)
{
	struct job *j = mem_zalloc(sizeof(*j));
	struct str hex = { 0 };

	j->server = s;
	j->began = clock_wall_s();
	arena_init(&j->arena);
	j->spec = *from;
	j->spec.request = NULL;
	j->id = keep(j, from->request->sign.id);
	str_add_hex(&hex, from->request->sign.serial, MINT_SERIAL_LEN);
	j->serial = keep(j, str_slice(&hex));
	str_fini(&hex);
	j->spec.token = keep(j, from->token);
	j->spec.attestor = keep(j, from->attestor);
	j->spec.host = keep(j, from->host);
	j->spec.credential = keep(j, from->credential);
	j->spec.audit = audit_keep(&j->arena, &from->audit);
	j->spec.grant = (struct grant){
		.ns = keep(j, from->grant.ns),
		.account = keep(j, from->grant.account),
		.name = keep(j, from->grant.name),
		.services = arena_alloc(&j->arena,
		    (from->grant.services_len + 1) * sizeof(struct slice)),
		.services_len = from->grant.services_len,
	};
	for (size_t i = 0; i < from->grant.services_len; i++)
		j->spec.grant.services[i] = keep(j, from->grant.services[i]);
	return j;
}

static void
finish(struct job *j, const struct err *err)
{
	j->spec.done(j->spec.ctx, err, err->kind == ERR_NONE ? j->der :
	    SLICE_NONE, j->not_after);
	arena_fini(&j->arena);
	mem_free(j);
}

static struct slice
kind_of(const struct job *j)
{
	struct spiffe id;

	return spiffe_parse(&id, j->id) ?
	    slice_str(spiffe_kind_name(id.kind)) : SLICE("other");
}

/*
 * Somebody was revoked while the signer was at work: by its dates the certificate
 * is of afterwards, and would be good.
 */
static bool
is_overtaken(const struct job *j, struct err *err)
{
	if (revocations_refuse(j->server->revocations, j->id, j->began) == 0)
		return false;
	err_set(err, ERR_DENIED, "the identity was revoked meanwhile; join "
	    "again with a new token");
	return true;
}

static void
on_committed(void *arg, const struct store_result *r)
{
	struct job *j = arg;
	struct slice kind = kind_of(j);
	struct err err = r->err;

	if (err.kind == ERR_NONE && is_overtaken(j, &err)) {
		log_warn("ca", "a certificate for %.*s is not given out: %s",
		    SLICE_ARG(j->id), err.text);
		finish(j, &err);
		return;
	}
	if (r->err.kind == ERR_NONE)
		server_count(j->server, METRIC_CONTROL_CERTIFICATES, &kind);
	else if (r->err.kind != ERR_CONFLICT)
		log_error("ca", "a certificate for %.*s could not be recorded "
		    "and is not given out: %s", SLICE_ARG(j->id), r->err.text);
	finish(j, &r->err);
}

static void
put_record(struct job *j, struct store_txn *t)
{
	uint8_t hash[HASH_LEN];
	struct str value = { 0 }, detail = { 0 };
	struct cert_record c = {
		.id = j->id, .serial = j->serial, .grant = j->spec.grant,
		.issued = j->began, .expires = j->not_after,
		.token = j->spec.token, .issuer = j->issuer, .root = j->root,
		.is_of_app = j->spec.is_of_app,
		.attestor = j->spec.attestor, .host = j->spec.host,
		.credential = j->spec.credential,
	};

	hash_sha256(hash, j->der);
	cert_record_write(&value, &c);
	store_txn_put_until(t, cert_record_key(&j->arena, hash),
	    str_slice(&value), j->not_after + renew_window_s(j->server) +
	    RECORDS_KEPT_S);
	str_add(&detail, "{\"serial\":");
	str_add_json(&detail, j->serial);
	str_addf(&detail, ",\"notAfter\":%lld", (long long)j->not_after);
	if (j->spec.token.len > 0) {
		str_add(&detail, ",\"token\":");
		str_add_json(&detail, j->spec.token);
	}
	if (j->spec.attestor.len > 0) {
		str_add(&detail, ",\"attestor\":");
		str_add_json(&detail, j->spec.attestor);
	}
	str_add_char(&detail, '}');
	j->spec.audit.detail = str_slice(&detail);
	audit_add(t, &j->spec.audit);
	str_fini(&value);
	str_fini(&detail);
}

static struct slice
hex_of(struct job *j, struct slice bytes)
{
	struct str hex = { 0 };
	struct slice kept;

	str_add_hex(&hex, bytes.ptr, bytes.len);
	kept = keep(j, str_slice(&hex));
	str_fini(&hex);
	return kept;
}

static void
on_signed(void *arg, const struct signer_reply *reply)
{
	struct job *j = arg;
	const struct cert *by = &j->server->ca->now.cert;
	struct err err = ERR_INIT;
	struct store_txn *t;
	struct cert leaf;

	if (reply->status != SIGNER_SIGNED) {
		signer_status_err(reply->status, &err);
		finish(j, &err);
		return;
	}
	j->der = keep(j, reply->body);
	if (is_overtaken(j, &err) || cert_parse(&leaf, j->der, &err) < 0) {
		finish(j, &err);
		return;
	}
	j->not_after = leaf.not_after;
	j->issuer = hex_of(j, leaf.akid);
	if (slice_eq(leaf.akid, by->skid))
		j->root = hex_of(j, by->akid);
	t = store_txn_new();
	if (j->spec.add != NULL && j->spec.add(j->spec.ctx, t, j->der,
	    j->not_after, &err) < 0) {
		store_txn_free(t);
		finish(j, &err);
		return;
	}
	put_record(j, t);
	store_commit(j->server->store, &t, &j->server->port, on_committed, j);
}

static void
on_signer(void *arg, unsigned ready)
{
	struct issuer *i = arg;
	struct signer *signer = i->server->ca->signer;
	int fd = signer_fd(signer);

	(void)ready;
	signer_on_readable(signer);
	signer_on_writable(signer);
	if (signer_fd(signer) != fd) {
		/* It closed the descriptor, which took it out of the loop. */
		struct err err;

		loop_fd_stop(&i->watch);
		err_set(&err, ERR_INTERNAL, "the process that signs has ended; "
		    "control has to start anew");
		server_fail(i->server, &err);
	}
}

void
issuer_issue(struct issuer *i, const struct issuer_job *spec)
{
	struct job *j = job_new(i->server, spec);
	struct err err = ERR_INIT;

	if (ca_ended_check(i->server->ca, j->began, &err) < 0) {
		finish(j, &err);
		return;
	}
	signer_send(i->server->ca->signer, &spec->request->sign, on_signed, j);
}

struct issuer *
issuer_new(struct server *s)
{
	struct issuer *i = mem_zalloc(sizeof(*i));

	i->server = s;
	loop_fd_start(&i->watch, s->loop, signer_fd(s->ca->signer), on_signer, i);
	return i;
}

void
issuer_free(struct issuer *i)
{
	if (i == NULL)
		return;
	loop_fd_stop(&i->watch);
	mem_free(i);
}
