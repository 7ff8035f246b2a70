#ifndef CONTROL_FEDERATION_H
#define CONTROL_FEDERATION_H

#include "modes/control/server.h"

/*
 * federation: the bundles of other trust domains are fetched where their
 * documents say so (SPIFFE Federation, sections 5 and 6).
 * Life: federation_new (behind the registry) -> federation_status ...
 *     -> federation_free (before the registry, which has answered by then).
 *
 *   ClusterFederatedTrustDomain --fetch--> bundle --differs--> FederatedBundle
 *
 * Each is asked for as often as its last bundle says (spiffe_refresh_hint),
 * else every five minutes, a little early at random; after a failure sooner,
 * at growing intervals.  What is there stays until something better came: a
 * bundle that does not read, or whose sequence went back, changes nothing.
 *
 * https_spiffe: the endpoint is judged by the bundle of its own ID's domain as
 * documents have it now, which is how the first one must be written down.
 * https_web: by --federation-ca-file, read anew when it changes.  A redirect is
 * followed and never remembered.
 */
struct federation;

struct federation *federation_new(struct server *);
void federation_free(struct federation *);	/* NULL is allowed */

/*
 * Adds to the status of a ClusterFederatedTrustDomain: the condition Fetched
 * and what is known of its bundle.
 */
void federation_status(const struct federation *, const struct model_object *,
    struct conf_node *status);
/* Sets the gauges. */
void federation_sample(const struct federation *);

/* --- pure, for tests ------------------------------------------------------------- */

/* When to look next, in ms, of random 0 <= r < 1; failures in a row. */
#define FEDERATION_REFRESH_S	300
uint64_t federation_wait_ms(uint32_t refresh_s, unsigned failures, double r);
/*
 * Whether what was fetched may take the place of what is there (NULL: nothing);
 * ERR_CONFLICT: its sequence went back, or it has none any more.
 */
struct spiffe_bundle;
int federation_compare(const struct spiffe_bundle *there,
    const struct spiffe_bundle *fetched, struct err *);

#endif
