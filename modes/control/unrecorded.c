#include "base/log.h"
#include "base/mem.h"
#include "modes/control/server.h"
#include "modes/control/unrecorded.h"
#include "pki/spiffe.h"

struct seen {
	char    *id;
	uint64_t seen_ms, said_ms;
};

static void
seen_free(void *arg)
{
	struct seen *one = arg;

	mem_free(one->id);
	mem_free(one);
}

void
unrecorded_fini(struct unrecorded *u)
{
	map_fini(&u->by_leaf, seen_free);
}

/* Those who came no more since they were last spoken of. */
static void
drop_old(struct unrecorded *u, uint64_t now_ms)
{
	size_t it = 0;
	struct slice key;
	void *value;

	while (map_next(&u->by_leaf, &it, &key, &value))
		if (now_ms - ((struct seen *)value)->seen_ms >=
		    UNRECORDED_SAY_MS)
			seen_free(map_del(&u->by_leaf, key));
}

bool
unrecorded_take(struct unrecorded *u, const uint8_t leaf[HASH_LEN],
    struct slice id, uint64_t now_ms)
{
	struct slice key = slice_of(leaf, HASH_LEN);
	struct seen *one = map_get(&u->by_leaf, key);

	if (one != NULL) {
		one->seen_ms = now_ms;
		if (now_ms - one->said_ms < UNRECORDED_SAY_MS)
			return false;
		one->said_ms = now_ms;
		return true;
	}
	if (u->by_leaf.len == UNRECORDED_MAX)
		drop_old(u, now_ms);
	if (u->by_leaf.len == UNRECORDED_MAX)
		return false;
	one = mem_zalloc(sizeof(*one));
	one->id = mem_dup(id.ptr, id.len);
	one->seen_ms = one->said_ms = now_ms;
	map_put(&u->by_leaf, key, one);
	return true;
}

void
unrecorded_write(const struct unrecorded *u, struct conf_node *list,
    uint64_t now_ms)
{
	size_t it = 0;
	struct slice key;
	void *value;

	while (map_next(&u->by_leaf, &it, &key, &value)) {
		const struct seen *one = value;
		struct str account = { 0 };
		struct conf_node *row;
		struct spiffe id;

		if (now_ms - one->seen_ms >= UNRECORDED_LATELY_MS ||
		    !spiffe_parse(&id, slice_str(one->id)))
			continue;
		row = conf_add_map(list);
		conf_set_slice(row, "identity", slice_str(one->id));
		str_addf(&account, "%.*s/%.*s", SLICE_ARG(id.ns),
		    SLICE_ARG(id.name));
		conf_set_slice(row, "account", str_slice(&account));
		str_fini(&account);
	}
}

void
unrecorded_refuse(struct server *s, const struct audit_entry *who,
    const uint8_t leaf[HASH_LEN], const char *action, struct err *err)
{
	err_set(err, ERR_DENIED, "the certificate of %.*s was issued by this "
	    "authority but is in no record: it joined after the backup that "
	    "control was restored from; join anew with a new token",
	    SLICE_ARG(who->actor));
	if (!unrecorded_take(&s->unrecorded, leaf, who->actor,
	    loop_now_ms(s->loop)))
		return;
	log_warn("join", "from %.*s: %s", SLICE_ARG(who->from), err->text);
	refusals_write(s, who, action, slice_str(err->text), 0);
}
