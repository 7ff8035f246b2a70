#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "model/host_attestor.h"
#include "modes/control/api_caller.h"
#include "modes/control/oidc.h"
#include "modes/control/operators.h"
#include "modes/control/records.h"
#include "modes/control/refusals.h"
#include "modes/control/revocations.h"
#include "modes/control/users.h"

/* --- who calls ------------------------------------------------------------ */

void
api_caller_rights(const struct api_call *call, struct arena *a,
    struct rights *out)
{
	/* Whose login was ended meanwhile is nobody. */
	if (call->login.len > 0 && users_login_find(call->server->users,
	    call->login) == NULL) {
		*out = (struct rights){ 0 };
		return;
	}
	bindings_rights(call->server->bindings, &call->person, a, out);
	if (call->is_owner)
		out->everywhere = MODEL_ADMIN;
}

static void
identify_socket(struct api_call *call)
{
	static const struct slice groups[] = {
		{ BINDINGS_SOCKET_GROUP, sizeof(BINDINGS_SOCKET_GROUP) - 1 },
	};
	uid_t uid;

	call->who.from = call->who.actor = SLICE("local");
	call->who.how = SLICE("socket");
	if (conn_peer_uid(l7_conn(call->ctx), &uid) < 0)
		return;
	call->who.actor = slice_str(arena_printf(&call->arena, "uid/%lu",
	    (unsigned long)uid));
	call->person = (struct bindings_person){
		.user = slice_str(arena_printf(&call->arena, "uid:%lu",
		    (unsigned long)uid)),
		.groups = groups, .groups_len = 1,
	};
	/* Whoever can read our keys and our store needs no binding. */
	call->is_owner = uid == 0 || uid == geteuid();
}

static void
identify_certificate(struct api_call *call)
{
	const struct conn_peer *peer = l7_peer(call->ctx);

	if (!spiffe_parse(&call->spiffe, call->id) ||
	    peer->not_after < clock_wall_s())
		return;
	call->who.actor = call->id;
	call->who.how = SLICE("certificate");
	call->revoked = revocations_refuse_cert(call->server->revocations,
	    call->id, peer->not_before);
	if (call->revoked != 0)
		return;
	if (call->spiffe.kind == SPIFFE_WORKLOAD) {
		call->role = API_WORKLOAD;
	} else if (call->spiffe.kind == SPIFFE_OPERATOR &&
	    operators_know(call->server->operators, call->spiffe.name,
	    call->leaf)) {
		call->role = API_OPERATOR;
		call->person.user = call->spiffe.name;
		call->who.actor = slice_str(arena_printf(&call->arena,
		    "operator/%.*s", SLICE_ARG(call->spiffe.name)));
	}
}

/* RFC 6750, 2.1. */
static struct slice
bearer(const struct api_call *call)
{
	struct slice value = http_fields_get(&l7_request(call->ctx)->fields,
	    FIELD_AUTHORIZATION), scheme;

	return slice_cut(&value, ' ', &scheme) &&
	    slice_ieq(scheme, SLICE("bearer")) ? slice_trim(value) : SLICE_NONE;
}

static void
identify_login(struct api_call *call, struct slice token)
{
	const struct login *l = users_login(call->server->users, token,
	    clock_wall_s());

	if (l == NULL) {
		call->bad_token = "the token is not, or no longer, that of a "
		    "login: mesh ctl login";
		return;
	}
	call->role = API_OPERATOR;
	call->login = arena_dup(&call->arena, slice_str(l->id));
	call->person.user = arena_dup(&call->arena, l->user);
	call->not_after = l->expires;
	call->who.how = SLICE("password");
	call->who.actor = slice_str(arena_printf(&call->arena, "user/%.*s",
	    SLICE_ARG(l->user)));
}

static void
identify_id_token(struct api_call *call, struct slice token)
{
	struct oidc_claims claims;

	if (!oidc_judge(call->server->oidc, &call->arena, arena_dup(
	    &call->arena, token), clock_wall_s(), &claims, &call->bad_token))
		return;
	call->role = API_OPERATOR;
	call->person = claims.person;
	call->not_after = claims.until;
	call->who.how = SLICE("id-token");
	call->who.actor = slice_str(arena_printf(&call->arena, "oidc/%.*s",
	    SLICE_ARG(claims.name)));
}

