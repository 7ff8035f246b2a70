#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "conf/units.h"
#include "model/workload.h"
#include "modes/control/api_rows.h"
#include "modes/control/revocations.h"
#include "modes/control/sessions.h"
#include "modes/control/store_keys.h"
#include "pki/spiffe.h"

/* api_revoke: identities that are to be trusted no longer. */

#define WAIT_MS		5000
#define WAIT_MAX_MS	60000

struct revoking {
	struct api_call         *call;
	struct revocation_record record;
	int64_t                  wait_ms;
	size_t                   valid;		/* certificates of it */
};

/* --- what is asked for ------------------------------------------------------ */

static int
read_spiffe(struct revoking *v, struct slice text, struct err *err)
{
	struct spiffe id;

	if (!spiffe_parse(&id, text) ||
	    !slice_eq(id.domain, v->call->server->ca->bundle->domain))
		return err_set(err, ERR_DATA, "identity: \"%.*s\" is no SPIFFE "
		    "ID of this trust domain", SLICE_ARG(text));
	if (id.kind == SPIFFE_OPERATOR)
		return err_set(err, ERR_DATA, "identity: %.*s is an operator: "
		    "mesh ctl operator revoke %.*s", SLICE_ARG(text),
		    SLICE_ARG(id.name));
	if (id.kind != SPIFFE_WORKLOAD)
		return err_set(err, ERR_DATA, "identity: %.*s is no workload's",
		    SLICE_ARG(text));
	v->record.id = text;
	return 0;
}

/* NAMESPACE/ACCOUNT or ACCOUNT. */
static int
read_names(struct revoking *v, struct slice text, struct err *err)
{
	struct slice ns = SLICE("default"), all = text;
	struct str id = { 0 };

	if (slice_find(text, '/') >= 0)
		slice_cut(&text, '/', &ns);
	if (!spiffe_ns_ok(ns) || !spiffe_label_ok(text))
		return err_set(err, ERR_DATA, "identity: expected a SPIFFE ID "
		    "or NAMESPACE/ACCOUNT, found \"%.*s\"", SLICE_ARG(all));
	spiffe_add_workload(&id, v->call->server->ca->bundle->domain, ns, text);
	v->record.id = arena_dup(&v->call->arena, str_slice(&id));
	str_fini(&id);
	return 0;
}

static int
read_body(struct revoking *v, struct err *err)
{
	const struct conf_node *json = v->call->json;
	struct slice text = slice_str(conf_get_string(json, "identity"));
	const char *wait = conf_get_string(json, "wait");

	v->wait_ms = WAIT_MS;
	if (text.ptr == NULL)
		return err_set(err, ERR_DATA, "identity: expected a SPIFFE ID "
		    "or NAMESPACE/ACCOUNT");
	if (conf_get(json, "wait") != NULL && (wait == NULL ||
	    !conf_duration_read(slice_str(wait), &v->wait_ms) ||
	    v->wait_ms < 0 || v->wait_ms > WAIT_MAX_MS))
		return err_set(err, ERR_DATA, "wait: expected a duration of at "
		    "most 1m, such as 5s");
	return slice_find(text, ':') >= 0 ? read_spiffe(v, text, err) :
	    read_names(v, text, err);
}

/* --- the answer ------------------------------------------------------------- */

static bool
is_of(const struct model_object *o, struct slice domain, struct slice id)
{
	const char *account = model_workload(o)->spec.service_account;
	struct str own = { 0 };

	if (account == NULL)
		return false;
	spiffe_add_workload(&own, domain, slice_str(o->head->meta.namespace),
	    slice_str(account));
	bool is = slice_eq(str_slice(&own), id);

	str_fini(&own);
	return is;
}

/* Other sidecars that do not listen to us run on with what they knew. */
static void
add_away(const struct revoking *v, struct conf_node *list)
{
	const struct server *s = v->call->server;
	struct registry_query q = { .kind = &model_workload_kind };
	size_t n;
	struct model_object **all = registry_list(s->registry, &q, &n);

	for (size_t i = 0; i < n; i++)
		if (model_workload(all[i])->spec.sidecar &&
		    !sessions_has(s->sessions,
		    slice_str(model_object_name(all[i]))) &&
		    !is_of(all[i], s->ca->bundle->domain, v->record.id))
			conf_add_string(list, model_object_name(all[i]));
	mem_free(all);
}

static void
on_recalled(void *ctx, const struct sessions_recalled *r)
{
	struct revoking *v = ctx;
	struct api_call *call = v->call;
	struct conf_node *map = conf_map_new(&call->arena), *list;

	conf_set_slice(map, "identity", v->record.id);
	conf_set_time(map, "revoked", v->record.at);
	conf_set_time(map, "until", v->record.until);
	conf_set_int(map, "certificates", (int64_t)v->valid);
	conf_set_int(map, "obeyed", (int64_t)r->obeyed);
	list = conf_set_list(map, "waiting");
	for (size_t i = 0; i < r->waiting_len; i++)
		conf_add_string(list, arena_strdup(&call->arena,
		    r->waiting[i]));
	add_away(v, conf_set_list(map, "away"));
	api_answer_node(call, 200, map);
	api_call_unref(call);
}

