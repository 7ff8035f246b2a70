#include <stdio.h>

#include "base/check.h"
#include "base/random.h"
#include "conf/json.h"
#include "modes/control/registry_merge.h"
#include "modes/control/secrecy.h"

static const char *const names[] = {
	[REGISTRY_CREATED] = "created",
	[REGISTRY_CONFIGURED] = "configured",
	[REGISTRY_UNCHANGED] = "unchanged",
	[REGISTRY_DELETED] = "deleted",
};

const char *
registry_outcome_name(enum registry_outcome o)
{
	check(o <= REGISTRY_DELETED);
	return names[o];
}

/* An empty map and none are the same to people. */
static bool
same_pairs(const struct model_object *x, const struct model_object *y,
    const char *path)
{
	const struct conf_node *p = conf_find(x->node, path);
	const struct conf_node *q = conf_find(y->node, path);

	return (conf_len(p) == 0 && conf_len(q) == 0) || conf_equal(p, q);
}

struct registry_merged
registry_merge(const struct model_object *sent,
    const struct model_object *there, int64_t now_s, struct str *value)
{
	struct registry_merged m = { REGISTRY_CREATED, 1 };
	char drawn[RANDOM_UUID_LEN + 1];
	const char *uid = drawn;
	struct conf_node *next;
	struct arena a;

	arena_init(&a);
	next = conf_copy(&a, sent->node);
	if (there != NULL && model_key_is_secret(slice_str(sent->key)))
		secrecy_keep(next, there->node);
	if (there == NULL) {
		random_uuid(drawn);
	} else {
		const struct model_metadata *meta = &there->head->meta;
		bool same_spec = model_same_spec(next, there->node);

		m.outcome = same_spec &&
		    same_pairs(sent, there, "metadata.labels") &&
		    same_pairs(sent, there, "metadata.annotations") ?
		    REGISTRY_UNCHANGED : REGISTRY_CONFIGURED;
		m.generation = meta->generation + (same_spec ? 0 : 1);
		now_s = meta->created;
		uid = meta->uid;
	}
	model_stamp(next, 0, m.generation, now_s, uid);
	conf_json_write(value, next);
	arena_fini(&a);
	return m;
}

struct model_object *
registry_revive(struct slice value, uint64_t revision, struct err *err)
{
	struct model_object *o = NULL;
	struct conf_node *root, *meta;
	char number[32];
	struct arena a;

	arena_init(&a);
	root = conf_json_read(&a, value, "the store", err);
	meta = conf_get(root, "metadata");
	if (meta != NULL && meta->kind == CONF_MAP) {
		snprintf(number, sizeof(number), "%llu",
		    (unsigned long long)revision);
		conf_set_string(meta, "resourceVersion", number);
		o = model_object_read(root, MODEL_KNOWN, NULL, err);
	} else if (root != NULL) {
		err_set(err, ERR_DATA, "metadata is missing");
	}
	arena_fini(&a);
	return o;
}
