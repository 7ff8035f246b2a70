#ifndef CTL_DESCRIBE_H
#define CTL_DESCRIBE_H

#include "modes/ctl/rows.h"
#include "modes/ctl/traffic.h"

/*
 * describe: what describe_service and its parts have in common.
 * Each part prints a table and adds what is wrong to problems.
 */
struct describe {
	struct ctl                 *c;
	struct traffic              traffic;
	const struct model_object  *service;
	const struct model_object **about;	/* routes and policies of it */
	size_t                      len;
	size_t                      rules;	/* of the routes that hang on it */
	bool                        is_backend;	/* some rule sends to it */
	struct conf_node           *problems;	/* texts */
	struct conf_node           *asked;	/* "ns/name" of backends */
};

/* The table with its title, or that there is none. */
void describe_part(struct describe *, const char *title,
    const struct conf_node *list, const struct rows_column *);
/* Sets the text, and ends it. */
void describe_text(struct conf_node *row, const char *key, struct str *);
/* Whether it is in the service's namespace. */
bool describe_is_own(const struct describe *, const struct model_object *);

/* The rules that hang on the service, and those that send to it. */
void describe_routes(struct describe *);
void describe_senders(struct describe *);
/* What moves their weights. */
void describe_rollouts(struct describe *);
/*
 * Loads, and adds to the policies, what says who may call it or a workload
 * behind it, by name, by labels, or with all of its namespace or the mesh.
 */
int describe_access_load(struct describe *, struct err *);
void describe_access(struct describe *, struct conf_node *list);

#endif
