#ifndef CTL_ALLOW_TYPED_H
#define CTL_ALLOW_TYPED_H

#include "modes/ctl/allow_name.h"
#include "modes/ctl/traffic.h"

/*
 * allow_typed: what stands behind --methods, --paths and --from-ip of an order, and
 * the question by which it is checked.
 */

/*
 * "GET,HEAD" of "GET, HEAD,GET": each word once; NULL: the option was not typed.
 * CTL_USAGE, reported, where nothing is left or no request could have the word: a
 * method in small letters, a path that does not begin with "/".
 */
int allow_typed(struct ctl *, const char *option, const char **words);

/*
 * The command that asks for something of the order: "mesh ctl authz check --from
 * shop/web --to shop/orders:80 --path /a".  Patterns stand for one that matches them.
 * service: NULL if there is none; its first port that may be meant is asked for.
 */
const char *allow_question(struct arena *, const struct allow_words *,
    const struct model_object *service);

#endif
