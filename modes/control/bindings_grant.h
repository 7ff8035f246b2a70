#ifndef CONTROL_BINDINGS_GRANT_H
#define CONTROL_BINDINGS_GRANT_H

#include "modes/control/audit.h"
#include "modes/control/bindings.h"

/*
 * bindings_grant: the bindings that come and go with a person whom control
 * itself makes, in the transaction that makes the person.
 *
 * They are called SOURCE-NAME, such as operator-anna.  When the person goes,
 * those go too; what else names the person stays, and gives its role to the
 * next one of that name.
 */
struct bindings_grant {
	const char         *source;	/* "operator", "user" */
	struct slice        name;
	const char         *group;	/* that is bound; NULL: the user NAME */
	enum model_role     role;	/* MODEL_NO_ROLE: bind nothing */
	const struct slice *namespaces;	/* none: everywhere */
	size_t              namespaces_len;
};

/*
 * Reads "role" and "namespaces" of a request; without a role it is fallback.
 * ERR_DATA.
 */
int bindings_grant_read(struct bindings_grant *, struct arena *,
    const struct conf_node *json, enum model_role fallback, struct err *);

/* Adds the bindings and their entries of the audit log.  ERR_DATA. */
int bindings_grant_put(const struct bindings_grant *, struct store_txn *,
    const struct registry *, const struct audit_entry *who, struct err *);
/* Deletes all that are called so. */
void bindings_grant_drop(const char *source, struct slice name,
    struct store_txn *, const struct registry *, const struct audit_entry *who);

#endif
