#ifndef CONTROL_CONDITIONS_H
#define CONTROL_CONDITIONS_H

#include "modes/control/server.h"

/*
 * conditions: what routes, gateways and policies are told about themselves,
 * as Gateway API has it: status.conditions, and those of each parent, listener
 * and ancestor.
 * Life: conditions_new (behind sessions_new) -> conditions_of ...
 *     -> conditions_free (before sessions_free).
 *
 *   documents --judge--> judged ---+--> shown --> get, describe, wait
 *   proxies --standing-> behind ---'
 *
 * A judge (conditions_judge.h) is a pure function of a document and of those
 * that it looks at.  What it looked at is remembered, so that a change asks
 * only those judges again whose answer it can change.  Programmed follows from
 * the sessions: it is true when every connected proxy that needs the document
 * runs its present form; where none needs a route, nothing is missing.
 *
 * All of it lives in memory and makes no revision; after a start times are
 * those of the start.  One thread, the server's.
 */
struct conditions;

struct conditions *conditions_new(struct server *);
void conditions_free(struct conditions *);	/* NULL is allowed */
/*
 * The status of a document as JSON, up to date; absent for kinds that have
 * none.  Valid until the next call.  What depends on proxies may be late by
 * some time when very many of them change at once.
 */
struct slice conditions_of(struct conditions *, const struct model_object *);
/* How many judges were asked so far. */
uint64_t conditions_judged(const struct conditions *);

#endif
