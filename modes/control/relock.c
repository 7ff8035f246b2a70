#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "modes/control/relock.h"
#include "modes/control/store_keys.h"
#include "modes/control/vault.h"
#include "pki/key.h"

#define SECRETS		STORE_DOCUMENTS "/core/secrets/"

struct relock {
	struct server     *server;
	struct arena       arena;
	struct audit_entry who;
	relock_done       *done;
	void              *ctx;
	struct str         after;	/* key looked at last; empty: none */
	size_t             in_pass;	/* locked anew in this pass */
	size_t             in_page;	/* in the transaction under way */
	struct relocked    answer;
};

static void next_page(struct relock *);

static void
end(struct relock *r)
{
	struct server *s = r->server;

	s->is_relocking = false;
	if (r->answer.err.kind == ERR_NONE)
		log_info("control", "%zu Secrets are locked with another key now",
		    r->answer.secrets);
	else
		log_error("control", "Secrets stay locked with several keys: %s",
		    r->answer.err.text);
	r->done(r->ctx, &r->answer);
	str_fini(&r->after);
	arena_fini(&r->arena);
	mem_free(r);
}

static void
on_recorded(void *ctx, const struct store_result *result)
{
	struct relock *r = ctx;

	r->answer.err = result->err;
	if (result->err.kind == ERR_NONE)
		vault_forget(r->server->vault, &r->answer.err);
	end(r);
}

/* A pass found nothing: the entry first, then the old keys go. */
static void
finish(struct relock *r)
{
	struct store_txn *t = store_txn_new();
	struct vault_key key;
	char detail[48];

	vault_key(r->server->vault, 0, &key);
	snprintf(detail, sizeof(detail), "{\"secrets\":%zu}", r->answer.secrets);
	audit_note(t, &r->who, "secrets.relocked", slice_str(key.id),
	    slice_str(detail));
	store_commit(r->server->store, &t, &r->server->port, on_recorded, r);
}

static void
on_committed(void *ctx, const struct store_result *result)
{
	struct relock *r = ctx;

	/* Somebody was faster: this pass is not the last. */
	if (result->err.kind == ERR_CONFLICT) {
		r->in_pass++;
	} else if (result->err.kind != ERR_NONE) {
		r->answer.err = result->err;
		end(r);
		return;
	} else {
		r->in_pass += r->in_page;
		r->answer.secrets += r->in_page;
	}
	next_page(r);
}

/* -1: it cannot be read; it is left as it is, and so are the keys. */
static int
relock(struct relock *r, struct store_txn *t, const struct store_item *item)
{
	const struct vault *v = r->server->vault;
	struct slice key = slice_from(item->key, sizeof(STORE_DOCUMENTS) - 1);
	struct str plain = { 0 }, locked = { 0 };
	struct vault_key first;
	char id[WRAP_ID_LEN + 1];
	int result;

	vault_key(v, 0, &first);
	if (vault_key_of(item->value, id) && strcmp(id, first.id) == 0)
		return 0;
	key_room_str(&plain, item->value.len + 1);
	result = vault_unlock(v, key, item->value, &plain, &r->answer.err);
	if (result == 0) {
		vault_lock(v, key, str_slice(&plain), &locked);
		store_txn_require(t, item->key, item->modified);
		store_txn_put(t, item->key, str_slice(&locked));
		r->in_page++;
	} else {
		err_wrap(&r->answer.err, "%.*s", SLICE_ARG(key));
	}
	key_wipe_str(&plain);
	str_fini(&locked);
	return result;
}

static void
on_page(void *ctx, const struct store_result *page)
{
	struct relock *r = ctx;
	struct store_txn *t;

	if (page->err.kind != ERR_NONE) {
		r->answer.err = page->err;
		end(r);
		return;
	}
	if (page->n_items == 0) {
		if (r->in_pass == 0) {
			finish(r);
			return;
		}
		str_clear(&r->after);
		r->in_pass = 0;
		next_page(r);
		return;
	}
	t = store_txn_new();
	r->in_page = 0;
	for (size_t i = 0; i < page->n_items; i++)
		if (relock(r, t, &page->items[i]) < 0) {
			store_txn_free(t);
			end(r);
			return;
		}
	str_clear(&r->after);
	str_add_slice(&r->after, page->items[page->n_items - 1].key);
	store_commit(r->server->store, &t, &r->server->port, on_committed, r);
}

static void
next_page(struct relock *r)
{
	struct store_query q = { .prefix = SLICE(SECRETS), .limit = RELOCK_PAGE };

	if (r->after.len > 0)
		q.after = str_slice(&r->after);
	store_list(r->server->store, &q, &r->server->port, on_page, r);
}

void
relock_start(struct server *s, const struct audit_entry *who, relock_done *done,
    void *ctx)
{
	struct relocked busy = { .err = ERR_INIT };
	struct relock *r;

	if (s->is_relocking) {
		err_set(&busy.err, ERR_CONFLICT, "Secrets are being locked anew "
		    "just now");
		done(ctx, &busy);
		return;
	}
	s->is_relocking = true;
	r = mem_zalloc(sizeof(*r));
	r->server = s;
	arena_init(&r->arena);
	r->who = audit_keep(&r->arena, who);
	r->done = done;
	r->ctx = ctx;
	next_page(r);
}

static void
on_resumed(void *ctx, const struct relocked *r)
{
	(void)ctx;
	(void)r;
}

void
relock_resume(struct server *s)
{
	static const struct audit_entry who = {
		.actor = { "control", 7 }, .from = { "local", 5 },
	};
	struct vault_key first, second;

	if (!vault_key(s->vault, 0, &first) || first.is_given)
		return;
	for (size_t i = 1; vault_key(s->vault, i, &second); i++)
		if (!second.is_given) {
			relock_start(s, &who, on_resumed, NULL);
			return;
		}
}
