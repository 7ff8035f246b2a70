#ifndef LOAD_WAY_H
#define LOAD_WAY_H

#include "base/list.h"
#include "cmd/load/options.h"
#include "loop/loop.h"
#include "net/conn.h"
#include "tls/tls.h"

/*
 * way: opens connections to the one address that load is about, plain or with
 * mutual TLS.
 *
 * Life of a try: way_open -> opened or failed once, or way_cancel -> free.
 * Both are called from the loop, never from inside way_open.
 */
struct way {
	struct loop           *loop;
	struct addr            to;
	struct tls_handshaker *handshaker;	/* NULL: plain */
	struct tls_identity   *identity;
	struct tls_request     request;
	uint64_t               opened, resumed;
};

struct way_ops {
	void (*opened)(void *owner, struct conn *);
	void (*failed)(void *owner, const char *why);
	struct conn_ops conn;			/* of what was opened */
};

struct way_try;

int way_init(struct way *, struct loop *, const struct options *, struct err *);
void way_fini(struct way *);	/* no try may be left */
struct way_try *way_open(struct way *, const struct way_ops *, void *owner);
void way_cancel(struct way_try *);

#endif
