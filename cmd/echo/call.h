#ifndef ECHO_CALL_H
#define ECHO_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "cmd/echo/address.h"
#include "cmd/echo/message.h"
#include "cmd/echo/reactor.h"

/*
 * call: echo as a client: one request to the next service.
 * Life: call_start -> on_done once -> call_close, or call_close at any time.
 *
 * HTTP calls send GET over a new connection; TCP calls send one line, end
 * their direction and read until the peer ends.  The result is one JSON
 * value: the reply's own JSON, or {"status", "body"}, or {"reply"} of a TCP
 * call, or {"error"}.
 */
struct call_target {
	char          *name;
	bool           is_tcp;
	bool           via_proxy;	/* absolute form */
	char          *authority, *path;	/* "" for TCP */
	struct address address;		/* where to connect */
};

/*
 * "orders=http://orders.default.mesh/path": a numeric host is dialled as it
 * stands, a name goes through proxy ("http://ADDR:PORT", may be NULL).
 */
int call_target_parse_http(struct call_target *, const char *spec,
    const char *proxy, struct err *);
/* "ledger=ADDR:PORT" */
int call_target_parse_tcp(struct call_target *, const char *spec, struct err *);
void call_target_fini(struct call_target *);

struct call;
struct call_result {
	struct slice json;	/* valid until call_close */
	bool         ok;
};

/*
 * Keeps target and owner.  Borrows caller (who we are) and cause: its tracing
 * fields are passed on.  on_done never runs inside call_start.
 */
struct call *call_start(struct reactor *, const struct call_target *,
    const char *caller, const struct message *cause, uint64_t timeout_ms,
    void (*on_done)(void *owner), void *owner);
const struct call_target *call_target_of(const struct call *);
struct call_result call_result(const struct call *);
void call_close(struct call *);

#endif
