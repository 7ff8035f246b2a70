#ifndef PROXY_ISSUERS_H
#define PROXY_ISSUERS_H

#include "loop/loop.h"
#include "model/request_authentication.h"
#include "net/resolve.h"
#include "policy/issuer_keys.h"
#include "policy/openid.h"
#include "stat/stat.h"

/*
 * issuers: the keys of those who give tokens out, fetched from where they
 * publish them, for whoever compiles.
 *
 * Keys that a compilation finds for the first time are fetched at once, and
 * again after ISSUERS_MAX_MS, or sooner if the issuer says so, but not before
 * ISSUERS_MIN_MS; also when a worker met a token of a key that is not there.
 * Where there is no answer the last good ones stay, and it is asked again after
 * a while that grows to ISSUERS_RETRY_MAX_MS.  The last good ones are kept in the
 * state directory, too, so that a restart needs nobody.  What two compilations
 * in a row did not find is forgotten.
 *
 * Life: issuers_new -> issuers_start (now it belongs to that loop's thread)
 *       -> issuers_begin, issuers_keys ... -> issuers_end for each compilation
 *       -> issuers_stop -> issuers_free, when that loop is gone.
 */
#define ISSUERS_MIN_MS		60000u
#define ISSUERS_MAX_MS		1200000u
#define ISSUERS_RETRY_MS	1000u
#define ISSUERS_RETRY_MAX_MS	60000u
#define ISSUERS_LEN_MAX		256	/* more are left out */

struct issuers;
struct state;
struct system_roots;
struct tls_handshaker;

struct issuers *issuers_new(struct tls_handshaker *, struct stat_registry *);
void issuers_free(struct issuers *);	/* NULL allowed */

struct issuers_owner {
	struct loop                *loop;
	struct system_roots        *roots;
	const struct resolve_files *files;	/* NULL: the machine's */
	const struct state         *state;	/* NULL: nothing is kept */
	/* Other keys, or another fault, would be found: compile again. */
	void (*changed)(void *arg);
	/* Who waits for keys from there has waited long enough. */
	void (*settled)(void *arg, struct slice source);
	void  *arg;
};
void issuers_start(struct issuers *, const struct issuers_owner *);
void issuers_stop(struct issuers *);	/* harmless if it was not started */

void issuers_begin(struct issuers *);
/* For authn_sources: arg is the struct issuers. */
struct issuer_keys *issuers_keys(void *arg, const struct model_jwt_rule *,
    struct slice *source);
/*
 * What the issuer says of itself; false: it was not asked, or did not answer
 * yet.  Lies in the arena.
 */
bool issuers_provider(struct issuers *, const struct model_jwt_rule *,
    struct arena *, struct openid_provider *);
/* Whether the rule's keys could not be fetched, though some may be in force. */
bool issuers_fault(struct issuers *, const struct model_jwt_rule *,
    struct err *);
void issuers_end(struct issuers *);

/* Any thread: a key from there is wanted that is not known; settled follows. */
void issuers_want(struct issuers *, struct slice source);

#endif
