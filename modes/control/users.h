#ifndef CONTROL_USERS_H
#define CONTROL_USERS_H

#include <stdbool.h>

#include "base/str.h"
#include "modes/control/kdf.h"
#include "modes/control/store.h"

/*
 * users: people who log in with a password, and what they have open: logins,
 * each of which is a token that stands for its user for some hours.  Held in
 * memory because requests ask; the store has them first.
 * Life: users_open (blocks) -> users_login ... -> users_free.
 *
 * A token is "mesh-login.ID.SECRET".  Nothing here and in the store can be
 * turned into one, nor into a password: there are hashes of both.  With another
 * password a user has no login of before, nor one that was under way meanwhile.
 */
#define USERS_MAX		1000
#define LOGINS_OF_ONE		20	/* the oldest goes for one more */
#define LOGIN_ID_LEN		16	/* characters */
#define LOGIN_TEXT_MAX		96
#define LOGIN_PREFIX		"mesh-login."

struct user {
	struct slice name;
	uint8_t      salt[KDF_SALT_LEN], hash[HASH_LEN];
	uint32_t     iterations;
	int64_t      created, changed;	/* seconds since 1970; the password */
	struct slice created_by;
};

struct login {
	char         id[LOGIN_ID_LEN + 1];
	uint8_t      hash[HASH_LEN];	/* of the token's text */
	uint8_t      salt[KDF_SALT_LEN];	/* of the password that it is by */
	struct slice user;
	struct slice from;
	int64_t      created, expires;
};

struct users;
struct users *users_open(struct store *, struct err *);
void users_free(struct users *);	/* NULL is allowed */

/* Borrowed until it is removed; NULL: there is none. */
const struct user *users_find(const struct users *, struct slice name);
size_t users_len(const struct users *);
/* In order of names: count first with v NULL. */
size_t users_list(const struct users *, const struct user **v, size_t cap);

/* Whose a token is at that time, or NULL. */
const struct login *users_login(const struct users *, struct slice token,
    int64_t now_s);
const struct login *users_login_find(const struct users *, struct slice id);
/* By user and age, those of one or (name absent) all: count with v NULL. */
size_t users_logins(const struct users *, struct slice name,
    const struct login **v, size_t cap);

/* Draws id and secret; adds the text to out, which key_wipe_str wipes. */
void login_make(struct login *, struct str *out);

/* Into a transaction, and after it here. */
void users_write(struct store_txn *, const struct user *);
/* That there is none: whoever made one meanwhile has the name. */
void users_require_none(struct store_txn *, struct slice name);
void users_write_login(struct store_txn *, const struct login *);
void users_erase_login(struct store_txn *, const struct login *);
/* With all logins. */
void users_erase(const struct users *, struct store_txn *, struct slice name);
void users_put(struct users *, const struct user *);
void users_put_login(struct users *, const struct login *);
void users_remove_login(struct users *, struct slice id);
void users_remove(struct users *, struct slice name);
void users_remove_logins(struct users *, struct slice name);

#endif
