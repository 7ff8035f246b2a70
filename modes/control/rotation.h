#ifndef CONTROL_ROTATION_H
#define CONTROL_ROTATION_H

#include "modes/control/ca_rotate.h"
#include "modes/control/server.h"

/*
 * rotation: intermediates and roots follow each other while control runs, by
 * their age or by order, and no request is lost.
 * Life: rotation_new -> rotation_look every minute, orders -> rotation_free.
 *
 *   prepare   a new one is made; a root is published to every proxy at once
 *   activate  the signer signs with it
 *   discard   it was a mistake, and is gone
 *   drop      a root that is not active leaves the bundle
 *
 * Where the root's key is elsewhere nothing is prepared by age: a warning says
 * what to do, once a day.
 *
 * By age: an intermediate or root is prepared once it has less than half of
 * its life or 30 days, whatever is less, and activated at a sixth or 7 days.
 * A root leaves 24 h after its end.  Of a CA that has ended (ca_ended.h) what
 * is missing is made and activated at once, if its key is here; if not, an error
 * in the log says what to do.
 */
struct rotation;

struct rotation *rotation_new(struct server *);
void rotation_free(struct rotation *);

/* What is to be done by age; pure. */
enum rotation_step {
	ROTATION_NOTHING, ROTATION_PREPARE_INTERMEDIATE, ROTATION_PREPARE_ROOT,
	ROTATION_ACTIVATE,
};
struct rotation_age {
	int64_t not_before, not_after;	/* seconds since 1970 */
};
struct rotation_facts {
	struct rotation_age root, intermediate;
	bool                is_prepared;
	enum ca_level       prepared;
};
enum rotation_step rotation_due(const struct rotation_facts *, int64_t now);
#define ROTATION_DROP_S	86400	/* after a root's end */
/*
 * Whether to say at `now` what is due and is not in our power; *said: when that
 * was said last, or 0.
 */
#define ROTATION_SAY_S	86400
bool rotation_say(int64_t *said, int64_t now);

/* Does what is due; what fails is logged, and tried again by the next look. */
void rotation_look(struct rotation *, int64_t now);

/* From outside, in PEM: a root and its key; or what was signed for a request. */
struct rotation_given {
	struct slice root, key, chain;
};
/* Orders, each of them audited.  done may be called before they return. */
typedef void rotation_done(void *ctx, const struct err *);
void rotation_prepare(struct rotation *, enum ca_level,
    const struct rotation_given *,	/* NULL: none */
    const struct audit_entry *who, rotation_done *, void *ctx);
/* What another authority is to sign, in PEM; see ca_outside.h. */
int rotation_request(struct rotation *, const struct audit_entry *who,
    struct str *pem, struct err *);
void rotation_activate(struct rotation *, const struct audit_entry *who,
    rotation_done *, void *ctx);
/* What is prepared is thrown away; a root leaves the bundle. */
void rotation_discard(struct rotation *, const struct audit_entry *who,
    rotation_done *, void *ctx);
/* Every proxy that is connected, and control, renews within some seconds. */
void rotation_taint(struct rotation *, const struct audit_entry *who,
    rotation_done *, void *ctx);
/* All roots that are not active, or with ended those whose end is before that. */
void rotation_drop(struct rotation *, int64_t ended,
    const struct audit_entry *who, rotation_done *, void *ctx);

#endif
