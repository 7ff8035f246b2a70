#ifndef SYNC_MESSAGE_H
#define SYNC_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "base/str.h"
#include "conf/node.h"
#include "loop/buf.h"
#include "sync/quota_row.h"

/*
 * message: what proxy and control say to each other on a session (GET
 * /v1/session, Upgrade: mesh-session/1): one JSON object a line, both ways.
 *
 * Reading:  bytes -> sync_lines_next ... -> sync_message_read of each line
 *           -> the arena is reset or ends.
 * Writing:  a struct with its type and the members of that type set
 *           -> sync_message_write.
 *
 * One table says which members a type has; both directions read it.  What a
 * type needs must be there and of the right kind, what it does not know is
 * passed over, and so is a whole message of an unknown type: one version more
 * or less at the other end does no harm.  Nothing here does I/O.
 */
#define SYNC_PROTOCOL	"mesh-session/1"	/* of the upgrade */
#define SYNC_SCHEMA	1			/* of hello */
#define SYNC_LINE_MAX	((size_t)1 << 20)	/* bytes without the newline */
/* Of one interest: what a proxy calls on demand (10,000), and upstreams. */
#define SYNC_SERVICES_MAX 20000

enum sync_type {
	SYNC_UNKNOWN,	/* of a later version: ignore it */
	/* proxy to control */
	SYNC_HELLO,	/* schema, version, workload, since, document */
	SYNC_READY,	/* ready */
	SYNC_INTEREST,	/* services */
	SYNC_ACK,	/* revision, digest */
	SYNC_NACK,	/* key, revision, error: "": nothing any more */
	SYNC_ALIVE,	/* counters, uptime_ms, wall_s, cert_until_s */
	SYNC_WITHDRAW,
	SYNC_ANSWER,	/* id, body */
	SYNC_DEMAND,	/* id, seen, rows */
	SYNC_LISTENING,	/* addresses */
	SYNC_WORKLOAD,	/* document: hello's, as it is now */
	SYNC_REVOKED,	/* generation: that one is obeyed */
	/* control to proxy */
	SYNC_BUNDLE,	/* generation, pem, jwks or absent */
	SYNC_REVOKE,	/* generation, list: all of them (pki/revoked.h) */
	SYNC_PUT,	/* key, revision, document */
	SYNC_DEL,	/* key, revision */
	SYNC_NONE,	/* service */
	SYNC_COMMIT,	/* revision */
	SYNC_SYNCED,	/* revision, digest */
	SYNC_RESET,
	SYNC_BOOKMARK,	/* revision */
	SYNC_QUESTION,	/* id, what */
	SYNC_WITHDRAWN,	/* revision */
	SYNC_LEASE,	/* id (of the demand), rows */
	SYNC_DISPLACED,	/* from: a new session of its workload; this one ends */
	SYNC_TYPES
};

/*
 * Texts and nodes are borrowed from the arena (reading) or the caller
 * (writing).  A member that may be missing is absent or zero then.
 */
struct sync_message {
	enum sync_type type;
	uint64_t       revision, since, schema, generation, id;
	bool           ready;
	struct slice   version, workload, key, error, service, pem, jwks, what, from,
	               list;
	/*
	 * model_digest over key, revision and document (as conf_json_write
	 * has it) of all that was put and not deleted; lower-case hex; may be
	 * missing.
	 */
	struct slice   digest;
	/*
	 * alive, may be missing: what stat_report wrote, on the line
	 * as "counters":{"report":"mesh-counters 1 ..."}.
	 */
	struct slice   counters;
	uint64_t       uptime_ms;	/* alive: of its counters; 0: missing */
	uint64_t       wall_s;	/* alive: its clock; 0: missing */
	uint64_t       cert_until_s;	/* alive: end of what it shows; 0: missing */
	uint64_t       seen;	/* demand: id of the lease in force; 0: none */
	const struct sync_quota_row *rows;	/* demand, lease */
	size_t         rows_len;
	/* interest: services, "ns/name"; listening: IP addresses */
	const struct slice *names;
	size_t         names_len;
	/*
	 * hello, workload, put: "document" or "doc"; answer: "body".  For writing either
	 * the node or its JSON, which then goes out as it is.
	 */
	const struct conf_node *document;
	struct slice            document_json;
};

const char *sync_type_name(enum sync_type);	/* "hello"; "unknown" */

/*
 * Adds the line and its newline.  Returns -1 and adds nothing when that line
 * would be longer than SYNC_LINE_MAX (ERR_TOO_LARGE).
 */
int sync_message_write(struct str *, const struct sync_message *, struct err *);
/* Fills all of *m; ERR_DATA for what is no message.  Borrows line. */
int sync_message_read(struct sync_message *m, struct arena *, struct slice line,
    struct err *);

/*
 * Cuts lines off a queue of bytes.  All zeros at first; what of the queue has
 * been looked at is not looked at again.
 */
struct sync_lines {
	size_t looked;
};

/*
 * 1: *line is the next, without its newline, in the arena, and gone from the
 * queue.  0: not there yet.  -1: longer than SYNC_LINE_MAX (ERR_TOO_LARGE).
 */
int sync_lines_next(struct sync_lines *, struct buf *, struct arena *,
    struct slice *line, struct err *);

#endif
