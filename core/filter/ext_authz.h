#ifndef FILTER_EXT_AUTHZ_H
#define FILTER_EXT_AUTHZ_H

#include "conf/value.h"
#include "http/head.h"
#include "loop/buf.h"

/*
 * ext_authz: what somebody else is asked before a request goes on, and what his
 * answer does to the exchange.  Pure; who carries question and answer is
 * modes/proxy/ext_authz.h, how they are written is ext_authz_http.h and
 * ext_authz_grpc.h.
 *
 * A provider may refuse with a status, fields and a body of its own, or let pass
 * and change fields and query of the request, and fields of its response.  What
 * it may not touch, and what is passed over where it tries: Host and pseudo
 * fields, what frames a message or belongs to one hop, and what the mesh itself
 * vouches for (x-mesh-*, x-forwarded-client-cert, -for, -host, -proto,
 * forwarded, proxy-status, x-ext-authz-principal).  An answer that is malformed in
 * any part is an ERROR, but for the body of a refusal by HTTP; failOpen is only for
 * nobody's answer: a refusal that is too long, or cut, would open what it shuts.
 */
#define EXT_AUTHZ_ANSWER_MAX	(64 * 1024)	/* bytes of its body, or message */
#define EXT_AUTHZ_CHANGES_MAX	128
/* On questions by HTTP: who calls.  Only members of the mesh may say it. */
#define EXT_AUTHZ_PRINCIPAL	"x-ext-authz-principal"
#define EXT_AUTHZ_GRPC_PATH	"/envoy.service.auth.v3.Authorization/Check"

/* Names in lower case; "abc*" is a beginning, "*abc" an end, "*" all. */
struct ext_authz_names {
	const char *const *v;
	size_t             len;
};
bool ext_authz_has(const struct ext_authz_names *, struct slice lower_name);
/* Likewise, but "*" names nobody. */
bool ext_authz_names(const struct ext_authz_names *, struct slice lower_name);
/*
 * A field that nobody but a provider may say, with its up_allow, in any spelling
 * that applications take for it (twin_is); Authorization and Cookie, which
 * say who one is oneself, never are.
 */
bool ext_authz_reserves(const struct ext_authz_names *,
    const struct http_field *);
/*
 * Takes those out of a request that the provider does not change, but for what
 * it may not touch.  Gives how many.
 */
size_t ext_authz_clear(const struct ext_authz_names *, struct arena *,
    struct http_fields *);

struct ext_authz_settings {
	bool                   is_grpc;
	uint64_t               timeout_ms;
	bool                   fails_open;
	int                    error_status;	/* to whom nobody answered */
	struct slice           path;	/* HTTP: in front of the request's */
	struct ext_authz_names headers;	/* of the request, that it sees */
	struct conf_pairs      more_headers;	/* HTTP: that it sees besides */
	/* HTTP: fields of its answer, and who gets them. */
	struct ext_authz_names up_allow, down_deny, down_allow;
	bool                   denies_with_all;	/* down_deny is everything */
	size_t                 body_max;	/* that it sees; 0: none */
	bool                   allows_part;	/* of a longer body, else 413 */
	bool                   as_bytes;	/* gRPC: raw_body */
};

/* Whether a request of this method and path could be a question of such a one. */
bool ext_authz_is_question(const struct ext_authz_settings *,
    struct slice method, struct slice path);

struct ext_authz_peer {
	struct slice address;		/* without port; empty: unknown */
	uint16_t     port;
	struct slice principal;		/* SPIFFE ID, or empty */
	struct slice service;		/* "ns/name", or empty */
};

struct ext_authz_question {
	const struct http_head *head;	/* as it stands now; NULL: of bytes, gRPC */
	struct slice            body;	/* with body_max */
	bool                    is_part;	/* there is more of it */
	struct ext_authz_peer   source, destination;
	struct slice            id, sni;	/* of the request; may be empty */
	int64_t                 wall_us;	/* when it came */
};

enum ext_authz_op {
	EXT_AUTHZ_SET,		/* instead of all lines of that name */
	EXT_AUTHZ_ADD,		/* a line more */
	EXT_AUTHZ_SET_ABSENT,	/* if there is none */
	EXT_AUTHZ_SET_PRESENT,	/* if there is one */
	EXT_AUTHZ_REMOVE,
	EXT_AUTHZ_QUERY_SET,
	EXT_AUTHZ_QUERY_REMOVE,
};

struct ext_authz_change {
	enum ext_authz_op op;
	bool              is_down;	/* of the response */
	struct slice      name, value;
};

enum ext_authz_result { EXT_AUTHZ_ALLOW, EXT_AUTHZ_DENY, EXT_AUTHZ_ERROR };

/* All of it lies in the arena that the reader was given. */
struct ext_authz_answer {
	enum ext_authz_result    result;
	const char              *why;	/* ERROR: in words */
	bool                     is_barred;	/* ERROR: he may not be asked */
	bool                     is_malformed;	/* ERROR: he did answer */
	int                      status;	/* DENY: 200 to 599 */
	struct slice             body;	/* likewise */
	struct ext_authz_change *changes;	/* DENY: all down */
	size_t                   len;
	size_t                   said;	/* of len: by the provider */
	uint64_t                 took_us;	/* set by who carried it */
};

/* --- for the two that read answers ------------------------------------------------ */

/* Nobody answered, or only that he cannot. */
void ext_authz_fail(struct ext_authz_answer *, const char *why);
/* He did, in a way that nobody can follow. */
void ext_authz_spoil(struct ext_authz_answer *, const char *why);
/*
 * True: it is none of his, his sidecar refused the question (Proxy-Status is of
 * a mesh): an ERROR that says why.  is_barred is the reader's to set: then failOpen
 * lets nobody pass, since that somebody may not ask is no outage.
 */
bool ext_authz_is_refused(const struct http_fields *, struct arena *,
    struct ext_authz_answer *);
/* Copies, but for what nobody may change; malformed, or too much: an ERROR. */
void ext_authz_add(struct ext_authz_answer *, struct arena *,
    enum ext_authz_op, bool is_down, struct slice name, struct slice value);
/* A field of the caller goes; none of the provider's changes, which are bounded. */
void ext_authz_take_out(struct ext_authz_answer *, struct arena *,
    struct slice name);

/* --- what it does ------------------------------------------------------------------- */

void ext_authz_change_request(const struct ext_authz_answer *, struct arena *,
    struct http_head *);
void ext_authz_change_response(const struct ext_authz_answer *,
    struct http_head *);
/* Of DENY: the head to reply with, in the arena; the body is added to body. */
struct http_head *ext_authz_denial(const struct ext_authz_answer *,
    struct arena *, struct buf *body);

#endif
