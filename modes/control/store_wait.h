#ifndef CONTROL_STORE_WAIT_H
#define CONTROL_STORE_WAIT_H

#include "modes/control/store.h"

/*
 * store_wait: the verbs of store.h, blocking until the answer is there: for
 * start-up, commands and tests, never on a loop.  Each gives the result,
 * which the caller releases with store_result_free.
 */
struct store_result *store_commit_wait(struct store *, struct store_txn **);
struct store_result *store_list_wait(struct store *,
    const struct store_query *);
struct store_result *store_get_wait(struct store *, struct slice key);
struct store_result *store_log_wait(struct store *, uint64_t after,
    size_t limit);
struct store_result *store_history_wait(struct store *, struct slice prefix);
struct store_result *store_backup_wait(struct store *, const char *path);
struct store_result *store_verify_wait(struct store *);

#endif
