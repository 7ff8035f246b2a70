#ifndef CTL_CHOICE_H
#define CTL_CHOICE_H

#include "modes/ctl/asked.h"
#include "modes/ctl/traffic.h"
#include "route/listeners.h"

/*
 * choice: which rule a request obeys, and why every other does not.
 * Life: choice_at_service or choice_at_gateway -> choice_make ->
 *       choice_node or choice_print -> choice_fini.
 *
 * The rules go into a table as a proxy makes it, and route_explain, which runs
 * what the proxy runs, is asked.  At a Gateway the listener is found before, by
 * what the proxy runs too.  Of TCPRoutes and TLSRoutes the rule is asked for
 * with the server name alone.
 */
struct choice {
	struct ctl                 *c;
	struct traffic              traffic;
	struct traffic_name         to;		/* name: of what is called */
	const char                 *from;	/* the caller's namespace */
	const char                 *typed_port, *typed_listener, *typed_sni;
						/* at a Gateway; NULL: not typed */
	const struct model_object  *service, *gateway;	/* one of them */
	const struct model_object **routes;	/* those that callers obey */
	size_t                      len;
	struct asked                asked;
	bool                        is_stream;	/* a connection chooses, not a
						   request */
	bool                        is_tls;	/* the caller's to us; see sni */
	struct slice                sni;
	const struct gateway_listener *listener;	/* NULL: none */
	const char                 *refusal;	/* of the gateway, or NULL */
	struct conf_node           *listeners;	/* rows: others, and why not */
	struct conf_node           *unattached;	/* rows: routes that it lacks */
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

/* Find what is called and the routes there.  CTL_OK, or it was reported. */
int choice_at_service(struct choice *);
int choice_at_gateway(struct choice *);
/* Where it comes in; nothing when that is nowhere. */
void choice_add_listener(struct choice *, struct conf_node *out);

/* Before choice_make; -1: see err. */
int choice_load_policies(struct choice *, struct err *);
void choice_find_policies(struct choice *);	/* for choice_make */
void choice_make(struct choice *);
void choice_fini(struct choice *);
/* Whether calls of gRPC are what its routes are for.  After choice_make. */
bool choice_is_call(const struct choice *);
/* Whether nobody but the service itself has the say. */
bool choice_is_free(const struct choice *);
/* For programs. */
struct conf_node *choice_node(struct choice *);
/* For people. */
void choice_print(struct choice *);

#endif
