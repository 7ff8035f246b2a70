#ifndef PROXY_POLICY_H
#define PROXY_POLICY_H

#include "model/backend_policy.h"
#include "upstream/cluster.h"

/*
 * policy: what BackendPolicy documents, and those that are read as such, make of
 * a cluster.
 *
 * Life: policies_find once for a set of documents -> policy_of for each port of
 *       a service -> policy_apply on its cluster, before cluster_seal ->
 *       policies_fini.
 *
 * A policy for one port goes before one for all of them, then the older, then the
 * first by name; each group of settings is that of the first that has it.  Where
 * none has it the cluster keeps what it was made with.
 */
struct policies {
	const struct model_object **v;	/* borrowed; the older first */
	size_t                      len;
};

void policies_find(struct policies *, struct model_object *const *, size_t len);
void policies_fini(struct policies *);

/* port_name may be NULL.  The groups borrow from the documents. */
void policy_of(const struct policies *, const char *namespace,
    const char *service, const char *port_name,
    struct model_backend_policy_spec *out);
void policy_apply(const struct model_backend_policy_spec *, struct cluster *);
void policy_http2(const struct model_http2 *, struct h2_limits *out);
/* Of a word of proxyProtocol, in policies and of applications. */
enum proxy_version policy_announce(int word);
/* What it says of sessions; borrows from it. */
void policy_session(const struct model_persistence *,
    struct session_settings *out);
/* Of an endpoint with these labels; NULL: none. */
uint32_t policy_priority(const struct model_backend_policy_spec *,
    const struct conf_pairs *labels);
bool policy_is_degraded(const struct model_backend_policy_spec *,
    const struct conf_pairs *labels);
/* For cluster_add: in the arena; *len of them. */
const struct endpoint_label *policy_labels(struct arena *,
    const struct conf_pairs *, size_t *len);

#endif
