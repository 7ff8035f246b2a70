#ifndef CONTROL_REGISTRY_SELECTOR_H
#define CONTROL_REGISTRY_SELECTOR_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

/*
 * registry_selector: Kubernetes' label selector, as a query carries it:
 * requirements joined by commas, all of which must hold.
 *
 *	app=web  app==web  app!=web  app  !app
 *	app in (web, api)  app notin (web)
 *
 * != and notin hold where the label is missing, as there.  An empty text
 * selects everything.
 */
struct registry_selector {
	struct registry_need *needs;
	size_t                n;
};

/* Where a selector looks: the label's value, or absent. */
typedef struct slice registry_label_fn(const void *ctx, struct slice key);

/* Everything is in the arena; borrows text.  ERR_DATA says what is wrong. */
int registry_selector_read(struct registry_selector *, struct arena *,
    struct slice text, struct err *);
bool registry_selector_match(const struct registry_selector *,
    registry_label_fn *, const void *ctx);

#endif
