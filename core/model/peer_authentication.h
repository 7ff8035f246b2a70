#ifndef MODEL_PEER_AUTHENTICATION_H
#define MODEL_PEER_AUTHENTICATION_H

#include "model/authorization_policy.h"

/*
 * peer_authentication: security.istio.io/v1 PeerAuthentication, as it is: where
 * workloads take plain text beside mutual TLS, or instead of it.
 *
 * With a selector it is about the workloads of its namespace that this matches,
 * and may say something of one port of them (the workload's own, not that of a
 * Service); without one about all of its namespace, or, in a root namespace, of
 * the mesh.  The narrower goes before the wider, of equals the oldest before the
 * others, which do not count at all; what is UNSET is as the next wider has it.
 * A selector in a root namespace matches nobody, as with Istio.
 */
enum model_mtls {
	MODEL_MTLS_UNSET,
	MODEL_MTLS_DISABLE,	/* plain text; a member may still come by TLS */
	MODEL_MTLS_PERMISSIVE,	/* either */
	MODEL_MTLS_STRICT,	/* mutual TLS alone */
};

struct model_mtls_mode {
	int mode;	/* enum model_mtls */
};

struct model_peer_authentication {
	struct model_head head;
	struct model_peer_authentication_spec {
		struct model_authz_selector *selector;	/* NULL: none */
		struct model_mtls_mode       mtls;
		const struct conf_node      *ports;	/* checked; or NULL */
	} spec;
};

const struct model_peer_authentication *model_peer_authentication(
    const struct model_object *);
const char *model_mtls_name(enum model_mtls);	/* "STRICT" */
/* Of one port, as the document says; UNSET: nothing. */
enum model_mtls model_peer_port_mode(const struct model_object *, uint16_t port);

/* A port of a workload. */
struct model_peer_place {
	const char              *namespace;
	const struct conf_pairs *labels;	/* of the workload */
	uint16_t                 port;	/* its own */
};
struct model_peer_verdict {
	enum model_mtls            mode;	/* never UNSET */
	const struct model_object *by;	/* borrowed; NULL: none says anything */
};
/*
 * What holds there, by those PeerAuthentications among the objects that are about
 * it; fallback where none says anything.
 */
struct model_peer_verdict model_peer_decide(struct model_object *const *,
    size_t n, const struct model_peer_place *, enum model_mtls fallback);
/*
 * For that: PERMISSIVE where the MeshConfig among the objects, or the settings of the
 * workload's sidecar, take plain text; else STRICT.
 */
enum model_mtls model_peer_fallback(struct model_object *const *, size_t n,
    bool is_permissive);
/* Both for a port of a workload with a sidecar. */
struct model_peer_verdict model_peer_of(struct model_object *const *, size_t n,
    const struct model_object *workload, uint16_t port);
/* Whether both are about the same, and a goes first, so that b counts nowhere. */
bool model_peer_displaces(const struct model_object *a,
    const struct model_object *b);
/* Whether it is about nobody: a selector in a root namespace. */
bool model_peer_is_for_nobody(const struct model_object *);
/* Whether it is about a workload with these labels (NULL: unknown). */
bool model_peer_is_for(const struct model_object *, const char *namespace,
    const struct conf_pairs *labels);

#endif
