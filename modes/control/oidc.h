#ifndef CONTROL_OIDC_H
#define CONTROL_OIDC_H

#include "modes/control/bindings.h"
#include "modes/control/server.h"

/*
 * oidc: people whom an identity provider vouches for, by the ID token that it
 * gave them (OpenID Connect Core 1.0, 2 and 3.1.3.7).
 * Life: oidc_new -> oidc_judge, of each request with such a token
 *     -> oidc_free.
 *
 * A token is believed that the issuer of the settings signed for one of the
 * audiences of the settings, that has an end, and that names its person.  That
 * one is the User "oidc:NAME", so that no issuer can make somebody who is known
 * here already; groups are as the token has them, without those that begin with
 * "mesh:", which are ours to give.
 *
 * Keys stand in the settings or are fetched, from the address in the settings or
 * from where the issuer says that they are: at the start, as often as their
 * server lets them be kept, and when a token comes of a key that is not known.
 * The last good ones stay.
 */
#define OIDC_GROUPS_MAX	256
#define OIDC_NAME_MAX	253	/* bytes, of a person and of a group */

struct oidc;
/* NULL and no error: the settings name no issuer. */
struct oidc *oidc_new(struct server *, struct err *);
void oidc_free(struct oidc *);	/* NULL is allowed */

struct oidc_claims {
	struct slice           name;	/* without "oidc:" */
	struct bindings_person person;
	int64_t                until;	/* seconds since 1970 */
};
/* Everything in the arena.  False: *why says what is wrong. */
bool oidc_judge(struct oidc *, struct arena *, struct slice token,
    int64_t now_s, struct oidc_claims *, const char **why);
/* The same of claims that are believed: who it is. */
bool oidc_read_claims(const struct model_control_spec *, struct arena *,
    const struct conf_node *claims, struct oidc_claims *, const char **why);

#endif
