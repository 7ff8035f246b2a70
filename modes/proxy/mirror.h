#ifndef PROXY_MIRROR_H
#define PROXY_MIRROR_H

#include "http/head.h"
#include "loop/buf.h"
#include "modes/proxy/worker.h"

/*
 * mirror: copies of requests, sent to another service and forgotten: nobody
 * waits for the answer, which is read and dropped, nothing is tried again.
 *
 * Bounded: a request whose body is longer than MIRROR_BODY_MAX, or that comes
 * while MIRROR_MAX copies are under way on its worker, is not copied; a copy
 * that is not answered in MIRROR_MS is given up.
 */
#define MIRROR_BODY_MAX	(64 * 1024)
#define MIRROR_MAX	256
#define MIRROR_MS	15000

/* Copies the head; shares the bytes of body, all of it; takes a ref. */
void mirror_send(struct proxy_worker *, struct cluster *,
    const struct http_head *, const struct buf *body);
/* The worker stops: those under way are given up. */
void mirror_drop_all(struct proxy_worker *);

#endif
