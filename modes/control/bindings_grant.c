#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "modes/control/bindings_grant.h"
#include "modes/control/registry_merge.h"
#include "modes/control/store_keys.h"
#include "pki/spiffe.h"

int
bindings_grant_read(struct bindings_grant *g, struct arena *a,
    const struct conf_node *json, enum model_role fallback, struct err *err)
{
	const struct conf_node *list = conf_get(json, "namespaces");
	const char *role = conf_get_string(json, "role");
	struct slice *names = arena_alloc(a, (conf_len(list) + 1) *
	    sizeof(*names));

	g->role = role == NULL ? fallback : model_role_named(slice_str(role));
	g->namespaces = names;
	g->namespaces_len = 0;
	if (role != NULL && g->role == MODEL_NO_ROLE)
		return err_set(err, ERR_DATA, "role: expected viewer, operator or "
		    "admin, found \"%s\"", role);
	if (list != NULL && (list->kind != CONF_LIST || role == NULL))
		return err_set(err, ERR_DATA, "namespaces: expected a list of "
		    "names, beside a role");
	CONF_FOREACH(e, list) {
		struct slice ns = slice_str(conf_string(e->node));

		if (!spiffe_label_ok(ns))
			return err_set(err, ERR_DATA, "namespaces: expected names "
			    "of at most 63 lower-case letters, digits and "
			    "\"-\"");
		names[g->namespaces_len++] = ns;
	}
	return 0;
}

static struct conf_node *
document(struct arena *a, const struct bindings_grant *g, struct slice ns)
{
	const struct model_kind *k = ns.ptr == NULL ?
	    &model_cluster_role_binding_kind : &model_role_binding_kind;
	struct conf_node *doc = model_document_new(a, k, ns.ptr == NULL ? NULL :
	    arena_dup(a, ns).ptr, arena_printf(a, "%s-%.*s", g->source,
	    SLICE_ARG(g->name)));
	struct conf_node *at;

	at = conf_add_map(conf_set_list(doc, "subjects"));
	conf_set_string(at, "kind", g->group != NULL ? "Group" : "User");
	conf_set_slice(at, "name", g->group != NULL ? slice_str(g->group) :
	    g->name);
	at = conf_set_map(doc, "roleRef");
	conf_set_string(at, "apiGroup", MODEL_RBAC_GROUP);
	conf_set_string(at, "kind", "ClusterRole");
	conf_set_string(at, "name", model_role_name(g->role));
	return doc;
}

static int
put_one(struct store_txn *t, const struct registry *r,
    const struct conf_node *doc, const struct audit_entry *who, struct err *err)
{
	struct model_object *o = model_object_read(doc, MODEL_STRICT, NULL, err);
	const struct model_object *there;
	struct str value = { 0 };
	char *key;

	if (o == NULL)
		return -1;
	there = registry_find(r, slice_str(o->key));
	key = mem_printf(STORE_DOCUMENTS "%s", o->key);
	store_txn_require(t, slice_str(key), there == NULL ? 0 :
	    there->revision);
	if (registry_merge(o, there, clock_wall_s(), &value).outcome !=
	    REGISTRY_UNCHANGED) {
		store_txn_put(t, slice_str(key), str_slice(&value));
		audit_note(t, who, "document.put", slice_str(o->key), SLICE_NONE);
	}
	str_fini(&value);
	mem_free(key);
	model_object_unref(o);
	return 0;
}

int
bindings_grant_put(const struct bindings_grant *g, struct store_txn *t,
    const struct registry *r, const struct audit_entry *who, struct err *err)
{
	struct arena a;
	int result = 0;

	if (g->role == MODEL_NO_ROLE)
		return 0;
	arena_init(&a);
	if (g->namespaces_len == 0)
		result = put_one(t, r, document(&a, g, SLICE_NONE), who, err);
	for (size_t i = 0; i < g->namespaces_len && result == 0; i++)
		result = put_one(t, r, document(&a, g, g->namespaces[i]), who,
		    err);
	arena_fini(&a);
	return result;
}

static void
drop_kind(const struct model_kind *kind, const char *name, struct store_txn *t,
    const struct registry *r, const struct audit_entry *who)
{
	struct registry_query q = { .kind = kind };
	size_t n;
	struct model_object **all = registry_list(r, &q, &n);

	for (size_t i = 0; i < n; i++) {
		char *key;

		if (strcmp(all[i]->head->meta.name, name) != 0)
			continue;
		key = mem_printf(STORE_DOCUMENTS "%s", all[i]->key);
		store_txn_delete(t, slice_str(key));
		audit_note(t, who, "document.delete", slice_str(all[i]->key),
		    SLICE_NONE);
		mem_free(key);
	}
	mem_free(all);
}

void
bindings_grant_drop(const char *source, struct slice name,
    struct store_txn *t, const struct registry *r, const struct audit_entry *who)
{
	char *full = mem_printf("%s-%.*s", source, SLICE_ARG(name));

	drop_kind(&model_cluster_role_binding_kind, full, t, r, who);
	drop_kind(&model_role_binding_kind, full, t, r, who);
	mem_free(full);
}
