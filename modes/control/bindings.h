#ifndef CONTROL_BINDINGS_H
#define CONTROL_BINDINGS_H

#include "modes/control/registry.h"
#include "modes/control/rights.h"

/*
 * bindings: who has which role, as the RoleBindings and ClusterRoleBindings
 * of the registry say, ready for every request to ask.
 * Life: bindings_new -> bindings_rights ..., changed when they are others
 *     -> bindings_free.
 *
 * A person is one User and any number of Groups:
 *
 *   anna            the operator or the local user of that name
 *   oidc:NAME       whom the identity provider calls so
 *   uid:1000        on the local socket; the group mesh:socket as well
 */
#define BINDINGS_SOCKET_GROUP	"mesh:socket"

struct bindings;
struct bindings_person {
	struct slice        user;
	const struct slice *groups;
	size_t              groups_len;
};

/* Keeps the registry; calls changed after every change, before its answer. */
struct bindings *bindings_new(struct registry *, void (*changed)(void *),
    void *arg);
void bindings_free(struct bindings *);	/* NULL is allowed */

/* Everything in the arena. */
void bindings_rights(const struct bindings *, const struct bindings_person *,
    struct arena *, struct rights *out);

#endif
