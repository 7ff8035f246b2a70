#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "modes/control/registry_impl.h"
#include "modes/control/secrecy.h"
#include "modes/control/store_keys.h"
#include "pki/key.h"

#define TRIES_MAX	8

/* An edit, read and kept for as long as it may have to be judged anew. */
struct edit {
	struct model_object *sent;	/* NULL: delete */
	const char          *key;
	struct slice         role;	/* that it takes; absent: as who says */
	bool                 if_absent;
	bool                 has_expected;
	uint64_t             expected;
};

struct job {
	struct list              link;	/* in registry.waiting */
	struct registry         *registry;
	struct arena             arena;
	struct edit             *edits;
	size_t                   n;
	struct registry_applied *applied;
	struct audit_entry       who, note;	/* note.action absent: none */
	bool                     dry_run, is_files;
	struct slice             record_key, record;
	bool                     has_changes;
	unsigned                 tries;
	registry_done           *done;
	void                    *ctx;
	struct registry_answer   answer;
};

static void
job_free(struct job *j)
{
	for (size_t i = 0; i < j->n; i++)
		model_object_unref(j->edits[i].sent);
	arena_fini(&j->arena);
	registry_unref(j->registry);
	mem_free(j);
}

static void
finish(void *arg)
{
	struct job *j = arg;

	j->answer.applied = j->applied;
	j->answer.n = j->answer.err.kind == ERR_NONE ? j->n : 0;
	j->done(j->ctx, &j->answer);
	job_free(j);
}

/* Reads edit i as it was sent. */
static int
read_edit(struct job *j, const struct registry_set *set, size_t i)
{
	const struct registry_edit *from = &set->edits[i];
	struct edit *to = &j->edits[i];
	struct err *err = &j->answer.err;

	to->if_absent = from->if_absent;
	to->has_expected = from->has_expected;
	to->expected = from->expected;
	if (from->document == NULL) {
		to->key = arena_dup(&j->arena, from->key).ptr;
	} else {
		to->sent = model_object_read(from->document, MODEL_STRICT,
		    set->namespace == NULL ? "default" : set->namespace, err);
		if (to->sent == NULL)
			return -1;
		to->key = to->sent->key;
		if (!to->sent->kind->stored)
			return conf_error(from->document, err, "a %s is read "
			    "from a file where it is used; control keeps none",
			    to->sent->kind->kind);
		if (!to->has_expected && to->sent->revision != 0) {
			to->has_expected = true;
			to->expected = to->sent->revision;
		}
	}
	if (set->may != NULL && set->may(set->may_arg, to->key,
	    to->sent, &to->role, err) < 0)
		return -1;
	for (size_t k = 0; k < i; k++)
		if (slice_is(slice_str(j->edits[k].key), to->key))
			return err_set(err, ERR_DATA,
			    "%s: twice in one set", to->key);
	return 0;
}

static int
read_set(struct job *j, const struct registry_set *set)
{
	if (set->n > REGISTRY_SET_MAX)
		return err_set(&j->answer.err, ERR_TOO_LARGE,
		    "%zu documents in one set; at most %d are taken", set->n,
		    REGISTRY_SET_MAX);
	j->edits = arena_zalloc(&j->arena, set->n * sizeof(*j->edits));
	j->applied = arena_zalloc(&j->arena, set->n * sizeof(*j->applied));
	for (size_t i = 0; i < set->n; i++) {
		j->answer.failed = i;
		j->n = i + 1;
		if (read_edit(j, set, i) < 0)
			return -1;
	}
	return 0;
}

/* In the words of who asks for a document that is not there. */
static int
fail_missing(const char *key, struct err *err)
{
	const struct model_kind *kind;
	const char *ns, *name;
	struct arena a;

	arena_init(&a);
	if (model_key_parse(&a, key, &kind, &ns, &name))
		err_set(err, ERR_NOT_FOUND, "%s %s/%s not found", kind->kind,
		    kind->namespaced ? ns : "-", name);
	else
		err_set(err, ERR_NOT_FOUND, "%s not found", key);
	arena_fini(&a);
	return -1;
}

static int
check_expected(const struct edit *e, const struct model_object *there,
    struct err *err)
{
	uint64_t is = there == NULL ? 0 : there->revision;

	if (e->has_expected && e->expected != is)
		return err_set(err, ERR_CONFLICT,
		    "%s: expected revision %llu, found %llu", e->key,
		    (unsigned long long)e->expected, (unsigned long long)is);
	if (e->sent == NULL && there == NULL)
		return fail_missing(e->key, err);
	return 0;
}

static void
audit(struct job *j, struct store_txn *t, size_t i)
{
	const struct registry_applied *a = &j->applied[i];
	struct audit_entry entry = j->who;
	struct str detail = { 0 };

	if (j->edits[i].role.ptr != NULL)
		entry.role = j->edits[i].role;

	str_addf(&detail, "{\"outcome\":\"%s\",\"generation\":%lld}",
	    registry_outcome_name(a->outcome), (long long)a->generation);
	entry.action = a->outcome == REGISTRY_DELETED ?
	    SLICE("document.delete") : SLICE("document.put");
	entry.target = a->key;
	entry.detail = str_slice(&detail);
	audit_add(t, &entry);
	str_fini(&detail);
}

static void
put_value(struct job *j, struct store_txn *t, struct slice stored,
    const char *key, struct slice value)
{
	struct str locked = { 0 };

	if (model_key_is_secret(slice_str(key))) {
		vault_lock(j->registry->vault, slice_str(key), value, &locked);
		value = str_slice(&locked);
	}
	store_txn_put(t, stored, value);
	str_fini(&locked);
}

