#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "modes/control/ca_discard.h"
#include "modes/control/ca_ended.h"
#include "modes/control/ca_file.h"
#include "modes/control/ca_outside.h"
#include "modes/control/identity.h"
#include "modes/control/left_behind.h"
#include "modes/control/rotation.h"
#include "modes/control/sessions.h"

struct rotation {
	struct server *server;
	int64_t        said;		/* that others have to sign; or 0 */
	int64_t        said_end;	/* that the CA has ended; or 0 */
	/* An activation that waits for the signer: */
	bool           is_activating;
	rotation_done *done;
	void          *ctx;
};

struct rotation *
rotation_new(struct server *s)
{
	struct rotation *r = mem_zalloc(sizeof(*r));

	r->server = s;
	return r;
}

void
rotation_free(struct rotation *r)
{
	if (r == NULL)
		return;
	if (r->is_activating)
		signer_cancel(r->server->ca->signer, r);
	mem_free(r);
}

/* --- by age --------------------------------------------------------------------- */

#define DAY_S	INT64_C(86400)

static bool
is_below(const struct rotation_age *a, int64_t now, int64_t part, int64_t days)
{
	int64_t left = (a->not_after - a->not_before) / part;

	if (left > days * DAY_S)
		left = days * DAY_S;
	return a->not_after - now < left;
}

enum rotation_step
rotation_due(const struct rotation_facts *f, int64_t now)
{
	bool root_is_next = is_below(&f->root, now, 2, 30);

	if (f->is_prepared) {
		bool is_due = is_below(&f->intermediate, now, 6, 7) ||
		    (f->prepared == CA_ROOT && is_below(&f->root, now, 6, 7));

		return is_due ? ROTATION_ACTIVATE : ROTATION_NOTHING;
	}
	if (root_is_next)
		return ROTATION_PREPARE_ROOT;
	return is_below(&f->intermediate, now, 2, 30) ?
	    ROTATION_PREPARE_INTERMEDIATE : ROTATION_NOTHING;
}

static bool
has_ended_root(const struct ca *ca, int64_t before)
{
	for (size_t i = 1; i < ca->bundle->len; i++)
		if (ca->bundle->roots[i].not_after < before)
			return true;
	return false;
}

static void
on_looked(void *ctx, const struct err *err)
{
	(void)ctx;
	if (err->kind != ERR_NONE)
		log_error("ca", "rotation: %s", err->text);
}

bool
rotation_say(int64_t *said, int64_t now)
{
	/* A clock that was set back says it again. */
	if (*said != 0 && now >= *said && now - *said < ROTATION_SAY_S)
		return false;
	*said = now;
	return true;
}

/* What others have to sign is not made here; true: it is so. */
static bool
is_for_others(struct rotation *r, enum rotation_step step, int64_t now)
{
	const struct ca *ca = r->server->ca;
	bool is_root = step == ROTATION_PREPARE_ROOT;
	char end[CLOCK_TEXT_MAX];

	if ((!is_root && step != ROTATION_PREPARE_INTERMEDIATE) ||
	    ca_rotate_has_key(&ca->files, ca->root_key_file))
		return false;
	/* An end that is here was said louder. */
	if (ca_ended(ca, now) != CA_ENDED_NOT || !rotation_say(&r->said, now))
		return true;
	clock_format(end, is_root ? ca->bundle->roots[0].not_after :
	    ca->now.cert.not_after, -1);
	log_warn("ca", "the %s ends %s, and the root's key is elsewhere: mesh "
	    "ctl ca prepare --csr prints a request, to be signed there%s; mesh "
	    "ctl ca prepare --chain takes what comes back, and mesh ctl ca "
	    "activate puts it to use", is_root ? "root" : "intermediate", end,
	    is_root ? " under the next root" : "");
	return true;
}

static void
take(struct rotation *r, enum rotation_step step)
{
	const struct audit_entry who = { .actor = SLICE("control"),
	    .from = SLICE("local") };

	switch (step) {
	case ROTATION_PREPARE_INTERMEDIATE:
		rotation_prepare(r, CA_INTERMEDIATE, NULL, &who, on_looked, r);
		break;
	case ROTATION_PREPARE_ROOT:
		rotation_prepare(r, CA_ROOT, NULL, &who, on_looked, r);
		break;
	case ROTATION_ACTIVATE:
		rotation_activate(r, &who, on_looked, r);
		break;
	case ROTATION_NOTHING:
		break;
	}
}

