#ifndef MODEL_ROLE_BINDING_H
#define MODEL_ROLE_BINDING_H

#include "model/object.h"

/*
 * role_binding: Kubernetes' RoleBinding and ClusterRoleBinding: which people
 * have which role, in one namespace or everywhere.
 *
 * The roles are built in and cannot be changed; each may do what those before
 * it may.  What that is says modes/control/rights.h.
 */
enum model_role { MODEL_NO_ROLE, MODEL_VIEWER, MODEL_OPERATOR, MODEL_ADMIN };

#define MODEL_RBAC_GROUP	"rbac.authorization.k8s.io"

struct model_binding_subject {
	const char *kind;	/* "User" or "Group" */
	const char *group;	/* of the API; NULL: as written above */
	const char *name;
};

struct model_role_ref {
	const char *group, *kind, *name;
};

/* Of both kinds. */
struct model_role_binding {
	struct model_head             head;
	struct model_binding_subject *subjects;
	size_t                        subjects_len;
	struct model_role_ref         role;
};

/* Of an object of either kind. */
const struct model_role_binding *model_role_binding(const struct model_object *);
enum model_role model_binding_role(const struct model_role_binding *);
bool model_subject_is_group(const struct model_binding_subject *);

/* "viewer", and MODEL_NO_ROLE for what is none. */
const char *model_role_name(enum model_role);
enum model_role model_role_named(struct slice);

#endif
