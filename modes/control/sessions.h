#ifndef CONTROL_SESSIONS_H
#define CONTROL_SESSIONS_H

#include "modes/control/records.h"
#include "modes/control/server.h"

/*
 * sessions: the proxies that control talks with.
 * Life of all: sessions_new -> sessions_open of each -> sessions_free.
 * Life of one: sessions_open -> (hello -> interest, or a moment -> state,
 *     changes, questions; ready, ack, alive, answers) -> session_gone, when
 *     its connection has ended, whoever ended it.
 *
 * A proxy speaks for one workload, the one whose name its certificate's
 * record carries; whatever it says of itself, names and identity come from
 * there.  A second session of the same workload ends the first.
 *
 * The first state waits for the proxy's interests, so that a proxy that comes
 * back never sees a state without the services that it calls.
 */
struct session;

/* The connection under a session. */
struct session_io {
	/* Takes the bytes; may call session_paused before it returns. */
	void (*write)(void *arg, struct buf *);
	void (*end)(void *arg);		/* in order; session_gone follows */
};

struct session_peer {
	struct grant grant;	/* names, of the certificate's record */
	struct slice id;	/* SPIFFE ID */
	struct slice address;	/* IP, as control sees it */
	struct slice from;	/* with its port */
	struct slice joined;	/* by what, for people */
	int64_t      not_after;	/* of its certificate; seconds since 1970 */
	uint8_t      root[HASH_LEN];	/* of the key of the root above that */
};

struct sessions *sessions_new(struct server *);
void sessions_free(struct sessions *);	/* after the last session_gone */
size_t sessions_len(const struct sessions *);
bool sessions_has(const struct sessions *, struct slice name);	/* "ns/name" */
void sessions_tick(struct sessions *);	/* every LIVE_TICK_MS */

/* Copies the peer; keeps io and arg until session_gone. */
struct session *sessions_open(struct sessions *, const struct session_peer *,
    const struct session_io *, void *arg);
/* What the proxy sent; takes it. */
void session_bytes(struct session *, struct buf *, bool end);
void session_paused(struct session *, bool is_paused);
void session_gone(struct session *);

/* Adds a map for each proxy to the list, in order of names. */
void sessions_write(const struct sessions *, struct conf_node *list);

/* Tells all of them the trust bundle, which has changed. */
void sessions_publish(struct sessions *);

/* Asks all of them to renew their certificates soon. */
void sessions_ask_renewal(struct sessions *);

/*
 * There is one more revoked identity: its own sessions end, the others are told.
 * done once each has answered that it obeys, or after wait_ms, with the names
 * ("ns/name") of those that have not.
 */
struct sessions_recalled {
	size_t              obeyed;
	const char *const  *waiting;
	size_t              waiting_len;
};
typedef void sessions_recall_done(void *ctx, const struct sessions_recalled *);
void sessions_recall(struct sessions *, struct slice id, uint64_t wait_ms,
    sessions_recall_done *, void *ctx);

/*
 * The workload ("ns/name") has no certificate under a root that is trusted: ends
 * its session, unless that stands on such a root.
 */
void sessions_shut_out(struct sessions *, struct slice name);

/*
 * Which documents are not everywhere yet.  Life: sessions_standing -> look
 * into behind, by key -> sessions_standing_fini.
 *
 * A document that is not in it runs, in its present form, in every proxy
 * that is connected and needs it.
 */
struct sessions_behind {
	size_t      waiting;	/* proxies that did not say that they run it */
	size_t      rejecting;	/* proxies that keep another form of it */
	const char *who;	/* "ns/name" of one; a rejecting one first */
	const char *why;	/* in the words of one that rejects, or NULL */
};
struct sessions_standing {
	struct map   behind;	/* by key: struct sessions_behind */
	struct arena arena;
};
void sessions_standing(const struct sessions *, struct sessions_standing *);
void sessions_standing_fini(struct sessions_standing *);
/* Proxies that have this document; running: that run its present form. */
size_t sessions_holders(const struct sessions *, const struct model_object *,
    size_t *running);
/* Adds the IP addresses at which proxies listen for this Gateway, each once. */
void sessions_listening(const struct sessions *, const struct model_object *,
    struct conf_node *list);
/* Calls back, often and soon after, when some of that may have changed. */
void sessions_on_standing(struct sessions *, void (*fn)(void *arg), void *arg);

/*
 * Asks those proxies for their counters, at once instead of with their turn,
 * that have the document or serve the service ("ns/name").
 */
void sessions_ask_counters(struct sessions *, const struct model_object *,
    struct slice service);

/*
 * Asks the proxy of a workload ("ns/name") and waits for its answer.
 * ERR_NOT_FOUND: it has no session.  ERR_UNAVAILABLE: no answer within 5 s.
 */
typedef void session_answered(void *ctx, const struct err *,
    const struct conf_node *body);
void sessions_ask(struct sessions *, const char *workload, const char *what,
    session_answered *, void *ctx);

#endif
