#ifndef CTL_CALL_H
#define CTL_CALL_H

#include "conf/node.h"
#include "modes/ctl/ctl_run.h"

/*
 * call: control's API for commands: JSON out, JSON in, and what control
 * refuses as an err.  Trees live in the arena of c.
 */

/*
 * body and answer may be NULL.  -1: control could not be asked, or it said no;
 * the kind is that of its answer.
 */
int call_api(struct ctl *c, const char *method, const char *path,
    const struct conf_node *body, struct conf_node **answer, struct err *);
/*
 * GET of a list, however long: the answer, or what it holds under key.  Gives
 * a list of maps; NULL: see err.
 */
struct conf_node *call_list(struct ctl *c, const char *path, const char *key,
    struct err *);
/* The answer as it is, whatever its status; out of what client_ask gives. */
struct client_answer;
int call_raw(struct ctl *c, const char *method, const char *path,
    struct slice body, size_t max, struct client_answer *, struct err *);
/* The err that an answer with status 400 or more stands for. */
int call_refused(const struct client_answer *, struct err *);

/*
 * "/v1/documents/services/default/web" and such: each part after the format's
 * own text is escaped (RFC 3986, 2.1).  Ends at NULL.
 */
const char *call_path(struct ctl *c, const char *first, ...)
    __attribute__((sentinel));
/* Adds "?name=value" or "&name=value" when value is not NULL. */
const char *call_query(struct ctl *c, const char *path, const char *name,
    const char *value);

#endif
