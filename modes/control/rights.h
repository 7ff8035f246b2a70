#ifndef CONTROL_RIGHTS_H
#define CONTROL_RIGHTS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"
#include "model/role_binding.h"

/*
 * rights: what each role may do, in one table, and what one person may.
 *
 * Everything that people can ask control for is a resource: each kind of
 * documents that control keeps, by its plural, and each row of api_routes, by
 * its resource.  Both are held against the table by a test, so that a new one
 * begins with a decision; what has no row, nobody may.
 *
 * A namespaced resource is asked for where it is: with the role that a
 * RoleBinding gives there, or a ClusterRoleBinding everywhere.  A Namespace is
 * where its name says.
 */
enum rights_reach {
	RIGHTS_NOBODY,		/* no role is enough */
	RIGHTS_ANYBODY,		/* who is known by name, without a role too */
	RIGHTS_HERE,		/* by a role in the namespace of it */
	RIGHTS_SOMEWHERE,	/* by a role in any namespace */
	RIGHTS_EVERYWHERE,	/* by a ClusterRoleBinding */
};

struct rights_need {
	enum rights_reach reach;
	enum model_role   role;
};

enum rights_verb { RIGHTS_READ, RIGHTS_WRITE, RIGHTS_VERBS };

struct rights_row {
	const char        *resource;
	struct rights_need need[RIGHTS_VERBS];
};

extern const struct rights_row rights_table[];	/* resource NULL ends it */

/*
 * That of a resource that has no row is RIGHTS_NOBODY.  ns: where it is asked
 * for, or absent; policies of a root namespace are about every other, so what is
 * written there takes its role everywhere.
 */
struct rights_need rights_need(struct slice resource, enum rights_verb,
    struct slice ns);

/* What one person has; see bindings.h. */
struct rights {
	enum model_role everywhere;
	struct rights_in {
		struct slice    ns;
		enum model_role role;
	} *in;			/* each namespace once */
	size_t in_len;
};

enum model_role rights_in(const struct rights *, struct slice ns);
enum model_role rights_somewhere(const struct rights *);	/* the highest */
/* ns absent: in some namespace, where it is asked for here. */
bool rights_meet(const struct rights *, struct rights_need, struct slice ns);
bool rights_same(const struct rights *, const struct rights *);

/* "needs role operator (ClusterRoleBinding or RoleBinding in pay)". */
void rights_say(struct str *out, struct rights_need, struct slice ns);

#endif
