#ifndef CTL_ALLOW_CALLER_H
#define CTL_ALLOW_CALLER_H

#include "conf/node.h"
#include "model/set.h"
#include "modes/ctl/ctl_run.h"

/*
 * allow_caller: whether anybody is who an order is about.  An order about nobody
 * is no fault, who is meant may come yet; a slip of the pen shall show.
 */

/* Warns of an account, or (caller "*") a namespace, that none here has. */
void allow_warn_account(struct ctl *, const char *namespace, const char *caller);
/* Warns of a trust domain that is neither ours nor federated. */
void allow_warn_domain(struct ctl *, struct slice domain);

/* Accounts that there are, as "shop/web"; some more than once. */
struct allow_accounts {
	const char **names;
	size_t       len;
};
/*
 * Those of the set's Workloads, Services and Gateways, and of the proxies in
 * session (rows of /v1/proxies).  In the arena.
 */
struct allow_accounts allow_accounts(struct arena *, const struct model_set *,
    const struct conf_node *proxies);
/* Whether somebody has the account or, for "*", is in the namespace. */
bool allow_is_known(const struct allow_accounts *, const char *namespace,
    const char *caller);
/* One that may have been meant, in the arena or of accounts; or NULL. */
const char *allow_near(struct arena *, const struct allow_accounts *,
    const char *namespace, const char *caller);

#endif
