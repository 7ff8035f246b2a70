#include <string.h>

#include "base/mem.h"
#include "model/federation.h"
#include "model/host_attestor.h"
#include "modes/control/api_caller.h"
#include "modes/control/api_rows.h"
#include "modes/control/api_second.h"
#include "modes/control/registry_apply.h"
#include "modes/control/revocations.h"
#include "modes/control/view.h"

/* --- what there is ------------------------------------------------------------ */

void
api_kinds(struct api_call *call)
{
	struct conf_node *list = conf_list_new(&call->arena);

	for (size_t i = 0; model_kinds[i] != NULL; i++) {
		const struct model_kind *k = model_kinds[i];
		struct conf_node *row, *names;

		if (!k->stored)
			continue;
		row = conf_add_map(list);
		conf_set_string(row, "kind", k->kind);
		conf_set_string(row, "apiVersion", k->versions[0]);
		conf_set_string(row, "plural", k->plural);
		names = conf_set_list(row, "shortNames");
		if (k->short_name != NULL)
			conf_add_string(names, k->short_name);
		conf_set_bool(row, "namespaced", k->namespaced);
	}
	api_answer_node(call, 200, list);
}

/* The stored kind that a path names, or NULL after an answer. */
static const struct model_kind *
kind_of(struct api_call *call)
{
	for (size_t i = 0; model_kinds[i] != NULL; i++)
		if (model_kinds[i]->stored &&
		    slice_is(call->params[0], model_kinds[i]->plural))
			return model_kinds[i];
	api_answer_fail(call, ERR_NOT_FOUND, "there is no kind \"%.*s\"; "
	    "/v1/kinds lists them", SLICE_ARG(call->params[0]));
	return NULL;
}

/* The key of a path, or absent after an answer. */
static struct slice
key_of(struct api_call *call, const struct model_kind **kind)
{
	char *ns, *name;

	*kind = kind_of(call);
	if (*kind == NULL)
		return SLICE_NONE;
	ns = arena_printf(&call->arena, "%.*s", SLICE_ARG(call->params[1]));
	name = arena_printf(&call->arena, "%.*s", SLICE_ARG(call->params[2]));
	if ((*kind)->namespaced == (strcmp(ns, "-") == 0)) {
		api_answer_fail(call, ERR_DATA, (*kind)->namespaced ?
		    "%s are in a namespace, found \"-\"" :
		    "%s are in no namespace, expected \"-\"", (*kind)->plural);
		return SLICE_NONE;
	}
	return slice_str(model_key(&call->arena, *kind,
	    (*kind)->namespaced ? ns : NULL, name));
}

void
api_documents_list(struct api_call *call)
{
	const struct server *s = call->server;
	struct slice ns = api_query(call, "namespace");
	struct slice text = api_query(call, "selector");
	struct registry_selector selector;
	struct registry_query q = { .kind = kind_of(call) };
	struct err err = ERR_INIT;
	struct str out = { 0 };
	size_t n, shown = 0;

	if (q.kind == NULL)
		return;
	if (ns.len > 0)
		q.namespace = ns.ptr;
	if (text.len > 0) {
		if (registry_selector_read(&selector, &call->arena, text,
		    &err) < 0) {
			api_answer_err(call, &err);
			return;
		}
		q.selector = &selector;
	}
	struct model_object **all = registry_list(s->registry, &q, &n);

	str_addf(&out, "{\"kind\":\"List\",\"revision\":%llu,\"items\":[",
	    (unsigned long long)registry_revision(s->registry));
	for (size_t i = 0; i < n; i++) {
		if (!api_caller_sees_key(call, slice_str(all[i]->key)))
			continue;
		if (shown++ > 0)
			str_add_char(&out, ',');
		view_document(s, all[i], &out);
	}
	str_add(&out, "]}\n");
	mem_free(all);
	api_answer_json(call, 200, str_slice(&out));
	str_fini(&out);
}

