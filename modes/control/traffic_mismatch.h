#ifndef CONTROL_TRAFFIC_MISMATCH_H
#define CONTROL_TRAFFIC_MISMATCH_H

#include "modes/control/traffic.h"

/*
 * traffic_mismatch: ports at which somebody speaks what was not declared, from
 * what proxies report (METRIC_PROTOCOL_MISMATCHES).
 * Life: part of a traffic: traffic_mismatches_look with each of its ticks.
 *
 * What was mended is not seen again, which nobody reports; so a row is shown
 * until its count did not grow for TRAFFIC_MISMATCH_MS.
 */
#define TRAFFIC_MISMATCH_MS	600000

void traffic_mismatches_look(struct traffic *, uint64_t now_ms);
/*
 * Adds to the list for each: destination ("ns/name"), port, declared, speaker
 * ("caller", "application"), spoken, count (since its proxies are known); and
 * source, if that is known.
 */
void traffic_mismatches_write(struct traffic *, uint64_t now_ms,
    struct conf_node *list);

#endif