/* There is nobody any more whom what was made just now would take by surprise. */
static void
look_at_end(struct rotation *r, int64_t now)
{
	const struct ca *ca = r->server->ca;
	enum ca_level level;
	struct err why = ERR_INIT;

	if (ca_ended_check(ca, now, &why) == 0) {
		r->said_end = 0;
		return;
	}
	if (!r->is_activating && ca_rotate_is_prepared(&ca->files, &level) &&
	    ca_rotate_has_key(&ca->files, ca->root_key_file))
		take(r, ROTATION_ACTIVATE);
	if (!r->is_activating && rotation_say(&r->said_end, now))
		log_error("ca", "%s", why.text);
	else if (r->is_activating && ca_ended(ca, now) == CA_ENDED_ROOT)
		log_error("ca", "the root has ended: another one takes its "
		    "place, and every proxy joins anew, with a new token");
}

/*
 * Since the intermediate ended nobody could hear of the prepared root: another
 * intermediate would shut nobody out, so it is for people to choose.
 */
static bool
would_shut_out(const struct ca *ca, int64_t now)
{
	return ca_ended(ca, now) == CA_ENDED_INTERMEDIATE &&
	    !ca_rotate_is_vouched(&ca->files);
}

void
rotation_look(struct rotation *r, int64_t now)
{
	const struct audit_entry who = { .actor = SLICE("control"),
	    .from = SLICE("local") };
	const struct ca *ca = r->server->ca;
	struct rotation_facts f = {
		.root = { ca->bundle->roots[0].not_before,
		    ca->bundle->roots[0].not_after },
		.intermediate = { ca->now.cert.not_before,
		    ca->now.cert.not_after },
	};

	f.is_prepared = ca_rotate_is_prepared(&ca->files, &f.prepared);
	enum rotation_step step = rotation_due(&f, now);

	if (!is_for_others(r, step, now) &&
	    (step != ROTATION_ACTIVATE || !would_shut_out(ca, now)))
		take(r, step);
	look_at_end(r, now);
	if (has_ended_root(ca, now - ROTATION_DROP_S))
		rotation_drop(r, now - ROTATION_DROP_S, &who, on_looked, r);
}

/* --- orders ------------------------------------------------------------------------ */

static void
on_audited(void *ctx, const struct store_result *r)
{
	(void)ctx;
	if (r->err.kind != ERR_NONE)
		log_error("ca", "a change of the CA is not in the audit log: %s",
		    r->err.text);
}

static void
audit(struct rotation *r, const struct audit_entry *who, const char *action,
    struct slice target)
{
	struct server *s = r->server;
	struct store_txn *t = store_txn_new();

	audit_note(t, who, action, target, SLICE_NONE);
	store_commit(s->store, &t, &s->port, on_audited, r);
}

static struct slice
level_name(enum ca_level level)
{
	return level == CA_ROOT ? SLICE("root") : SLICE("intermediate");
}

/* Everybody hears of the roots, control's own handshakes first. */
static int
publish(struct rotation *r, struct err *err)
{
	struct server *s = r->server;

	if (ca_reload_bundle(s->ca, err) < 0)
		return -1;
	if (s->identity != NULL)
		identity_renew(s->identity);
	sessions_publish(s->sessions);
	return 0;
}

void
rotation_prepare(struct rotation *r, enum ca_level level,
    const struct rotation_given *given, const struct audit_entry *who,
    rotation_done *done, void *ctx)
{
	struct ca *ca = r->server->ca;
	struct ca_rotate_options o = { .domain = ca->bundle->domain,
	    .root_key_file = ca->root_key_file, .now = clock_wall_s() };
	struct err err = ERR_INIT;

	if (given != NULL) {
		o.root_pem = given->root;
		o.root_key_pem = given->key;
	}
	if ((given != NULL && given->chain.len > 0 ?
	    ca_outside_prepare(&ca->files, given->chain, &o, &err) :
	    ca_rotate_prepare(&ca->files, level, &o, &err)) == 0) {
		ca_rotate_is_prepared(&ca->files, &level);
		audit(r, who, "ca.prepare", level_name(level));
		if (level == CA_ROOT)
			publish(r, &err);
	}
	done(ctx, &err);
}

int
rotation_request(struct rotation *r, const struct audit_entry *who,
    struct str *pem, struct err *err)
{
	struct ca *ca = r->server->ca;
	const struct ca_rotate_options o = { .domain = ca->bundle->domain,
	    .now = clock_wall_s() };

	if (ca_outside_request(&ca->files, &o, pem, err) < 0)
		return -1;
	audit(r, who, "ca.request", level_name(CA_INTERMEDIATE));
	return 0;
}

static void
finish_activation(struct rotation *r, const struct err *err)
{
	r->is_activating = false;
	r->done(r->ctx, err);
}