void
api_document_get(struct api_call *call)
{
	const struct model_kind *kind;
	struct slice key = key_of(call, &kind);
	const struct model_object *o;
	struct str out = { 0 };

	if (key.ptr == NULL)
		return;
	o = registry_find(call->server->registry, key);
	if (o == NULL) {
		api_answer_fail(call, ERR_NOT_FOUND, "%s %.*s/%.*s not found",
		    kind->kind, SLICE_ARG(call->params[1]),
		    SLICE_ARG(call->params[2]));
		return;
	}
	view_document(call->server, o, &out);
	api_answer_json(call, 200, str_slice(&out));
	str_fini(&out);
}

/* --- changes -------------------------------------------------------------------- */

/* Whether he may, and whether it could count anywhere in this mesh. */
static int
may_edit(void *arg, const char *key, const struct model_object *sent,
    struct slice *role, struct err *err)
{
	struct api_call *call = arg;
	const char *refusal;

	if (api_caller_may_edit(call, key, sent, role, err) < 0)
		return -1;
	if (sent == NULL || sent->kind != &model_federated_trust_domain_kind)
		return 0;
	refusal = model_federation_refusal(&call->arena, NULL, 0, sent,
	    call->server->spec->trust_domain);
	return refusal == NULL ? 0 : err_set(err, ERR_DATA, "%s %s: %s",
	    sent->kind->kind, model_object_name(sent), refusal);
}

static int
read_options(struct api_call *call, struct registry_edit *e,
    struct registry_set *set)
{
	e->has_expected = api_query(call, "expected-revision").ptr != NULL;
	set->edits = e;
	set->n = 1;
	set->who = call->who;
	set->may = may_edit;
	set->may_arg = call;
	set->dry_run = api_query_bool(call, "dry-run");
	return api_query_u64(call, "expected-revision", 0, &e->expected);
}

/* {"result":"created","revision":7,"document":{...}} */
static void
on_one_applied(void *ctx, const struct registry_answer *a)
{
	struct api_call *call = ctx;
	const struct model_object *o;
	struct str out = { 0 };

	if (a->err.kind != ERR_NONE) {
		api_answer_err(call, &a->err);
	} else {
		str_addf(&out, "{\"result\":\"%s\",\"revision\":%llu",
		    registry_outcome_name(a->applied[0].outcome),
		    (unsigned long long)a->revision);
		o = registry_find(call->server->registry, a->applied[0].key);
		if (o != NULL && a->applied[0].outcome != REGISTRY_DELETED) {
			str_add(&out, ",\"document\":");
			view_document(call->server, o, &out);
		}
		str_add(&out, "}\n");
		api_answer_json(call, 200, str_slice(&out));
		str_fini(&out);
	}
	api_call_unref(call);
}

/* The path and the document must mean the same; the path fills what lacks. */
static int
check_path(struct api_call *call, const struct conf_node *doc, struct slice key,
    struct err *err)
{
	const char *ns = arena_printf(&call->arena, "%.*s",
	    SLICE_ARG(call->params[1]));
	struct model_object *o = model_object_read(doc, MODEL_STRICT, ns, err);
	bool same = o != NULL && slice_is(key, o->key);

	if (o != NULL && !same)
		err_set(err, ERR_DATA, "the path says %.*s, the document %s",
		    SLICE_ARG(key), o->key);
	model_object_unref(o);
	return same ? 0 : -1;
}

static bool
is_attestor(const struct conf_node *document)
{
	const char *kind = conf_get_string(document, "kind");

	return kind != NULL && strcmp(kind, model_host_attestor_kind.kind) == 0;
}

/* Hosts that a HostAttestor lets in again by the time at which it was made. */
static bool
is_put_refused(struct api_call *call, int64_t now)
{
	return is_attestor(call->json) &&
	    revocations_has_at(call->server->revocations, now);
}

