#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "modes/control/jwt_rotation.h"
#include "modes/control/sessions.h"

static void
on_audited(void *ctx, const struct store_result *r)
{
	(void)ctx;
	if (r->err.kind != ERR_NONE)
		log_error("ca", "a change of the keys of tokens is not in the "
		    "audit log: %s", r->err.text);
}

static void
audit(struct server *s, const struct audit_entry *who, const char *action)
{
	struct store_txn *t = store_txn_new();

	audit_note(t, who, action, SLICE("jwt-key"), SLICE_NONE);
	store_commit(s->store, &t, &s->port, on_audited, s);
}

static void
on_renewed(void *owner, const struct signer_reply *reply)
{
	struct server *s = owner;
	struct err err = ERR_INIT;

	if (reply->status != SIGNER_SIGNED)
		signer_status_err(reply->status, &err);
	else if (jwt_keys_activate(&s->ca->jwt, &s->ca->files, clock_wall_s(),
	    &err) == 0)
		sessions_publish(s->sessions);
	if (err.kind != ERR_NONE)
		log_error("ca", "keys of tokens: %s", err.text);
}

static int
activate(struct server *s, struct err *err)
{
	struct key key = { 0 };
	int r = jwt_keys_read_next(&key, &s->ca->files, err);

	if (r == 0)
		signer_renew(s->ca->signer, &key, on_renewed, s);
	key_fini(&key);
	return r;
}

/* --- by order ------------------------------------------------------------ */

struct order {
	struct server *server;
	void         (*done)(void *, const struct err *);
	void          *ctx;
};

static void
on_replaced(void *owner, const struct signer_reply *reply)
{
	struct order *o = owner;
	struct server *s = o->server;
	struct err err = ERR_INIT;

	if (reply->status != SIGNER_SIGNED)
		signer_status_err(reply->status, &err);
	else if (jwt_keys_activate(&s->ca->jwt, &s->ca->files, clock_wall_s(),
	    &err) == 0)
		jwt_keys_drop(&s->ca->jwt, &s->ca->files, INT64_MAX, &err);
	if (err.kind == ERR_NONE)
		sessions_publish(s->sessions);
	o->done(o->ctx, &err);
	mem_free(o);
}

void
jwt_rotation_replace(struct server *s, const struct audit_entry *who,
    void (*done)(void *, const struct err *), void *ctx)
{
	struct order *o = mem_alloc(sizeof(*o));
	struct ca *ca = s->ca;
	struct err err = ERR_INIT;
	struct key key = { 0 };

	*o = (struct order){ s, done, ctx };
	/* One that was published already serves, too. */
	if (jwt_keys_read_next(&key, &ca->files, &err) != 0 &&
	    err.kind == ERR_NOT_FOUND) {
		err = ERR_INIT;
		if (jwt_keys_prepare(&ca->jwt, &ca->files, clock_wall_s(),
		    &err) == 0)
			jwt_keys_read_next(&key, &ca->files, &err);
	}
	if (err.kind == ERR_NONE) {
		audit(s, who, "ca.replace");
		signer_renew(ca->signer, &key, on_replaced, o);
	} else {
		done(ctx, &err);
		mem_free(o);
	}
	key_fini(&key);
}

/* --- by age -------------------------------------------------------------- */

void
jwt_rotation_look(struct server *s, int64_t now)
{
	const struct audit_entry who = { .actor = SLICE("control"),
	    .from = SLICE("local") };
	struct ca *ca = s->ca;
	struct err err = ERR_INIT;

	switch (jwt_keys_due(&ca->jwt, now)) {
	case JWT_NOTHING:
		return;
	case JWT_PREPARE:
		audit(s, &who, "ca.prepare");
		jwt_keys_prepare(&ca->jwt, &ca->files, now, &err);
		break;
	case JWT_ACTIVATE:
		audit(s, &who, "ca.activate");
		activate(s, &err);
		break;
	case JWT_DROP:
		audit(s, &who, "ca.drop");
		jwt_keys_drop(&ca->jwt, &ca->files, now - JWT_KEY_TAIL_S, &err);
		break;
	}
	if (err.kind != ERR_NONE)
		log_error("ca", "keys of tokens: %s", err.text);
	else
		sessions_publish(s->sessions);
}
