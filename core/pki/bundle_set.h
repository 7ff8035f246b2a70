#ifndef PKI_BUNDLE_SET_H
#define PKI_BUNDLE_SET_H

#include "pki/bundle.h"

/*
 * bundle_set: the bundles of other trust domains, each by its domain.
 * Life: bundle_set_new -> bundle_set_add ... -> shared, and from then on
 *     immutable -> bundle_set_ref, bundle_set_unref from any thread.
 *
 * Bundles are never merged: whoever says to be of a domain is judged by that
 * domain's own roots and by no others (SPIFFE Federation, section 7), or a root
 * of one domain could vouch for names of another.  A domain without a root is
 * in no set: nobody of it is believed.
 */
#define BUNDLE_SET_MAX	64

struct bundle_set {
	struct refs    refs;
	size_t         len;
	struct bundle *v[BUNDLE_SET_MAX];	/* references */
};

struct bundle_set *bundle_set_new(void);	/* gives, with no bundle */
struct bundle_set *bundle_set_ref(struct bundle_set *);
void bundle_set_unref(struct bundle_set *);	/* NULL is harmless */
/*
 * Takes a reference.  ERR_CONFLICT: the domain is there; ERR_TOO_LARGE: there
 * are BUNDLE_SET_MAX others.  One without a root is left out.
 */
int bundle_set_add(struct bundle_set *, struct bundle *, struct err *);
/* Borrowed; NULL: nobody of that domain is believed.  NULL has none. */
const struct bundle *bundle_set_find(const struct bundle_set *,
    struct slice domain);
/* The same domains with the same roots and keys; NULL has none. */
bool bundle_set_equal(const struct bundle_set *, const struct bundle_set *);

#endif
