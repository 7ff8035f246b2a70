#ifndef PROXY_LEARN_H
#define PROXY_LEARN_H

#include "base/str.h"
#include "modes/proxy/authorize.h"

/*
 * learn: what callers do who are let in, for people who write policies
 * (mesh ctl policy learn).  Each worker has a table of its own that does not grow
 * (policy/calls.h); control asks for all of them at once, when somebody wants to know.
 *
 * Nothing is kept of a request but caller, method and the shape of its path, and
 * nothing is written anywhere.
 */
struct data_plane;

/*
 * On the worker: this was let in just now.  A request at a port that is declared to
 * take bytes is answered by nobody, and leaves no trace.
 */
void learn_note(struct proxy_worker *, const struct authorize_at *,
    const struct authz_facts *);
/*
 * Any thread: done gets the tables of all workers as a JSON object, on one of them;
 * nothing if they are stopped before that.
 */
void learn_gather(struct data_plane *, void (*done)(void *arg, struct slice json),
    void *arg);

#endif
