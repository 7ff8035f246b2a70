#ifndef CTL_TRAFFIC_H
#define CTL_TRAFFIC_H

#include "model/set.h"
#include "modes/ctl/ctl_run.h"
#include "route/judge.h"

/*
 * traffic: the documents that say where requests to a service go, as control
 * keeps them or as files (-f) hold them.
 * Life: traffic_open -> traffic_find, traffic_load ... -> traffic_close.
 *
 * What control was asked for stays in the set, so nothing is asked twice; with
 * files the set is all that there is.  Objects live until traffic_close.
 */
struct traffic {
	struct ctl      *c;
	bool             is_offline;
	bool             is_blind;	/* control failed to say what a sight asked */
	struct model_set set;
};

/* A service, and one port of it, as somebody typed them. */
struct traffic_name {
	const char *namespace, *name;
	uint16_t    port;	/* 0: none was said */
};

/* Reads --filename if the command has it.  CTL_OK, or it was reported. */
int traffic_open(struct traffic *, struct ctl *);
/* What control keeps, whatever files there are. */
void traffic_open_control(struct traffic *, struct ctl *);
void traffic_close(struct traffic *);	/* opened or not */

/*
 * "NAME", "NAMESPACE/NAME", "NAME.NAMESPACE.mesh", each with ":PORT" or without.  A
 * namespace that is not said is the given one.  CTL_OK, or CTL_USAGE, reported.
 */
int traffic_name_read(struct ctl *, const char *what, const char *word,
    const char *namespace, struct traffic_name *);

/* The same, and ":NAME" of a port that the Service has; that may be CTL_NO. */
int traffic_service_read(struct traffic *, const char *what, const char *word,
    struct traffic_name *);

/* NULL: see err; ERR_NOT_FOUND if there is none. */
const struct model_object *traffic_find(struct traffic *,
    const struct model_kind *, const char *namespace, const char *name,
    struct err *);
/* Loads a kind, of one namespace or (NULL) of all. */
int traffic_load(struct traffic *, const struct model_kind *,
    const char *namespace, struct err *);
/* Routes of all kinds, likewise. */
int traffic_load_routes(struct traffic *, const char *namespace, struct err *);
size_t traffic_routes(const struct traffic *, const struct model_object ***out);
/* For functions of routes; keeps the traffic. */
struct route_sight traffic_sight(struct traffic *);
/* What there is of a kind in the set; the array is in the arena of c. */
size_t traffic_of_kind(const struct traffic *, const struct model_kind *,
    const struct model_object ***out);

/* Says what is allowed and likely a mistake, in documents that go to control. */
void traffic_warn(struct ctl *, const struct model_set *);

/* Whether the route hangs on the service, at any of its ports. */
bool traffic_hangs(const struct model_object *route,
    const struct model_object *service);

#endif
