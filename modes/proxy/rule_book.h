#ifndef PROXY_RULE_BOOK_H
#define PROXY_RULE_BOOK_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/refs.h"
#include "link/sni.h"
#include "route/document.h"

/*
 * rule_book: what the routes of one port of a service, or of one listener,
 * say: a match table, and what each rule wants.
 *
 * Immutable but for the turns of its splits, counted, and shared by successive
 * snapshots as long as its documents do not change.
 *
 * A route of which a rule does not compile is told to fault and keeps the form
 * that it has in the book before (in none: what does compile counts); the others
 * do not notice.
 *
 * Splits are exact: of as many requests in a row as the weights add up to
 * (reduced by what they have in common) each backend gets just its weight,
 * whichever worker they come to, and in between nobody is far from its share.
 */
/* What each request reads stands in front, as in struct rule. */
struct rule_backend {
	uint64_t             until;	/* sum of reduced weights up to here */
	size_t               slot;	/* of rule_set.clusters */
	const struct model_http_filter *filters;	/* ref's */
	size_t               filters_len;
	const struct model_backend_ref *ref;
	uint16_t             port;
	struct service_name  service;
};

struct rule_mirror {
	const struct model_mirror *doc;
	const struct rule_backend *only;	/* of this backend; NULL: of all */
	struct service_name  service;
	uint16_t             port;
	size_t               slot;
};

struct rule {
	struct slice                  name;	/* "ns/route/rule" */
	/* doc, or for all that say only whose requests go where, the same one */
	const struct model_http_rule *orders;
	struct rule_backend          *backends;
	size_t                        backends_len;
	uint64_t                      weights;	/* sum, reduced; 0: no backend */
	size_t                        mirrors_len;
	bool                          is_extended;	/* has ExtensionRefs */
	bool                          is_grpc;	/* of a GRPCRoute: takes calls alone */
	struct rule_mirror           *mirrors;
	uint64_t                      stride;	/* has no factor with weights */
	atomic_ullong                *turn;
	size_t                        slot;	/* of rule_set.extras */
	/* Of a GRPCRoute what it would be in HTTP; NULL: it is for connections. */
	const struct model_http_rule *doc;
	const struct model_object    *route;
};

struct rule_fault {
	const char *key;
	struct err  err;
};

struct rule_book {
	struct refs           refs;
	struct arena          arena;
	struct model_object **wanted, **good;	/* references: as told, as used */
	size_t                wanted_len, good_len;
	char                 *hosts;	/* where each wanted hangs; owned */
	struct route_table   *table;	/* its payloads are struct rule */
	struct rule         **rules;	/* owned; the rules lie in the arena */
	size_t                rules_len;
	size_t                slots;	/* backends and mirrors of all rules */
	struct rule_fault    *faults;	/* told again when the book is shared */
	size_t                faults_len;
};

/* A route that attach.h found to hang there. */
struct rule_order {
	const struct model_object *route;	/* a reference is taken */
	bool                 is_service;	/* where it hangs; else a listener */
	const char          *hostname;	/* of the listener; NULL: any */
};

typedef void rule_fault_fn(void *arg, const char *key, const struct err *);

/*
 * Gives a reference: to before (NULL: none) if that is made of the same.
 * fault may be NULL.
 */
struct rule_book *rule_book_make(const struct rule_order *, size_t n,
    struct rule_book *before, rule_fault_fn *fault, void *arg);
struct rule_book *rule_book_ref(struct rule_book *);
void rule_book_unref(struct rule_book *);	/* NULL is allowed */

/* Whose turn it is, or NULL: the weights are all 0.  Any thread. */
const struct rule_backend *rule_next_backend(const struct rule *);

/* The service that a route refers to; false: what it names can be none. */
bool rule_service_name(struct service_name *, const struct model_object *route,
    const struct model_object_ref *);

#endif
