#include "modes/control/joining_fixture.h"

#include <string.h>

#include "base/clock.h"
#include "base/unit.h"
#include "modes/control/store_keys.h"

static void
on_joined(void *ctx, const struct join_result *r)
{
	struct joining *u = ctx;

	u->done = true;
	u->err = r->err;
	u->is_repeated = r->is_repeated;
	if (r->err.kind == ERR_NONE) {
		hash_sha256(u->leaf, r->leaf);
		memcpy(u->identity, r->id.ptr, r->id.len);
		memcpy(u->name, r->grant.name.ptr, r->grant.name.len);
		u->has_workload = memmem(r->leaf.ptr, r->leaf.len,
		    ".workload.mesh", 14) != NULL;
	}
	if (u->all != NULL && --u->all->waiting == 0)
		u->all->done = true;
}

void
joining_token(struct server_fixture *t, struct token *token, const char *name,
    int64_t expires_s)
{
	struct token_record r = { .created_by = SLICE("test") };
	struct slice services[] = { SLICE("orders") };
	uint8_t roots[HASH_LEN];
	struct str json = { 0 };
	struct store_txn *txn = store_txn_new();
	struct arena a;

	arena_init(&a);
	bundle_hash(t->s->ca->bundle, roots);
	token_make(token, roots);
	r.id = slice_str(token->id);
	token_secret_hash(r.hash, token);
	r.grant = (struct grant){ .ns = SLICE("shop"), .account = SLICE("sell"),
	    .name = slice_str(name), .services = services, .services_len = 1 };
	r.created = clock_wall_s();
	r.expires = r.created + expires_s;
	token_record_write(&json, &r);
	store_txn_put(txn, token_record_key(&a, r.id), str_slice(&json));
	fixture_commit(&t->f, txn);
	str_fini(&json);
	arena_fini(&a);
}

void
joining_start_for(struct server_fixture *t, const struct token *token,
    const struct key *key, const char *service, struct joining *u)
{
	struct str text = { 0 };

	token_add(&text, token);
	join_start(t->s, &(struct join_request){ .token = str_slice(&text),
	    .point = key->point, .service = slice_str(service),
	    .who = { .actor = SLICE("anonymous"), .from = SLICE("here") } },
	    on_joined, u);
	assert_false(u->done);
	str_fini(&text);
}

void
joining_start(struct server_fixture *t, const struct token *token,
    const struct key *key, struct joining *u)
{
	joining_start_for(t, token, key, NULL, u);
}

struct joining
joining_run(struct server_fixture *t, const struct token *token,
    const struct key *key)
{
	struct joining u = { .err = ERR_INIT };

	joining_start(t, token, key, &u);
	server_fixture_run(t, &u.done);
	return u;
}

void
joining_renew(struct server_fixture *t, const uint8_t leaf[HASH_LEN],
    const struct key *key, bool is_for_app, struct joining *u)
{
	join_renew(t->s, &(struct renew_request){ .leaf = leaf,
	    .point = key->point, .is_for_app = is_for_app,
	    .who = { .actor = SLICE("x"), .from = SLICE("y") } }, on_joined, u);
}

size_t
joining_count(struct server_fixture *t)
{
	struct store_result *l = store_list_wait(t->f.store,
	    &(struct store_query){ .prefix = SLICE(STORE_CERTIFICATES) });
	size_t n = l->n_items;

	store_result_free(l);
	return n;
}
