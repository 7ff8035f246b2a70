#ifndef PROXY_STATE_H
#define PROXY_STATE_H

#include "base/err.h"
#include "base/slice.h"
#include "base/str.h"

/*
 * state: the files that a proxy keeps in --state-dir, so that it can start
 * and serve when control is away.
 *
 * Life: state_open -> state_read, state_write, state_remove -> state_close.
 *
 * Among them is a private key: the directory is made 0700 and the files 0600,
 * all of them ours, and what others could read or have put there is refused
 * rather than repaired, because it may be known to somebody by now.
 * A file is replaced whole or not at all, whenever the power goes.  While one
 * process has the directory open no second one can.
 */
#define STATE_IDENTITY	"identity.pem"	/* key, then certificates */
#define STATE_BUNDLE	"bundle.pem"	/* roots that we trust */
#define STATE_APPLICATION "application.pem"	/* of ours: agent_svid.h */
#define STATE_JWKS	"jwt-keys.json"	/* by which tokens are verified */
#define STATE_REVOKED	"revoked.txt"	/* whom we refuse: pki/revoked.h */
#define STATE_JOIN_KEY	"join-key.pem"	/* of a join that is under way */
#define STATE_DOCUMENTS	"documents.jsonl"	/* last good ones: docs.h */
#define STATE_ISSUERS	"issuer-keys.json"	/* of tokens: issuers.h */
#define STATE_SHARES	"limits.json"	/* among how many: shares.h */
#define STATE_FILE_MAX	((size_t)64 << 20)	/* bytes */

struct state {
	int   dir;	/* locked; -1: not open */
	char *path;
};

/* Makes the directory if need be.  ERR_CONFIG, ERR_CONFLICT (in use), ERR_SYSTEM. */
int state_open(struct state *, const char *path, struct err *);
void state_close(struct state *);	/* harmless twice */
/*
 * Appends the file's bytes.  1: there is such a file; 0: there is none; -1: it
 * cannot be read, or may not be trusted (ERR_CONFIG).
 */
int state_read(const struct state *, const char *name, struct str *,
    struct err *);
/* Returns when the bytes are on the disk under that name. */
int state_write(const struct state *, const char *name, struct slice,
    struct err *);
/* What is not there is fine. */
int state_remove(const struct state *, const char *name, struct err *);

#endif
