#ifndef CONTROL_TRAFFIC_SEEN_H
#define CONTROL_TRAFFIC_SEEN_H

#include "modes/control/traffic.h"

/*
 * traffic_seen: which service was ever let in at which, and when last, for
 * people who write policies; as the callees' sidecars tell it, kept while control
 * runs.
 * Life: part of a traffic: traffic_seen_look with each of its ticks.
 *
 * What a policy refused was not let in and does not count.
 */
#define TRAFFIC_SEEN_MS		(INT64_C(7) * 86400000)	/* then forgotten */
#define TRAFFIC_SEEN_MAX	100000	/* pairs; then no new ones are noted */

void traffic_seen_look(struct traffic *, uint64_t now_ms);
/*
 * Adds to the list for each caller of the destination ("ns/name"): source
 * ("ns/name", or "unknown/unknown": without a sidecar), secondsAgo, and if it came in
 * plain text, plaintextSecondsAgo.
 */
void traffic_seen_write(struct traffic *, struct slice destination,
    uint64_t now_ms, struct conf_node *list);

#endif