static void
forget(struct api_call *call)
{
	call->who = (struct audit_entry){ .actor = SLICE("anonymous") };
	call->person = (struct bindings_person){ 0 };
	call->rights = (struct rights){ 0 };
	call->is_owner = false;
	call->login = call->id = SLICE_NONE;
	call->spiffe = (struct spiffe){ 0 };
	call->bad_token = NULL;
	call->not_after = call->revoked = 0;
}

/* Whoever shows a token is whom it says, or nobody. */
static void
identify_token(struct api_call *call, struct slice token)
{
	call->role = API_NOBODY;
	if (call->server->oidc != NULL &&
	    !slice_has_prefix(token, SLICE(LOGIN_PREFIX)))
		identify_id_token(call, token);
	else
		identify_login(call, token);
}

void
api_caller_identify(struct api_call *call, unsigned door)
{
	struct slice token = SLICE_NONE;
	const struct conn_peer *peer = l7_peer(call->ctx);
	char text[ADDR_TEXT_MAX];
	struct addr room;

	forget(call);
	call->role = (enum api_role)door;
	addr_format(l7_addr(call->ctx, &room), text);
	call->who.from = arena_dup(&call->arena, slice_str(text));
	if (door != API_ADMIN)
		token = bearer(call);
	if (token.len > 0) {
		identify_token(call, token);
	} else if (door == API_LOCAL) {
		identify_socket(call);
	} else if (door == API_NOBODY) {
		call->id = arena_dup(&call->arena, slice_str(peer->id));
		memcpy(call->leaf, peer->cert_hash, sizeof(call->leaf));
		call->not_after = peer->not_after;
		identify_certificate(call);
	}
	if ((call->role & API_PEOPLE) != 0)
		api_caller_rights(call, &call->arena, &call->rights);
}

/* --- what one may ------------------------------------------------------------ */

/*
 * The audit log hears of those who are somebody.  A proxy that was revoked comes
 * back again and again, and only asks for what it had.
 */
static void
answer_refused(struct api_call *call, const struct err *err)
{
	bool is_known = call->spiffe.kind == SPIFFE_OPERATOR ||
	    call->role != API_NOBODY;

	if (call->who.how.ptr != NULL && is_known)
		refusals_note(call->server, &call->who, slice_str(err->text));
	api_answer_err(call, err);
}

static void
refuse_role(struct api_call *call)
{
	struct err err;
	const char *needs = call->route->who == API_WORKLOAD ?
	    "a workload's certificate" : call->route->who == API_LOCAL ?
	    "the local socket" : "an operator's certificate, or the local socket";

	if (call->revoked != 0) {
		char when[CLOCK_TEXT_MAX];

		clock_format(when, call->revoked, -1);
		err_set(&err, ERR_DENIED, "%.*s was revoked at %s; join "
		    "again with a new token", SLICE_ARG(call->id), when);
	} else if (call->spiffe.kind == SPIFFE_OPERATOR && call->id.len > 0 &&
	    call->role == API_NOBODY)
		err_set(&err, ERR_DENIED, "%.*s is not, or no longer, an "
		    "operator with this certificate", SLICE_ARG(call->id));
	else
		err_set(&err, ERR_DENIED, "%.*s may not do this: it "
		    "needs %s", SLICE_ARG(call->who.actor), needs);
	answer_refused(call, &err);
}

static void
refuse_token(struct api_call *call)
{
	struct str s = { 0 };

	str_add(&s, "{\"error\":{\"kind\":\"denied\",\"message\":");
	str_add_json(&s, slice_str(call->bad_token));
	str_add(&s, "}}\n");
	api_answer_json(call, 401, str_slice(&s));
	str_fini(&s);
}

/* What is asked for: a resource of rights.h, and where. */
struct asked {
	const struct model_kind *kind;	/* NULL: a call */
	struct slice             resource;
	struct slice             ns;	/* absent: none, or all of them */
	const char              *verb;	/* for people */
	const char              *more;	/* of the document, for people, or NULL */
};

