#ifndef CONTROL_VIEW_H
#define CONTROL_VIEW_H

#include "base/str.h"
#include "model/object.h"
#include "modes/control/server.h"

/*
 * view: documents as people and proxies see them, with the status that
 * machines report and nobody stores.
 */

/* Whether proxies are told that it is Offline. */
bool view_is_away(const struct server *, const struct model_object *);
/* Adds the document's JSON, with its status filled in. */
void view_document(const struct server *, const struct model_object *,
    struct str *);
/*
 * The same for proxies: only a Workload that is not Online says so, with its
 * state alone, so that what they get changes no more often than it matters.
 */
void view_for_proxies(const struct server *, const struct model_object *,
    struct str *);
/* Gives a reference to the object as proxies see it. */
struct model_object *view_object(const struct server *, struct model_object *);

#endif
