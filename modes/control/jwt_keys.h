#ifndef CONTROL_JWT_KEYS_H
#define CONTROL_JWT_KEYS_H

#include "modes/control/ca_files.h"

/*
 * jwt_keys: the keys that sign JWT-SVIDs, in DATA-DIR/ca.
 *
 *   jwt.key		signs
 *   jwt.next.key	prepared: published, and signs later
 *   jwt.keys		the public halves of all that are published, a line each:
 *			"STATE SINCE POINT", seconds since 1970, base64url
 *
 * A key is published an hour before it signs, so that whoever verifies by a
 * copy of the trust bundle has it by then, and for an hour after the last token
 * of it has ended.  Backups do not have them: a control that is restored makes
 * another, and tokens live for minutes.
 *
 * Life: jwt_keys_load (before the signer starts) -> jwt_keys_due, each minute
 *       -> jwt_keys_prepare, jwt_keys_activate, jwt_keys_drop.
 */
#define JWT_KEY_LIFE_S		(30 * 86400)	/* of one that signs */
#define JWT_KEY_LEAD_S		3600		/* published, signs not yet */
#define JWT_KEY_TAIL_S		7200		/* signs no more */
#define JWT_KEYS_MAX		8
#define JWT_SVID_LIFE_S		300

enum jwt_key_state { JWT_KEY_ACTIVE, JWT_KEY_NEXT, JWT_KEY_OLD };

struct jwt_key {
	enum jwt_key_state state;
	int64_t            since;	/* it is in this state; wall seconds */
	uint8_t            point[KEY_POINT_LEN];
};

struct jwt_keys {
	struct jwt_key v[JWT_KEYS_MAX];
	size_t         len;
};

/* What is to be done by age; pure. */
enum jwt_step { JWT_NOTHING, JWT_PREPARE, JWT_ACTIVATE, JWT_DROP };
enum jwt_step jwt_keys_due(const struct jwt_keys *, int64_t now);

/* Makes what is missing, and ends an activation that was cut short. */
int jwt_keys_load(struct jwt_keys *, const struct ca_files *, int64_t now,
    struct err *);
int jwt_keys_prepare(struct jwt_keys *, const struct ca_files *, int64_t now,
    struct err *);
/* The prepared key, for the signer, before it is activated. */
int jwt_keys_read_next(struct key *, const struct ca_files *, struct err *);
int jwt_keys_activate(struct jwt_keys *, const struct ca_files *, int64_t now,
    struct err *);
/* Those that signed up to `before`. */
int jwt_keys_drop(struct jwt_keys *, const struct ca_files *, int64_t before,
    struct err *);

/* Adds them as members of a JWK Set, a comma between; use: as jwt_svid.h. */
void jwt_keys_add(struct str *, const struct jwt_keys *, const char *use);

#endif