/* "web-team may not delete HTTPRoute in namespace pay: needs ...". */
static void
say_refused(const struct api_call *call, const struct asked *q,
    struct rights_need need, struct err *err)
{
	struct str s = { 0 };

	str_addf(&s, "%.*s may not %s ", SLICE_ARG(call->who.actor), q->verb);
	if (q->kind != NULL)
		str_addf(&s, "%s%s", q->kind->kind, q->more == NULL ? "" :
		    q->more);
	else
		str_add_slice(&s, q->resource);
	if (q->ns.ptr != NULL && need.reach == RIGHTS_HERE)
		str_addf(&s, " in namespace %.*s", SLICE_ARG(q->ns));
	str_add(&s, ": ");
	rights_say(&s, need, q->ns);
	err_set(err, ERR_DENIED, "%s", str_ptr(&s));
	str_fini(&s);
}

static int
judge(struct api_call *call, const struct asked *q, enum rights_verb verb,
    struct slice *role, struct err *err)
{
	struct rights_need need = rights_need(q->resource, verb, q->ns);

	if (q->more != NULL)
		need.reach = RIGHTS_EVERYWHERE;
	if (rights_meet(&call->rights, need, q->ns)) {
		*role = slice_str(model_role_name(need.role));
		return 0;
	}
	say_refused(call, q, need, err);
	refusals_note(call->server, &call->who, slice_str(err->text));
	return -1;
}

/* Of which kind a path or a key speaks, and where it would be. */
static struct slice
place_of(const struct model_kind *k, struct slice ns, struct slice name)
{
	if (k == &model_namespace_kind)
		return name;
	return k->namespaced ? ns : SLICE_NONE;
}

static const struct model_kind *
kind_of(struct slice plural)
{
	for (size_t i = 0; model_kinds[i] != NULL; i++)
		if (model_kinds[i]->stored &&
		    slice_is(plural, model_kinds[i]->plural))
			return model_kinds[i];
	return NULL;
}

static const char *
verb_of(const struct api_call *call, const struct asked *q)
{
	switch (call->route->method) {
	case METHOD_GET:
		return "read";
	case METHOD_DELETE:
		return "delete";
	default:
		return q->kind != NULL ? "apply" : "change";
	}
}

static struct slice
given(struct slice s)
{
	return s.len > 0 ? s : SLICE_NONE;
}

bool
api_caller_may(struct api_call *call)
{
	const struct api_route *r = call->route;
	struct asked q = { .resource = slice_str(r->resource) };
	struct err err = ERR_INIT;

	if (call->bad_token != NULL && (r->who & API_NOBODY) == 0) {
		refuse_token(call);
		return false;
	}
	if ((r->who & call->role) == 0) {
		refuse_role(call);
		return false;
	}
	if ((call->role & API_PEOPLE) == 0 || (r->who & API_NOBODY) != 0)
		return true;
	if (slice_is(q.resource, "documents"))
		q.kind = kind_of(call->params[0]);
	if (q.kind != NULL) {
		q.resource = call->params[0];
		q.ns = call->params[1].ptr != NULL ? place_of(q.kind,
		    call->params[1], call->params[2]) :
		    given(api_query(call, "namespace"));
	} else if (call->params[0].ptr != NULL) {
		q.ns = call->params[0];
	} else {
		q.ns = given(api_query(call, "namespace"));
	}
	q.verb = verb_of(call, &q);
	if (judge(call, &q, r->method == METHOD_GET ? RIGHTS_READ :
	    RIGHTS_WRITE, &call->who.role, &err) == 0)
		return true;
	api_answer_err(call, &err);
	return false;
}

bool
api_caller_sees(const struct api_call *call, const char *resource,
    struct slice ns)
{
	return rights_meet(&call->rights, rights_need(slice_str(resource),
	    RIGHTS_READ, ns), ns);
}

/* The parts of a key without copying them: "/GROUP/PLURAL/NS/NAME". */
static const struct model_kind *
read_key(struct slice key, struct slice *ns, struct slice *name)
{
	struct slice part, plural;

	if (!slice_cut(&key, '/', &part) || !slice_cut(&key, '/', &part) ||
	    !slice_cut(&key, '/', &plural) || !slice_cut(&key, '/', ns))
		return NULL;
	*name = key;
	return kind_of(plural);
}

