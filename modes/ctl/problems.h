#ifndef CTL_PROBLEMS_H
#define CTL_PROBLEMS_H

#include "modes/ctl/traffic.h"

/*
 * problems: what is wrong with documents, as lists of lines for people.
 */

/*
 * Of a route of any kind: parents that do not take it, rules that cannot be
 * compiled, references to nothing or not permitted.  By control's conditions
 * where it has any, else found out by the function that makes them.
 */
void problems_of_route(struct traffic *, const struct model_object *route,
    struct conf_node *list);
/* Of the whole Gateway, without those of its listeners. */
void problems_of_gateway(struct traffic *, const struct model_object *gateway,
    struct conf_node *list);
/* Control's conditions; of files, certificates that cannot be shown. */
void problems_of_listener(struct traffic *, const struct route_listener *,
    struct conf_node *list);
/* Conditions that are not as they should be; gives how many there are at all. */
size_t problems_of_status(struct ctl *, const struct model_object *,
    struct conf_node *list);
/* What is allowed in these objects of the set, and most likely a mistake. */
void problems_of_set(struct traffic *, const struct model_object *const *,
    size_t n, struct conf_node *list);

#endif
