#ifndef PROXY_AGENT_JWT_H
#define PROXY_AGENT_JWT_H

#include "base/err.h"
#include "base/list.h"
#include "base/map.h"
#include "base/slice.h"
#include "base/str.h"

/*
 * agent_jwt: JWT-SVIDs for the application, which control signs.  Part of the
 * agent.  A token is given out again until half of its life is over, so that
 * control is asked seldom however often an application asks.
 */
#define AGENT_JWT_KEPT_MAX	256	/* sets of audiences */
#define AGENT_JWT_WAITING_MAX	64	/* questions under way */

struct agent;

struct agent_jwts {
	struct map  kept;	/* by body of the question: struct kept */
	struct list asked;	/* questions to control */
	size_t      waiting;
};

struct agent_jwt {
	struct slice id, token;	/* borrowed */
	struct err   err;	/* ERR_DENIED: no identity; ERR_UNAVAILABLE */
};

/* From the main loop; done comes there, once, at the end, too. */
void agent_jwt_fetch(struct agent *, const struct slice *audiences, size_t n,
    void (*done)(void *arg, const struct agent_jwt *), void *arg);
void agent_jwt_init(struct agent *);
void agent_jwt_stop(struct agent *);
void agent_jwt_forget(struct agent *);	/* what is kept */
void agent_jwt_fini(struct agent *);

#endif