/* What is signed from here on is signed by the new one. */
static void
on_installed(void *owner, const struct signer_reply *reply)
{
	struct rotation *r = owner;
	struct ca *ca = r->server->ca;
	struct err err = ERR_INIT;

	if (reply->status != SIGNER_SIGNED)
		signer_status_err(reply->status, &err);
	else if (ca_rotate_activate(&ca->files, &err) == 0 &&
	    ca_reload_issuers(ca, &err) == 0 && publish(r, &err) == 0)
		log_info("ca", "another intermediate signs from now on");
	finish_activation(r, &err);
}

static int
install(struct rotation *r, struct err *err)
{
	const struct ca_files *f = &r->server->ca->files;
	struct str text = { 0 };
	struct chain chain;
	struct key key = { 0 };
	int result = ca_file_read(&text, f->next_intermediate_cert, false, err);

	chain_init(&chain);
	if (result == 0)
		result = chain_add_pem(&chain, str_slice(&text), err);
	if (result == 0)
		result = ca_file_read_key(&key, f->next_intermediate_key, err);
	if (result == 0)
		signer_install(r->server->ca->signer, chain_cert(&chain, 0),
		    &key, on_installed, r);
	key_fini(&key);
	chain_fini(&chain);
	str_fini(&text);
	return result;
}

void
rotation_activate(struct rotation *r, const struct audit_entry *who,
    rotation_done *done, void *ctx)
{
	const struct ca_files *f = &r->server->ca->files;
	struct err err = ERR_INIT;
	enum ca_level level;

	if (r->is_activating)
		err_set(&err, ERR_CONFLICT, "an activation is under way");
	else if (!ca_rotate_is_prepared(f, &level))
		err_set(&err, ERR_NOT_FOUND, "nothing is prepared: mesh ctl ca "
		    "prepare");
	if (err.kind != ERR_NONE) {
		done(ctx, &err);
		return;
	}
	audit(r, who, "ca.activate", level_name(level));
	r->is_activating = true;
	r->done = done;
	r->ctx = ctx;
	if (install(r, &err) < 0)
		finish_activation(r, &err);
}

void
rotation_discard(struct rotation *r, const struct audit_entry *who,
    rotation_done *done, void *ctx)
{
	const struct ca_files *f = &r->server->ca->files;
	struct err err = ERR_INIT;
	enum ca_level level;

	ca_rotate_is_prepared(f, &level);
	if (r->is_activating) {
		err_set(&err, ERR_CONFLICT, "an activation is under way");
	} else if (ca_discard(f, &err) == 0) {
		audit(r, who, "ca.discard", level_name(level));
		log_info("ca", "the %.*s that was prepared is discarded",
		    SLICE_ARG(level_name(level)));
		if (level == CA_ROOT)
			publish(r, &err);
	}
	done(ctx, &err);
}

void
rotation_taint(struct rotation *r, const struct audit_entry *who,
    rotation_done *done, void *ctx)
{
	struct err none = ERR_INIT;

	audit(r, who, "ca.taint", SLICE("certificates"));
	if (r->server->identity != NULL)
		identity_renew(r->server->identity);
	sessions_ask_renewal(r->server->sessions);
	done(ctx, &none);
}

/* After everybody was told: who is still under such a root is heard no more. */
static void
on_shut_out(void *ctx, const struct left_behind *b)
{
	struct server *s = ctx;

	if (b->err.kind != ERR_NONE)
		log_error("ca", "who stands on a root that was revoked is not "
		    "cut off: %s", b->err.text);
	for (size_t i = 0; i < b->n; i++)
		if (b->v[i].kind == LEFT_CONNECTED)
			sessions_shut_out(s->sessions, slice_str(b->v[i].name));
}

void
rotation_drop(struct rotation *r, int64_t ended, const struct audit_entry *who,
    rotation_done *done, void *ctx)
{
	struct ca *ca = r->server->ca;
	struct err err = ERR_INIT;
	enum ca_level level;
	int n;

	if (ca_rotate_is_prepared(&ca->files, &level) && level == CA_ROOT) {
		err_set(&err, ERR_CONFLICT, "a root is prepared: activate or "
		    "discard it first");
		done(ctx, &err);
		return;
	}
	n = ca_rotate_drop(&ca->files, ca->bundle->domain, ended, &err);
	if (n == 0)
		err_set(&err, ERR_NOT_FOUND, "no root but the active one is "
		    "trusted");
	if (n > 0) {
		audit(r, who, "ca.drop", SLICE("root"));
		publish(r, &err);
		/* By age there is nobody: no certificate outlives its root. */
		if (ended == INT64_MAX)
			left_behind_look(r->server, LEFT_BY_REVOKE, on_shut_out,
			    r->server);
	}
	done(ctx, &err);
}
