#ifndef CTL_ALLOW_MEETS_H
#define CTL_ALLOW_MEETS_H

#include "model/authorization_policy.h"
#include "modes/ctl/allow_name.h"

/*
 * allow_meets: how much of an order a policy is about, which somebody wrote before.
 * Pure, by the words of both: conditions whose outcome a request alone knows -- its
 * address, token, host, headers -- make it a part at most.  Of trust domains of ours
 * nothing is known here, so a principal is taken for ours if the rest fits.
 */
enum allow_meets { ALLOW_MEETS_NONE, ALLOW_MEETS_PART, ALLOW_MEETS_ALL };

enum allow_meets allow_meets(const struct model_object *policy,
    const struct allow_words *);

#endif
