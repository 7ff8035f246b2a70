#include "base/clock.h"
#include "modes/control/api_rows.h"
#include "modes/control/ca_ended.h"
#include "modes/control/ca_rotate.h"
#include "modes/control/jwt_rotation.h"
#include "modes/control/left_behind.h"
#include "modes/control/rotation.h"

/* api_rotation: orders about the certificate authority. */

static void
on_done(void *ctx, const struct err *err)
{
	struct api_call *call = ctx;

	if (err->kind != ERR_NONE)
		api_answer_err(call, err);
	else
		api_answer_ca(call);
	api_call_unref(call);
}

void
api_ca_prepare(struct api_call *call)
{
	const char *what = conf_get_string(call->json, "what");
	bool is_root = what != NULL && slice_is(SLICE("root"), what);
	const struct rotation_given given = {
		.root = slice_str(conf_get_string(call->json, "certificate")),
		.key = slice_str(conf_get_string(call->json, "key")),
		.chain = slice_str(conf_get_string(call->json, "chain")),
	};

	if (!is_root && (what == NULL ||
	    !slice_is(SLICE("intermediate"), what))) {
		api_answer_fail(call, ERR_DATA, "what: expected root or "
		    "intermediate");
		return;
	}
	if (given.root.len > 0 && (!is_root || given.key.len == 0)) {
		api_answer_fail(call, ERR_DATA, "certificate: a root, and its "
		    "key with it");
		return;
	}
	/* A CA's key goes over no network. */
	if (given.root.len > 0 && call->role != API_LOCAL) {
		api_answer_fail(call, ERR_DENIED, "a root from outside is given "
		    "on control's own machine, over its local socket");
		return;
	}
	if (given.chain.len > 0 && is_root) {
		api_answer_fail(call, ERR_DATA, "chain: an intermediate's; its "
		    "root goes behind it");
		return;
	}
	rotation_prepare(call->server->rotation, is_root ? CA_ROOT :
	    CA_INTERMEDIATE, &given, &call->who, on_done, api_call_ref(call));
}

void
api_ca_request(struct api_call *call)
{
	struct conf_node *map = conf_map_new(&call->arena);
	struct str pem = { 0 };
	struct err err = ERR_INIT;

	if (rotation_request(call->server->rotation, &call->who, &pem,
	    &err) < 0) {
		api_answer_err(call, &err);
	} else {
		conf_set_slice(map, "csr", str_slice(&pem));
		api_answer_node(call, 200, map);
	}
	str_fini(&pem);
}

void
api_ca_discard(struct api_call *call)
{
	rotation_discard(call->server->rotation, &call->who, on_done,
	    api_call_ref(call));
}

void
api_ca_replace_token_key(struct api_call *call)
{
	jwt_rotation_replace(call->server, &call->who, on_done,
	    api_call_ref(call));
}

void
api_ca_taint(struct api_call *call)
{
	rotation_taint(call->server->rotation, &call->who, on_done,
	    api_call_ref(call));
}

/* --- who is shut out ----------------------------------------------------------------- */

/* A change that is not made while somebody would be shut out by it. */
struct change {
	struct api_call  *call;
	bool              is_forced;
	struct conf_node *shut_out;	/* list of {name, kind, until} */
	/* What to do about those who hold it up; false: nobody does. */
	bool            (*explain)(struct str *, const struct left_behind *);
	void            (*make)(struct change *);
};

/* Of one kind: how many, one of them, and when the last certificate ends. */
struct left {
	size_t      n;
	const char *one;
	int64_t     until;
};

static struct left
count(const struct left_behind *b, enum left_behind_kind kind)
{
	struct left l = { 0 };

	for (size_t i = 0; i < b->n; i++) {
		if (b->v[i].kind != kind)
			continue;
		if (l.n++ == 0)
			l.one = b->v[i].name;
		if (l.until < b->v[i].until)
			l.until = b->v[i].until;
	}
	return l;
}

static void
add_left(struct conf_node *list, const struct left_behind_one *l)
{
	struct conf_node *one = conf_add_map(list);

	conf_set_string(one, "name", arena_strdup(list->items.arena, l->name));
	conf_set_string(one, "kind", left_behind_kind_name(l->kind));
	conf_set_time(one, "until", l->until);
}

static void
note_shut_out(struct change *d, const struct left_behind *b)
{
	for (size_t i = 0; i < b->n; i++)
		add_left(d->shut_out, &b->v[i]);
}

static void
on_changed(void *ctx, const struct err *err)
{
	struct change *d = ctx;
	struct conf_node *map;

	if (err->kind != ERR_NONE) {
		api_answer_err(d->call, err);
	} else {
		map = conf_map_new(&d->call->arena);
		api_add_ca(d->call, map);
		conf_set(map, "shutOut", d->shut_out);
		api_answer_node(d->call, 200, map);
	}
	api_call_unref(d->call);
}

/* Whom it would shut out is told first. */
static void
on_looked(void *ctx, const struct left_behind *b)
{
	struct change *d = ctx;
	struct str why = { 0 };

	if (b->err.kind != ERR_NONE) {
		api_answer_err(d->call, &b->err);
		api_call_unref(d->call);
	} else if (d->explain(&why, b) && !d->is_forced) {
		api_answer_fail(d->call, ERR_CONFLICT, "%s", str_ptr(&why));
		api_call_unref(d->call);
	} else {
		note_shut_out(d, b);
		d->make(d);
	}
	str_fini(&why);
}