static bool
is_set_refused(struct api_call *call, int64_t now)
{
	bool has = false;

	CONF_FOREACH(e, conf_get(call->json, "items"))
		has |= is_attestor(e->node);
	return has && revocations_has_at(call->server->revocations, now);
}

static void
put(struct api_call *call, int64_t now)
{
	const struct model_kind *kind;
	struct slice key = key_of(call, &kind);
	struct registry_edit e = { .document = call->json };
	struct registry_set set = { 0 };
	struct err err = ERR_INIT;

	(void)now;
	if (key.ptr == NULL || read_options(call, &e, &set) < 0)
		return;
	if (check_path(call, call->json, key, &err) < 0) {
		api_answer_err(call, &err);
		return;
	}
	set.namespace = kind->namespaced ? arena_printf(&call->arena, "%.*s",
	    SLICE_ARG(call->params[1])) : NULL;
	registry_apply(call->server->registry, &set, on_one_applied,
	    api_call_ref(call));
}

void
api_document_put(struct api_call *call)
{
	static const struct api_second second = { is_put_refused, put };

	api_second_pass(call, &second);
}

void
api_document_delete(struct api_call *call)
{
	const struct model_kind *kind;
	struct registry_edit e = { .key = key_of(call, &kind) };
	struct registry_set set = { 0 };

	if (e.key.ptr == NULL || read_options(call, &e, &set) < 0)
		return;
	registry_apply(call->server->registry, &set, on_one_applied,
	    api_call_ref(call));
}

static void
add_result(struct api_call *call, struct conf_node *list,
    const struct registry_applied *a)
{
	struct conf_node *row = conf_add_map(list);
	const struct model_kind *kind;
	const char *ns, *name;

	conf_set_slice(row, "key", a->key);
	if (model_key_parse(&call->arena, arena_printf(&call->arena, "%.*s",
	    SLICE_ARG(a->key)), &kind, &ns, &name)) {
		conf_set_string(row, "kind", kind->kind);
		conf_set_string(row, "namespace", ns);
		conf_set_string(row, "name", name);
	}
	conf_set_string(row, "result", registry_outcome_name(a->outcome));
}

static void
on_set_applied(void *ctx, const struct registry_answer *a)
{
	struct api_call *call = ctx;
	struct conf_node *map, *list;
	struct err err = a->err;

	if (err.kind != ERR_NONE) {
		if (err.kind == ERR_DATA)
			err_wrap(&err, "document %zu", a->failed + 1);
		api_answer_err(call, &err);
	} else {
		map = conf_map_new(&call->arena);
		conf_set_int(map, "revision", (int64_t)a->revision);
		list = conf_set_list(map, "results");
		for (size_t i = 0; i < a->n; i++)
			add_result(call, list, &a->applied[i]);
		api_answer_node(call, 200, map);
	}
	api_call_unref(call);
}

static void
apply(struct api_call *call, int64_t now)
{
	const struct conf_node *items = conf_get(call->json, "items");
	struct registry_set set = { .who = call->who, .is_files = true,
	    .may = may_edit, .may_arg = call,
	    .dry_run = api_query_bool(call, "dry-run") };
	struct slice ns = api_query(call, "namespace");
	struct registry_edit *edits;

	(void)now;
	if (items == NULL || items->kind != CONF_LIST) {
		api_answer_fail(call, ERR_DATA, "items: expected a list of "
		    "documents");
		return;
	}
	edits = arena_zalloc(&call->arena, (conf_len(items) + 1) *
	    sizeof(*edits));
	CONF_FOREACH(e, items)
		edits[set.n++].document = e->node;
	set.edits = edits;
	set.namespace = ns.len > 0 ? ns.ptr : NULL;
	registry_apply(call->server->registry, &set, on_set_applied,
	    api_call_ref(call));
}

void
api_apply(struct api_call *call)
{
	static const struct api_second second = { is_set_refused, apply };

	api_second_pass(call, &second);
}
