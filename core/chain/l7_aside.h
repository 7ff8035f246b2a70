#ifndef CHAIN_L7_ASIDE_H
#define CHAIN_L7_ASIDE_H

#include "chain/l7.h"

/*
 * l7_aside: an exchange beside another: what a filter asks the service by
 * itself, while the caller has an answer already or waits for nothing more.
 *
 * Life: l7_aside -> (later in this turn) the head comes to the same filter, with
 *     a state of its own, goes through those behind it and to the terminal ->
 *     the answer comes back as far as to that filter and is dropped -> done.
 *
 * It has no caller: it outlives the exchange and the connection that it came
 * from, l7_peer is a copy, and filters in front never hear of it.  The terminal
 * sees to it that it ends (its clocks run), and the end of the worker does.
 */

/*
 * Copies the head, of a request without a body.  False: there are too many on
 * this worker, the terminal cannot be had twice, or this is one already.
 */
bool l7_aside(struct l7_ctx *, const struct http_head *);
bool l7_is_aside(const struct l7_ctx *);
/* Ends all of the worker's. */
void l7_asides_end(struct worker_env *);

#endif
