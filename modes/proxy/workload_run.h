#ifndef PROXY_WORKLOAD_RUN_H
#define PROXY_WORKLOAD_RUN_H

#include "chain/grpc.h"
#include "modes/proxy/door.h"
#include "modes/proxy/proxy_run.h"
#include "modes/proxy/workload_api.h"
#include "modes/proxy/workload_message.h"
#include "pki/hash.h"
#include "stat/memo.h"

/*
 * workload_run: the insides of the Workload API, for workload_api.c (the socket,
 * who may ask, streams) and workload_jwt.c (tokens).  On the main loop.
 */
struct workload_api {
	struct proxy_run *proxy;
	struct door       door;
	struct stat_memo  memo;
	struct svids     *now;	/* NULL: there is no identity */
	struct list       streams;
	size_t            streams_len;
	uint64_t          log_ms;	/* of the last line about a refusal */
};

/* State of the terminal: one call. */
struct workload_call {
	struct list             link;	/* of an open stream, else alone */
	struct l7_ctx          *ctx;
	struct workload_api    *api;
	const struct workload_method *method;	/* NULL: not known (yet) */
	struct buf              body;
	uint8_t                 said[HASH_LEN];	/* hash of the last answer */
	struct workload_waiting *waiting;	/* for the agent */
	bool                    is_answered, is_streaming, is_paused, owes;
};

struct workload_method {
	const char *name;
	/* A stream: its whole message. */
	void      (*put)(struct str *, const struct svids *);
	/* One answer; message is borrowed. */
	void      (*run)(struct workload_call *, struct slice message);
};

/* Ends the call with a status of gRPC; why is ASCII and outlives the call. */
void workload_fail(struct workload_call *, int status, const char *why);
/* Answers with one message. */
void workload_answer(struct workload_call *, struct slice message);

/* workload_jwt.c */
void workload_fetch_jwt(struct workload_call *, struct slice message);
void workload_validate_jwt(struct workload_call *, struct slice message);
void workload_forget(struct workload_call *);	/* it waits no more */

#endif
