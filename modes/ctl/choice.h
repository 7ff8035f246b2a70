#ifndef CTL_CHOICE_H
#define CTL_CHOICE_H

#include "modes/ctl/asked.h"
#include "modes/ctl/traffic.h"

/*
 * choice: which rule a request obeys, and why every other does not.
 * Life: service, routes and request are found -> choice_make ->
 *       choice_node or choice_print -> choice_fini.
 *
 * The rules go into a table as a proxy makes it, and route_explain, which runs
 * what the proxy runs, is asked.
 */
struct choice {
	struct ctl                 *c;
	struct traffic              traffic;
	struct traffic_name         to;
	const char                 *from;	/* the caller's namespace */
	const struct model_object  *service;
	const struct model_object **routes;	/* those that callers obey */
	size_t                      len;	/* 0: none, it goes to the service */
	const struct model_object  *rival;	/* of another kind, has the port; or NULL */
	struct asked                asked;
	struct route_table         *table;	/* NULL: not made yet */
	struct route_found          found;
	const struct choice_target {
		const struct model_object *route;
		size_t                     rule;
	}                          *winner;	/* NULL: no rule takes it */
	struct conf_node           *others;	/* rows: who lost, and why */
	struct conf_node           *policies;	/* rows: of services it may go to */
	struct conf_node           *problems;	/* texts */
};

/* Before choice_make; -1: see err. */
int choice_load_policies(struct choice *, struct err *);
void choice_find_policies(struct choice *);	/* for choice_make */
void choice_make(struct choice *);
void choice_fini(struct choice *);
/* For programs. */
struct conf_node *choice_node(struct choice *);
/* For people. */
void choice_print(struct choice *);

#endif
