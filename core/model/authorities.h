#ifndef MODEL_AUTHORITIES_H
#define MODEL_AUTHORITIES_H

#include "base/err.h"
#include "model/object.h"
#include "pki/web.h"

/*
 * authorities: whom a BackendTLSPolicy or an XBackend trusts: the certificates
 * in the key "ca.crt" of the ConfigMaps that it refers to, in its own namespace; or
 * the members of another trust domain, whose roots are no matter of this.
 */
#define MODEL_CA_KEY	"ca.crt"

/* The words are reasons of Gateway API's condition ResolvedRefs. */
enum model_authorities {
	MODEL_AUTHORITIES_RESOLVED,	/* ResolvedRefs */
	MODEL_AUTHORITIES_KIND,		/* InvalidKind: it is no ConfigMap */
	MODEL_AUTHORITIES_ABSENT,	/* InvalidCACertificateRef: no such document */
	MODEL_AUTHORITIES_REF,		/* likewise: no certificates in it */
	MODEL_AUTHORITIES_DENIED,	/* RefNotPermitted: of another namespace */
};
const char *model_authorities_reason(enum model_authorities);

/* Finds documents; NULL: there is none. */
typedef const struct model_object *model_find_fn(void *arg,
    const struct model_kind *, const char *namespace, const char *name);

/* Whether it refers to another trust domain. */
bool model_authorities_is_domain(const struct model_object_ref *);
/*
 * Adds to roots what the references lead to; those that lead nowhere are passed
 * over, and the first of them is the answer, which err says in words.  A policy
 * that trusts the system's authorities has no references.
 */
enum model_authorities model_authorities(const struct model_object *policy,
    model_find_fn *find, void *arg, struct web_roots *roots, struct err *err);
/*
 * The same for one reference, whose namespace is filled in, and which may be to
 * a Secret as well where that is allowed.
 */
enum model_authorities model_authorities_follow(const struct model_object_ref *,
    bool allows_secret, model_find_fn *find, void *arg,
    struct web_roots *roots, struct err *err);
/* Whether the policy refers to this ConfigMap. */
bool model_authorities_refer(const struct model_object *policy,
    const struct model_object *config_map);

#endif
