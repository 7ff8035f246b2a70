#include <stdio.h>

#include "base/log.h"
#include "modes/control/archive_forget.h"
#include "modes/control/audit.h"
#include "modes/control/records.h"
#include "modes/control/store_keys.h"
#include "modes/control/store_wait.h"

/* One that was used gives its own proxy the same certificate again. */
static bool
is_waiting(const struct store_item *item)
{
	struct token_record t;
	struct err ignored = ERR_INIT;
	struct arena a;

	arena_init(&a);
	bool is = token_record_read(&t, &a, item->value, &ignored) < 0 ||
	    t.used == 0;

	arena_fini(&a);
	return is;
}

/* Gives how many it deletes, or -1. */
static int
forget(struct store *s, struct store_txn *t, struct slice prefix,
    bool (*is_forgotten)(const struct store_item *), struct err *err)
{
	struct store_query q = { .prefix = prefix };
	struct store_result *l = store_list_wait(s, &q);
	int n = 0;

	*err = l->err;
	for (size_t i = 0; i < l->n_items; i++)
		if (is_forgotten == NULL || is_forgotten(&l->items[i])) {
			store_txn_delete(t, l->items[i].key);
			n++;
		}
	store_result_free(l);
	return err->kind == ERR_NONE ? n : -1;
}

static void
note(struct store_txn *t, int tokens, int logins)
{
	char detail[64];

	snprintf(detail, sizeof(detail), "{\"tokens\":%d,\"logins\":%d}", tokens,
	    logins);
	audit_add(t, &(struct audit_entry){ .actor = SLICE("control"),
	    .from = SLICE("local"), .action = SLICE("backup.restore"),
	    .detail = slice_str(detail) });
}

int
archive_forget(const char *data_dir, struct err *err)
{
	struct store *s = store_open(data_dir, err);
	struct store_txn *t;
	struct store_result *r;
	int tokens, logins;

	if (s == NULL)
		return -1;
	t = store_txn_new();
	tokens = forget(s, t, SLICE(STORE_TOKENS), is_waiting, err);
	logins = tokens < 0 ? -1 : forget(s, t, SLICE(STORE_LOGINS), NULL, err);
	if (logins < 0) {
		store_txn_free(t);
	} else {
		note(t, tokens, logins);
		r = store_commit_wait(s, &t);
		*err = r->err;
		store_result_free(r);
	}
	store_close(&s);
	if (err->kind != ERR_NONE)
		return err_wrap(err, "what is not to come back");
	log_warn("backup", "operators, users, passwords and revoked identities are "
	    "as when the backup was made: take away again what was taken away "
	    "since; %d join tokens and %d logins were", tokens, logins);
	return 0;
}
