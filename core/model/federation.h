#ifndef MODEL_FEDERATION_H
#define MODEL_FEDERATION_H

#include "model/federated_bundle.h"
#include "model/federated_trust_domain.h"
#include "pki/bundle_set.h"
#include "pki/spiffe_bundle.h"

/*
 * federation: whom of other trust domains documents say to believe.
 *
 * Of several documents about one domain the oldest counts, and none about our
 * own does: that one's roots come from our control alone.
 */

/* What counts for such a document: the FederatedBundle, or NULL: its own. */
const struct model_object *model_federation_fetched(
    struct model_object *const *objects, size_t n,
    const struct model_object *domain);
/*
 * Why a document does not count, as a sentence that ends with what to do; or
 * NULL: it does.  own: our trust domain.  In the arena, or static.
 */
const char *model_federation_refusal(struct arena *,
    struct model_object *const *objects, size_t n,
    const struct model_object *domain, const char *own);
/*
 * What the trust domain cluster.local stands for in policies, as in Istio: ours,
 * unless a document is about another domain of that name.  NULL: for itself.
 */
#define MODEL_CLUSTER_LOCAL	"cluster.local"
const char *model_cluster_local(struct model_object *const *objects, size_t n,
    const char *own);
/*
 * What it comes to now: the bundle that counts, in *out; false: there is
 * none, as nothing was fetched yet.
 */
bool model_federation_bundle(struct model_object *const *objects, size_t n,
    const struct model_object *domain, struct spiffe_bundle *out);

/*
 * Gives the bundles of all documents that count, or NULL: there is no document
 * of the kind.  fault (may be NULL) hears of those that do not.
 */
struct bundle_set *model_federation(struct model_object *const *objects,
    size_t n, const char *own, void (*fault)(void *arg, const char *key,
    const struct err *), void *arg);

#endif
