#include <string.h>

#include "base/unit.h"
#include "modes/control/relock.h"
#include "modes/control/server_fixture.h"
#include "modes/control/store_wait.h"

#define SECRETS	40	/* more than two pages, and a part of one */

static void
put_secrets(struct server_fixture *t)
{
	for (int i = 0; i < SECRETS; i += 8) {
		struct str yaml = { 0 };

		for (int k = 0; k < 8; k++)
			str_addf(&yaml, "apiVersion: v1\nkind: Secret\nmetadata: "
			    "{name: s%d}\nstringData: {a: 'v%d'}\n---\n", i + k,
			    i + k);
		server_fixture_put(t, str_ptr(&yaml));
		str_fini(&yaml);
	}
}

/* How many are locked with the key. */
static size_t
locked_with(struct server_fixture *t, const char *id)
{
	struct store_query q = { .prefix = SLICE("doc/core/secrets/") };
	struct store_result *l = store_list_wait(t->s->store, &q);
	char is[WRAP_ID_LEN + 1];
	size_t n = 0;

	for (size_t i = 0; i < l->n_items; i++)
		n += vault_key_of(l->items[i].value, is) && strcmp(is, id) == 0;
	store_result_free(l);
	return n;
}

struct wait {
	bool       done;
	struct err err;
	size_t     secrets;
};

static void
on_done(void *ctx, const struct relocked *r)
{
	struct wait *w = ctx;

	w->err = r->err;
	w->secrets = r->secrets;
	w->done = true;
}

static const struct audit_entry who = {
	.actor = { "uid/0", 5 }, .from = { "local", 5 },
};

TEST(relock_leaves_nothing_to_the_old_key_and_forgets_it)
{
	struct server_fixture *t = server_fixture_new();
	struct vault_key old, new;
	struct wait w = { .err = ERR_INIT }, second = { .err = ERR_INIT };
	struct err err = ERR_INIT;

	put_secrets(t);
	assert_true(vault_key(t->s->vault, 0, &old));
	assert_int_equal(locked_with(t, old.id), SECRETS);
	assert_int_equal(vault_renew(t->s->vault, &err), 0);
	relock_start(t->s, &who, on_done, &w);
	relock_start(t->s, &who, on_done, &second);
	assert_int_equal(second.err.kind, ERR_CONFLICT);
	server_fixture_run(t, &w.done);
	assert_string_equal(w.err.text, "");
	assert_int_equal(w.secrets, SECRETS);
	assert_true(vault_key(t->s->vault, 0, &new));
	assert_int_equal(locked_with(t, new.id), SECRETS);
	assert_false(vault_has(t->s->vault, old.id));
	server_fixture_free(t);
}

/* The key is there twice, as after an end in the middle. */
TEST(relock_goes_on_where_an_end_left_it)
{
	struct server_fixture *t = server_fixture_new();
	struct vault_key old;
	struct err err = ERR_INIT;

	put_secrets(t);
	relock_resume(t->s);	/* one key: nothing to do */
	assert_false(t->s->is_relocking);
	vault_key(t->s->vault, 0, &old);
	assert_int_equal(vault_renew(t->s->vault, &err), 0);
	server_fixture_put(t, "apiVersion: v1\nkind: Secret\nmetadata: "
	    "{name: s3}\nstringData: {a: other}\n");
	assert_int_equal(locked_with(t, old.id), SECRETS - 1);
	relock_resume(t->s);
	assert_true(t->s->is_relocking);
	while (t->s->is_relocking)
		server_fixture_turn(t);
	assert_int_equal(locked_with(t, old.id), 0);
	assert_false(vault_has(t->s->vault, old.id));
	server_fixture_free(t);
}

/* One that does not open keeps all keys, so that nothing is lost. */
TEST(relock_that_cannot_read_one_keeps_every_key)
{
	struct server_fixture *t = server_fixture_new();
	struct wait w = { .err = ERR_INIT };
	struct err err = ERR_INIT;
	struct vault_key old;
	struct str other = { 0 };
	struct store_txn *txn = store_txn_new();

	put_secrets(t);
	vault_key(t->s->vault, 0, &old);
	vault_lock(t->s->vault, SLICE("/core/secrets/default/elsewhere"),
	    SLICE("{}"), &other);
	store_txn_put(txn, SLICE("doc/core/secrets/default/z"),
	    str_slice(&other));
	fixture_commit(&t->f, txn);
	assert_int_equal(vault_renew(t->s->vault, &err), 0);
	relock_start(t->s, &who, on_done, &w);
	server_fixture_run(t, &w.done);
	assert_non_null(strstr(w.err.text, "/core/secrets/default/z"));
	assert_true(vault_has(t->s->vault, old.id));
	assert_false(t->s->is_relocking);
	str_fini(&other);
	server_fixture_free(t);
}