/* --- doing it ------------------------------------------------------------------ */

static void
on_written(void *ctx, const struct store_result *r)
{
	struct revoking *v = ctx;
	struct server *s = v->call->server;

	if (r->err.kind != ERR_NONE) {
		api_answer_err(v->call, &r->err);
		api_call_unref(v->call);
		return;
	}
	revocations_forget(s->revocations, v->record.at);
	revocations_add(s->revocations, &v->record);
	log_warn("ca", "%.*s was revoked by %.*s", SLICE_ARG(v->record.id),
	    SLICE_ARG(v->record.by));
	sessions_recall(s->sessions, v->record.id, (uint64_t)v->wait_ms,
	    on_recalled, v);
}

static void
write_record(struct revoking *v)
{
	struct api_call *call = v->call;
	struct store_txn *t = store_txn_new();
	struct str detail = { 0 };

	revocations_put(t, &v->record);
	str_addf(&detail, "{\"certificates\":%zu,\"until\":%lld}", v->valid,
	    (long long)v->record.until);
	audit_note(t, &call->who, "identity.revoke", v->record.id,
	    str_slice(&detail));
	str_fini(&detail);
	store_commit(call->server->store, &t, &call->server->port, on_written,
	    v);
}

/* Which of all certificates are this identity's, and when the last ends. */
static size_t
look_at(struct revoking *v, const struct store_item *item)
{
	struct revocation_record *r = &v->record;
	struct cert_record c;
	struct err err = ERR_INIT;
	struct arena a;
	size_t is_its = 0;

	arena_init(&a);
	if (cert_record_read(&c, &a, item->value, &err) == 0 &&
	    slice_eq(c.id, r->id)) {
		is_its = 1;
		v->valid += c.expires > r->at;
		if (r->until < c.expires)
			r->until = c.expires;
	}
	arena_fini(&a);
	return is_its;
}

static void
on_certificates(void *ctx, const struct store_result *l)
{
	struct revoking *v = ctx;
	struct err err = l->err;
	size_t n = 0;
	int64_t life_s;

	if (err.kind != ERR_NONE || revocations_has_room(
	    v->call->server->revocations, v->record.id, clock_wall_s(),
	    &err) < 0) {
		api_answer_err(v->call, &err);
		api_call_unref(v->call);
		return;
	}
	v->record.at = v->record.until = clock_wall_s();
	for (size_t i = 0; i < l->n_items; i++)
		n += look_at(v, &l->items[i]);
	/* One may be in the making, as of this second. */
	life_s = v->call->server->ca->leaf_life_s;
	if (v->valid > 0 && v->record.until < v->record.at + life_s)
		v->record.until = v->record.at + life_s;
	if (n == 0) {
		api_answer_fail(v->call, ERR_NOT_FOUND, "no certificate of %.*s "
		    "is known: mesh ctl proxy status -o wide lists identities",
		    SLICE_ARG(v->record.id));
		api_call_unref(v->call);
		return;
	}
	write_record(v);
}

void
api_revoke(struct api_call *call)
{
	struct revoking *v = arena_zalloc(&call->arena, sizeof(*v));
	struct err err = ERR_INIT;

	v->call = call;
	v->record.by = call->who.actor;
	if (read_body(v, &err) < 0) {
		api_answer_err(call, &err);
		return;
	}
	api_call_ref(call);
	store_list(call->server->store, &(struct store_query){
		.prefix = SLICE(STORE_CERTIFICATES),
	}, &call->server->port, on_certificates, v);
}

/* --- those that there are --------------------------------------------------------- */

static void
note_issued(struct map *issued, const struct store_item *item)
{
	struct cert_record c;
	struct err err = ERR_INIT;
	struct arena a;

	arena_init(&a);
	if (cert_record_read(&c, &a, item->value, &err) == 0 &&
	    c.expires > clock_wall_s() &&
	    c.issued > (int64_t)(intptr_t)map_get(issued, c.id))
		map_put(issued, c.id, (void *)(intptr_t)c.issued);
	arena_fini(&a);
}

/* Who joined again by a token has one that is later. */
static void
on_issued(void *ctx, const struct store_result *l)
{
	struct api_call *call = ctx;
	struct conf_node *map = conf_map_new(&call->arena);
	struct map issued = { 0 };

	for (size_t i = 0; i < l->n_items; i++)
		note_issued(&issued, &l->items[i]);
	revocations_write(call->server->revocations, &issued,
	    conf_set_list(map, "items"));
	if (l->err.kind != ERR_NONE)
		api_answer_err(call, &l->err);
	else
		api_answer_node(call, 200, map);
	map_fini(&issued, NULL);
	api_call_unref(call);
}

void
api_revocations(struct api_call *call)
{
	store_list(call->server->store, &(struct store_query){
		.prefix = SLICE(STORE_CERTIFICATES),
	}, &call->server->port, on_issued, api_call_ref(call));
}