bool
api_caller_sees_key(const struct api_call *call, struct slice key)
{
	struct slice ns, name;
	const struct model_kind *k = read_key(key, &ns, &name);

	return k != NULL && api_caller_sees(call, k->plural,
	    place_of(k, ns, name));
}

/*
 * What takes its role everywhere though it stands in a namespace, or NULL.  The
 * whole mesh believes what Gateways say of whom they call for.
 */
static const char *
reaches_all(const struct model_object *sent)
{
	if (sent == NULL || sent->kind != &model_host_attestor_kind)
		return NULL;
	return model_host_attestor(sent)->spec.gateways_len > 0 ?
	    " with gateways" : NULL;
}

int
api_caller_may_edit(void *arg, const char *key, const struct model_object *sent,
    struct slice *role, struct err *err)
{
	struct api_call *call = arg;
	struct asked q = { .verb = sent == NULL ? "delete" : "apply",
		.more = reaches_all(sent) };
	struct slice ns, name;

	q.kind = read_key(slice_str(key), &ns, &name);
	if (q.kind == NULL)
		return 0;	/* read_set says that control keeps none */
	q.resource = slice_str(q.kind->plural);
	q.ns = place_of(q.kind, ns, name);
	return judge(call, &q, RIGHTS_WRITE, role, err);
}

void
api_caller_sift(const struct api_call *call, struct conf_node *list,
    const char *resource, const char *const members[2])
{
	struct conf_node *kept = conf_list_new(list->items.arena);

	if (call->rights.everywhere >= rights_need(slice_str(resource),
	    RIGHTS_READ, SLICE_NONE).role)
		return;
	CONF_FOREACH(e, list) {
		bool sees = false;

		for (int i = 0; i < 2 && members[i] != NULL; i++) {
			struct slice rest = slice_str(conf_get_string(e->node,
			    members[i])), ns;

			sees |= slice_cut(&rest, '/', &ns) &&
			    api_caller_sees(call, resource, ns);
		}
		if (sees)
			conf_add(kept, e->node);
	}
	list->items = kept->items;
}

const char *
api_caller_role_of(struct api_call *call, struct slice name)
{
	const struct bindings_person who = { .user = name };
	struct rights r;
	enum model_role best;
	const char *text;

	bindings_rights(call->server->bindings, &who, &call->arena, &r);
	best = rights_somewhere(&r);
	text = model_role_name(best);
	if (r.everywhere == best)
		return text;
	text = arena_printf(&call->arena, "%s in", text);
	for (size_t i = 0, n = 0; i < r.in_len; i++)
		if (r.in[i].role == best)
			text = arena_printf(&call->arena, "%s%s%.*s", text,
			    n++ == 0 ? " " : ",", SLICE_ARG(r.in[i].ns));
	return text;
}

void
api_caller_end_of(struct api_call *call, const char *source, struct slice name)
{
	api_streams_end_of(call->server, slice_str(arena_printf(&call->arena,
	    "%s/%.*s", source, SLICE_ARG(name))));
}

int
api_caller_record(struct api_call *call, const struct store_result *r,
    const char *instead, struct cert_record *out, struct err *err)
{
	*err = r->err;
	if (err->kind == ERR_NONE && r->n_items == 0)
		unrecorded_refuse(call->server, &call->who, call->leaf,
		    "session.refused", err);
	if (err->kind == ERR_NONE)
		cert_record_read(out, &call->arena, r->items[0].value, err);
	/* While the store was asked, somebody may have been revoked. */
	if (err->kind == ERR_NONE && revocations_refuse(
	    call->server->revocations, out->id, out->issued) != 0)
		err_set(err, ERR_DENIED, "the identity was revoked; join again "
		    "with a new token");
	else if (err->kind == ERR_NONE && out->is_of_app)
		err_set(err, ERR_DENIED, "this is an application's "
		    "certificate: %s", instead);
	return err->kind == ERR_NONE ? 0 : -1;
}
