#ifndef CONTROL_STORE_KEYS_H
#define CONTROL_STORE_KEYS_H

/*
 * store_keys: who keeps what where in the key space.  Keys with '!' in front
 * are records (see store.h) and never leave control.  Values are JSON.
 *
 * The rules that need more than one key hold because one transaction writes
 * both: a token is used up (require its `modified`, put it) where the
 * certificate is recorded; every change carries its audit entry.
 */
/* Then an object's key, which begins with a slash. */
#define STORE_DOCUMENTS		"doc"
#define STORE_TOKENS		"!token/"	/* ID; until some days after its end */
#define STORE_CERTIFICATES	"!cert/"	/* SHA-256 of the leaf in hex; likewise */
#define STORE_OPERATORS		"!operator/"	/* NAME */
#define STORE_USERS		"!user/"	/* NAME */
#define STORE_LOGINS		"!login/"	/* ID; until it ends */
#define STORE_REVOCATIONS	"!revoked/"	/* SPIFFE ID; until it is of no use */
#define STORE_ROLES		"!roles"	/* the first bindings were written */
#define STORE_ROLLOUTS		"!rollout"	/* an object's key; until it is gone */

#endif
