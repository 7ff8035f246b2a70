#ifndef CTL_SPLIT_H
#define CTL_SPLIT_H

#include "modes/ctl/traffic.h"

/*
 * split: weights as somebody typed them, and the HTTPRoute that they make, or the
 * GRPCRoute where one has the port.
 * Life: split_read -> service and route are found -> split_find_backends ->
 *       split_write -> the document is sent -> split_print.
 *
 * Of a route that is there only the backends of one rule change: the rule that
 * takes every request, or the only one.  A backend that stays keeps what the
 * document says about it (its filters), and gets its new weight.
 */
struct split_part {
	struct traffic_name to;		/* the port: as typed, then as found */
	int64_t             weight;
};

struct split {
	struct ctl                *c;
	struct traffic             traffic;
	struct traffic_name        to;		/* the service that is split */
	struct split_part         *parts;
	size_t                     len;
	const struct model_object *service;
	const struct model_kind   *kind;	/* of the route */
	const struct model_object *route;	/* NULL: it is to be created */
	const char                *route_name;
	size_t                     rule;	/* of the route */
	const struct model_backend_ref *before;	/* of that rule */
	size_t                     before_len;
	struct conf_node          *document;	/* what is to be written */
};

/* All give CTL_OK, or the exit code of what was reported. */
int split_read(struct split *);
int split_find_backends(struct split *);
int split_write(struct split *);
/* Whether a route hangs on the service and the port that was typed. */
bool split_hangs(const struct split *, const struct model_object *route);
/* A table: weights before and after. */
void split_print(struct split *);

#endif
