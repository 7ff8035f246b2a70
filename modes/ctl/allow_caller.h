#ifndef CTL_ALLOW_CALLER_H
#define CTL_ALLOW_CALLER_H

#include "modes/ctl/ctl_run.h"
#include "model/set.h"

/*
 * allow_caller: whether anybody is who an order is about.  An order about nobody
 * is no fault, who is meant may come yet; a slip of the pen shall show.
 */

/* Warns of an account, or (caller "*") a namespace, that none here has. */
void allow_warn_account(struct ctl *, const char *namespace, const char *caller);
/* Warns of a trust domain that is neither ours nor federated. */
void allow_warn_domain(struct ctl *, struct slice domain);

/*
 * Whether a Workload or Service of the set has the account, or, for "*", is in
 * the namespace; a Gateway's proxies have one, too.
 */
bool allow_is_known(const struct model_set *, const char *namespace,
    const char *caller);
/* One of the set's accounts that may have been meant: "shop/web"; or NULL. */
const char *allow_near(struct arena *, const struct model_set *,
    const char *namespace, const char *caller);

#endif
