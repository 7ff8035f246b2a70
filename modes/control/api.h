#ifndef CONTROL_API_H
#define CONTROL_API_H

#include "chain/l7.h"
#include "conf/node.h"
#include "modes/control/api_route.h"
#include "modes/control/bindings.h"
#include "modes/control/server.h"
#include "pki/hash.h"
#include "pki/spiffe.h"

/*
 * api: control's terminal.  Requests come through the same chain as
 * anywhere in the mesh and end here.
 *
 * Life of a call: its head comes -> its row is found and the caller judged,
 * before a byte of the body is taken -> the body is collected, the caller
 * judged once more, and the body read as JSON -> the row's run -> one of
 * api_answer_x, at once or later, or api_stream_start and what follows -> freed
 * when the exchange is over and nobody refers to it.
 *
 * A run that answers later keeps a reference.  When the caller goes away
 * meanwhile, answers go nowhere; what was asked for is done all the same.
 */
struct door {
	struct server *server;
	unsigned       role;	/* API_NOBODY (TLS), API_LOCAL, API_ADMIN */
};

struct api_stream_ops {
	void (*paused)(void *arg, bool is_paused);
	/* What the caller sends after an upgrade; end: nothing more comes. */
	void (*bytes)(void *arg, struct buf *, bool end);
	void (*gone)(void *arg);	/* once, last */
};

struct api_call {
	unsigned                refs;
	struct l7_ctx          *ctx;	/* NULL: the caller is gone */
	struct server          *server;
	const struct api_route *route;	/* NULL: none was found */
	struct arena            arena;
	struct slice            params[API_PARAMS_MAX];
	struct slice            query;	/* as it came */
	struct buf              body;
	const struct conf_node *json;	/* the body; NULL: the row takes none */
	struct slice            allow;	/* methods, for 405 */
	bool                    is_answered;
	unsigned                retry_s;	/* of a 429: when to come again */
	void                   *state;	/* the row's own, in the arena */

	/* Who calls. */
	enum api_role           role;
	struct audit_entry      who;	/* actor, from, how, and the role it takes */
	struct bindings_person  person;	/* of API_PEOPLE */
	struct rights           rights;	/* theirs, when its run began */
	bool                    is_owner;	/* may all, whatever bindings say */
	struct slice            login;	/* ID, of who came with its token */
	const char             *bad_token;	/* why it is none; NULL: it is good,
						   or there is none */
	struct slice            id;	/* SPIFFE ID, empty without certificate */
	struct spiffe           spiffe;	/* of id */
	uint8_t                 leaf[HASH_LEN];	/* hash of its certificate */
	int64_t                 not_after;	/* its end, wall s; 0: none */
	int64_t                 revoked;	/* when that was done; 0: it is good */

	struct list             link;	/* server->streams */
	const struct api_stream_ops *stream;
	void                   *stream_arg;
	bool                    is_paused, is_ended;
	struct loop_timer       linger;		/* of an ended stream */
};

/* arg of a route is a struct door. */
extern const struct l7_terminal api_terminal;

struct api_call *api_call_ref(struct api_call *);
void api_call_unref(struct api_call *);

/* A parameter of the query, decoded; absent when it is not there. */
struct slice api_query(struct api_call *, const char *name);
/* A number: fallback when absent; -1 and answered when it is none. */
int api_query_u64(struct api_call *, const char *name, uint64_t fallback,
    uint64_t *out);
bool api_query_bool(struct api_call *, const char *name);
/* How long what is made is to last: "ttl" of the body. */
struct api_ttl {
	int64_t fallback_ms, min_ms, max_ms;
};
int api_read_ttl(const struct conf_node *json, const struct api_ttl *,
    int64_t *ms, struct err *);

/* The Date of an answer (RFC 9110, 6.6.1); only while there is a ctx. */
void api_add_date(struct api_call *, struct http_head *);
/* Answers.  Each ends the call; the second one of a call does nothing. */
void api_answer(struct api_call *, int status, const char *content_type,
    struct slice body);
void api_answer_json(struct api_call *, int status, struct slice json);
void api_answer_node(struct api_call *, int status, const struct conf_node *);
/* By the kind of the error. */
void api_answer_err(struct api_call *, const struct err *);
void api_answer_fail(struct api_call *, enum err_kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* What the first parameter names was deleted; a conflict: it was not there. */
void api_answer_deleted(struct api_call *, const struct err *);

/*
 * An answer without an end: 200 with lines, or 101 to the named protocol.
 * Keeps ops and arg until gone was called.  False: the caller was gone
 * already, and gone is not called.
 */
bool api_stream_start(struct api_call *, const char *upgrade,
    const struct api_stream_ops *, void *arg);
/* Takes the bytes.  paused may be called before it returns. */
void api_stream_write(struct api_call *, struct buf *);
/* Who goes on sending is cut off after so long. */
#define API_STREAM_LINGER_MS	5000
void api_stream_end(struct api_call *);
/*
 * Ends all of them, in order or at once, or those of one who may no more, or
 * those whose certificate is over, or those of people whose rights are not
 * any more what they were when they asked.
 */
void api_streams_end(struct server *);
void api_streams_judge(struct server *);
void api_streams_expire(struct server *, int64_t now_s);
void api_streams_end_of(struct server *, struct slice actor);
void api_streams_abort(struct server *);

#endif
