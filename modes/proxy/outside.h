#ifndef PROXY_OUTSIDE_H
#define PROXY_OUTSIDE_H

#include "modes/proxy/compile.h"

/*
 * outside: what documents say of calls that leave the mesh, for compile: the
 * BackendTLSPolicies, and the services that stand for hosts.
 *
 * A policy for one port goes before one for all of them, then the older, then
 * the first by name.  One with nobody to trust bars its service: nothing is sent
 * then, least of all in plain text.
 */

/* The policy for a port (its name may be NULL) of a service; NULL: none. */
struct service_index_found;
const struct model_object *outside_policy(const struct service_index_found *,
    const struct model_object *service, const char *port_name);
/* Before cluster_add.  shown: what our Gateway shows to all, or NULL. */
void outside_apply(const struct compile_input *,
    const struct model_object *policy, struct tls_edge *shown,
    struct cluster *);
/*
 * The certificate that the first of our Gateways that has one shows to
 * backends (a reference), or NULL: none has one that can be shown, and what is
 * wrong was told.
 */
struct tls_edge *outside_shown(const struct compile_input *);

/* Whether it is for all workloads of our namespace, asked for or not. */
bool outside_is_ours(const struct compile_input *,
    const struct model_object *service);
/*
 * Under what host and port callers know a compiled service besides its name,
 * into snapshot->outside; the first one counts.
 */
void outside_index(const struct compile_input *, struct snapshot *);

#endif