void
registry_set_keeper(struct registry *r, registry_keeper *keeper, void *arg)
{
	r->keeper = keeper;
	r->keeper_arg = arg;
}

static struct registry_merged
merge(const struct job *j, const struct edit *e, const struct model_object *there,
    struct str *value)
{
	const struct registry *r = j->registry;
	struct model_object *kept = !j->is_files || there == NULL ||
	    r->keeper == NULL ? NULL : r->keeper(r->keeper_arg, e->sent, there);
	struct registry_merged m = registry_merge(kept != NULL ? kept : e->sent,
	    there, clock_wall_s(), value);

	model_object_unref(kept);
	return m;
}

/* What one edit does to what is here now, into the transaction. */
static int
judge_edit(struct job *j, struct store_txn *t, size_t i)
{
	const struct edit *e = &j->edits[i];
	struct registry_applied *a = &j->applied[i];
	const struct model_object *there = registry_find(j->registry,
	    slice_str(e->key));
	struct slice key = slice_str(arena_printf(&j->arena,
	    STORE_DOCUMENTS "%s", e->key));
	struct str value = { 0 };

	a->key = slice_str(e->key);
	a->outcome = e->sent == NULL ? REGISTRY_DELETED : REGISTRY_UNCHANGED;
	a->generation = 0;
	j->answer.failed = i;
	if (check_expected(e, there, &j->answer.err) < 0)
		return -1;
	store_txn_require(t, key, there == NULL ? 0 : there->revision);
	if (e->if_absent && there != NULL) {
		a->generation = there->head->meta.generation;
		return 0;
	}
	if (e->sent != NULL) {
		struct registry_merged m = merge(j, e, there, &value);

		a->outcome = m.outcome;
		a->generation = m.generation;
	}
	if (e->sent != NULL && model_key_is_secret(slice_str(e->key)) &&
	    secrecy_check(e->sent->node, str_slice(&value),
	    &j->answer.err) < 0) {
		key_wipe_str(&value);
		return -1;
	}
	if (a->outcome == REGISTRY_DELETED)
		store_txn_delete(t, key);
	else if (a->outcome != REGISTRY_UNCHANGED)
		put_value(j, t, key, e->key, str_slice(&value));
	size_t size = value.len;

	key_wipe_str(&value);
	if (size > REGISTRY_DOCUMENT_MAX)
		return err_set(&j->answer.err, ERR_TOO_LARGE, "%s: %zu bytes; "
		    "a document has at most %d", e->key, size,
		    REGISTRY_DOCUMENT_MAX);
	if (a->outcome == REGISTRY_UNCHANGED)
		return 0;
	j->has_changes = true;
	audit(j, t, i);
	return 0;
}

static void on_committed(void *, const struct store_result *);

/* Judges the whole set against what is here and sends it off. */
static void
submit(struct job *j)
{
	struct registry *r = j->registry;
	struct store_txn *t = store_txn_new();

	j->tries++;
	j->has_changes = false;
	j->answer.err = ERR_INIT;
	j->answer.revision = registry_revision(r);
	for (size_t i = 0; i < j->n; i++)
		if (judge_edit(j, t, i) < 0)
			break;
	if (j->record_key.ptr != NULL)
		store_txn_put(t, j->record_key, j->record);
	if (j->note.action.ptr != NULL)
		audit_add(t, &j->note);
	if (j->answer.err.kind == ERR_NONE && !j->dry_run) {
		store_commit(r->store, &t, &r->port, on_committed, j);
		return;
	}
	store_txn_free(t);
	r->port.post(r->port.ctx, finish, j);
}

static void
on_committed(void *arg, const struct store_result *result)
{
	struct job *j = arg;
	struct registry *r = j->registry;

	if (result->err.kind == ERR_CONFLICT && j->tries < TRIES_MAX &&
	    r->store != NULL) {
		submit(j);
		return;
	}
	j->answer.err = result->err;
	if (result->err.kind == ERR_CONFLICT)
		j->answer.failed = result->failed;
	if (result->err.kind == ERR_NONE && j->has_changes)
		j->answer.revision = result->revision;
	if (j->answer.revision <= registry_revision(r) || r->store == NULL)
		finish(j);
	else
		list_append(&r->waiting, &j->link);
}

void
registry_jobs_wake(struct registry *r)
{
	struct list ready;

	/* Whoever is answered may close the registry. */
	list_init(&ready);
	LIST_FOREACH_SAFE(at, &r->waiting) {
		struct job *j = list_entry(at, struct job, link);

		if (j->answer.revision > registry_revision(r) &&
		    r->store != NULL)
			continue;
		list_remove(at);
		list_append(&ready, at);
	}
	r->refs++;
	for (struct list *at; (at = list_pop(&ready)) != NULL; )
		finish(list_entry(at, struct job, link));
	registry_unref(r);
}

static struct slice
keep(struct job *j, struct slice s)
{
	return s.ptr == NULL ? SLICE_NONE : arena_dup(&j->arena, s);
}

void
registry_apply(struct registry *r, const struct registry_set *set,
    registry_done *done, void *ctx)
{
	struct job *j = mem_zalloc(sizeof(*j));

	check(r->store != NULL);
	arena_init(&j->arena);
	j->registry = r;
	r->refs++;
	j->done = done;
	j->ctx = ctx;
	j->dry_run = set->dry_run;
	j->is_files = set->is_files;
	j->record_key = keep(j, set->record_key);
	j->record = keep(j, set->record);
	j->who = audit_keep(&j->arena, &set->who);
	if (set->note != NULL)
		j->note = audit_keep(&j->arena, set->note);
	if (read_set(j, set) < 0)
		r->port.post(r->port.ctx, finish, j);
	else
		submit(j);
}