static struct change *
change_new(struct api_call *call)
{
	struct change *d = arena_zalloc(&call->arena, sizeof(*d));

	d->call = api_call_ref(call);
	d->is_forced = conf_get_bool(call->json, "force", false);
	d->shut_out = conf_list_new(&call->arena);
	return d;
}

/* --- another root signs -------------------------------------------------------------- */

static bool
explain_activation(struct str *out, const struct left_behind *b)
{
	const struct left away = count(b, LEFT_AWAY);
	char end[CLOCK_TEXT_MAX];

	clock_format(end, away.until, -1);
	if (away.n > 0)
		str_addf(out, "nothing leads from the active root to the one "
		    "that is prepared, and %zu that %s not connected may not "
		    "have heard of it, such as %s: start or delete what is "
		    "missing, or wait until %s, when the last of these could "
		    "not come back anyhow; or --force to have them join anew",
		    away.n, away.n == 1 ? "is" : "are", away.one, end);
	return away.n > 0;
}

static void
make_activation(struct change *d)
{
	rotation_activate(d->call->server->rotation, &d->call->who, on_changed,
	    d);
}

/* A root that has ended shuts everybody out by itself. */
static bool
may_shut_out(const struct ca *ca)
{
	return !ca_rotate_is_vouched(&ca->files) &&
	    ca_ended(ca, clock_wall_s()) != CA_ENDED_ROOT;
}

void
api_ca_activate(struct api_call *call)
{
	const struct ca *ca = call->server->ca;
	struct change *d;

	if (ca_rotate_forgets_key(&ca->files) &&
	    !conf_get_bool(call->json, "forgetRootKey", false)) {
		api_answer_fail(call, ERR_CONFLICT, "forgetRootKey: the key of "
		    "the active root, %s, would be lost: expected true",
		    ca->files.root_key);
		return;
	}
	d = change_new(call);
	d->explain = explain_activation;
	d->make = make_activation;
	if (may_shut_out(ca))
		left_behind_look(call->server, LEFT_BY_ACTIVATE, on_looked, d);
	else
		make_activation(d);
}

/* --- the end of roots ---------------------------------------------------------------- */

static bool
explain_revocation(struct str *out, const struct left_behind *b)
{
	const struct left here = count(b, LEFT_CONNECTED),
	    away = count(b, LEFT_AWAY), people = count(b, LEFT_OPERATOR);
	char end[CLOCK_TEXT_MAX];

	if (here.n > 0)
		str_addf(out, "%zu hold%s only a certificate under the old "
		    "root, such as %s: mesh ctl ca taint; ", here.n,
		    here.n == 1 ? "s" : "", here.one);
	if (away.n > 0) {
		clock_format(end, away.until, -1);
		str_addf(out, "%zu that hold%s one %s not connected, such as "
		    "%s: start or delete what is missing, or wait until %s, "
		    "when the last of these ends; ", away.n,
		    away.n == 1 ? "s" : "", away.n == 1 ? "is" : "are",
		    away.one, end);
	}
	if (people.n > 0)
		str_addf(out, "%zu operator%s nobody renews, such as %s: mesh "
		    "ctl operator revoke %s, and mesh ctl operator create %s; ",
		    people.n, people.n == 1 ? "" : "s", people.one, people.one,
		    people.one);
	str_add(out, "or --force to shut them out");
	return here.n + away.n + people.n > 0;
}

static void
make_revocation(struct change *d)
{
	rotation_drop(d->call->server->rotation, INT64_MAX, &d->call->who,
	    on_changed, d);
}

void
api_ca_revoke(struct api_call *call)
{
	struct change *d = change_new(call);

	d->explain = explain_revocation;
	d->make = make_revocation;
	left_behind_look(call->server, LEFT_BY_REVOKE, on_looked, d);
}

/* --- who was shut out ---------------------------------------------------------------- */

/* Those under a root that is published still are let in. */
static bool
has_retired_root(const struct ca *ca)
{
	enum ca_level level;
	bool is_next = ca_rotate_is_prepared(&ca->files, &level) &&
	    level == CA_ROOT;

	return ca->bundle->len > (is_next ? 2 : 1);
}

static void
on_shut_out(void *ctx, const struct left_behind *b)
{
	struct api_call *call = ctx;
	struct conf_node *map = conf_map_new(&call->arena);
	struct conf_node *list = conf_set_list(map, "items");
	bool is_any = !has_retired_root(call->server->ca);

	for (size_t i = 0; is_any && i < b->n; i++)
		if (b->v[i].kind == LEFT_AWAY)
			add_left(list, &b->v[i]);
	if (b->err.kind != ERR_NONE)
		api_answer_err(call, &b->err);
	else
		api_answer_node(call, 200, map);
	api_call_unref(call);
}

void
api_ca_shut_out(struct api_call *call)
{
	left_behind_look(call->server, LEFT_BY_REVOKE, on_shut_out,
	    api_call_ref(call));
}
