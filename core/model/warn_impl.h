#ifndef MODEL_WARN_IMPL_H
#define MODEL_WARN_IMPL_H

#include "model/authorization_policy.h"
#include "model/refs.h"
#include "model/warn.h"

/* warn_impl: what the parts of model_warn share; for this folder alone. */
struct warner {
	const struct model_set    *set;
	model_warn_fn             *emit;
	void                      *arg;
	model_elsewhere_fn        *elsewhere;	/* or NULL */
	bool                       is_all;	/* the set is all there is */
	const struct model_object *object;	/* being looked at */
};

/* As conf_fail below "spec" of the object. */
void warn_at(struct warner *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Says what path refers to in vain; gives the object if it is there. */
const struct model_object *warn_look(struct warner *, const char *path,
    const char *group, const char *kind, const char *namespace, const char *name);
/* Reports what the object refers to and the set lacks. */
void warn_references(struct warner *);
/* Of annotations that look like ours. */
void warn_annotations(struct warner *);
/* Of ClusterFederatedTrustDomains. */
void warn_federation(struct warner *);
/* Of RequestAuthentications. */
void warn_authn(struct warner *);
/* Of PeerAuthentications. */
void warn_peer(struct warner *);
/* Of policies whose selector picks no workload; the set is all. */
void warn_selector(struct warner *);
/* Of hosts outside and TLS to them; flags as model_warn has them. */
void warn_outside(struct warner *, unsigned flags);
/*
 * Why nothing has that value, or no request that field; NULL: something may.
 * Static, or in the arena.
 */
const char *warn_value_fault(enum model_authz_attribute, const char *value,
    struct arena *);
const char *warn_header_fault(struct slice name);
/* Of rules of an AuthorizationPolicy that nothing can match. */
void warn_authz(struct warner *);
/* Of those that let in more than they seem to. */
void warn_loose(struct warner *);
/* Of those that ask for tokens where nobody looks at any; the set is all. */
void warn_tokens(struct warner *);
/* The same by what it is about, as references. */
void warn_authz_targets(struct warner *);

#endif
