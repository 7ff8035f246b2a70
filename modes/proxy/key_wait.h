#ifndef PROXY_KEY_WAIT_H
#define PROXY_KEY_WAIT_H

#include "modes/proxy/worker.h"
#include "policy/authn.h"

/*
 * key_wait: whoever met a token of a key that is not known, until the keys of its
 * issuer have been fetched again, or for as long as its rule says.
 *
 * Life: key_wait_start -> on_keys or on_late, once, or key_wait_stop and no call.
 */
#define KEY_WAITS_MAX	1024	/* of a worker */

struct key_wait_ops {
	void (*on_keys)(void *arg);	/* judge by those in force now */
	void (*on_late)(void *arg);
};

struct key_wait {
	struct list                link;	/* in worker->key_waits */
	struct loop_timer          late;
	struct proxy_worker       *worker;
	struct slice               source;
	const struct key_wait_ops *ops;
	void                      *arg;
};

enum key_wait_result {
	KEY_WAIT_FINAL,		/* there are no others, or nobody to ask */
	KEY_WAIT_FULL,		/* too many wait */
	KEY_WAIT_STARTED
};
/* Keeps ops and arg, and the rule's source. */
enum key_wait_result key_wait_start(struct key_wait *, struct proxy_worker *,
    const struct authn_rule *, const struct key_wait_ops *, void *arg);
void key_wait_stop(struct key_wait *);	/* harmless if it is over, or zeroed */

/* On the worker: what is known of keys from there is in force now. */
void key_wait_settled(struct proxy_worker *, struct slice source);

#endif
