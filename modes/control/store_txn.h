#ifndef CONTROL_STORE_TXN_H
#define CONTROL_STORE_TXN_H

#include "modes/control/store.h"

/*
 * store_txn: what a transaction asks for, as whatever stands behind the
 * store reads it.  Not for the store's callers.
 * The order is that of the calls; compares are judged before any write.
 */
struct store_compare {
	struct slice key;
	uint64_t     modified;
};
struct store_write {
	struct slice key;
	struct slice value;	/* absent: delete */
	int64_t      expires_s;	/* 0: never */
};
struct store_txn {
	struct arena          arena;
	struct store_compare *compares;
	size_t                n_compares, cap_compares;
	struct store_write   *writes;
	size_t                n_writes, cap_writes;
	struct slice         *entries;
	size_t                n_entries, cap_entries;
};

/* Checks sizes and keys.  -1: err says which (ERR_TOO_LARGE, ERR_DATA). */
int store_txn_check(const struct store_txn *, struct err *);

/* Whether the key is a record: kept from watches, able to expire. */
bool store_key_is_record(struct slice key);

#endif
