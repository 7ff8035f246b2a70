#ifndef TLS_HANDSHAKE_H
#define TLS_HANDSHAKE_H

#include <stdatomic.h>

#include "base/list.h"
#include "base/refs.h"
#include "loop/loop_fd.h"
#include "pki/chain.h"
#include "tls/clients_run.h"
#include "tls/edge.h"
#include "tls/engine.h"
#include "tls/hello.h"
#include "tls/identity.h"
#include "tls/outside_run.h"
#include "tls/session.h"
#include "tls/tls.h"

/*
 * handshake: what the files of this folder know about one handshake and the
 * threads that run them.
 *
 *   handshaker.c   threads, admission, delivery, cancelling
 *   handshake.c    the socket: bytes in and out, deadline, budget
 *   handshake_peer.c  who the other end is: chains, sessions, the outcome
 *
 * A handshake belongs to its thread from hs_begin until hs_finish, then to
 * the loop that asked.
 */
#define HS_TIMEOUT_MS		10000
#define HS_BYTES_MAX		((size_t)64 * 1024)
#define HS_WAITING_MAX		1024
#define HS_OF_HOST_MAX		256	/* of those, let in from one host */
#define HS_SESSIONS_MAX		4096

struct hs_thread {
	struct tls_handshaker *owner;
	struct loop           *loop;
	struct list            active;
	struct chain_memo      memo;
	bool                   is_ending;
};

struct tls_handshaker {
	struct engine_template base;
	struct hs_thread      *threads;
	int                    n_threads;
	atomic_uint            next;		/* round robin */
	atomic_int             waiting;
	struct session_cache  *server_sessions, *client_sessions;
};

struct tls_handshake {
	struct tls_handshaker *owner;
	struct hs_thread      *thread;
	struct refs            refs;
	atomic_bool            is_finished;	/* the result is on its way */

	/* Of the loop that asked. */
	struct loop *loop;
	void       (*done)(void *arg, struct tls_result *);
	void        *arg;
	bool         is_cancelled;

	/* Of the handshake's thread. */
	struct list          link;
	struct tls_request   request;	/* with its own reference */
	int                  fd;
	uint64_t             start_us, due_ms;
	struct loop_fd       watch;
	struct loop_timer    deadline;
	struct engine       *engine;	/* made with the first record */
	struct buf           raw, out;
	size_t               bytes_in;
	enum distrust        distrust;
	struct session       peer;	/* what is proven so far */
	struct session       known;	/* what a session would prove */
	bool                 is_vouched;	/* a stranger's certificate is good, */
	struct str           subject, names;	/* whose these are */
	unsigned char        client_key[SESSION_KEY_LEN];
	struct hello        *hello;	/* server */
	const struct edge_cert *shown;	/* server with an edge; the request's */
	br_x500_name        *asked;	/* of whom a server with clients asks */
	struct tls_result    result;
};

/* handshake.c: on the handshake's thread. */
void hs_begin(void *handshake);
/* handshaker.c: gives the result to the loop that asked. */
void hs_finish(struct tls_handshake *, enum tls_failure);

/* handshake_peer.c */
extern const struct engine_ops hs_engine_ops;
/* The client's session to resume, or NULL. */
const br_ssl_session_parameters *hs_find_session(struct tls_handshake *);
/* What the engine ended with; fills in the result. */
enum tls_failure hs_outcome(struct tls_handshake *, enum engine_state);
/* "reason: details" into the result, for the log. */
void hs_describe(struct tls_handshake *, enum tls_failure);

#endif
