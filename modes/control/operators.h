#ifndef CONTROL_OPERATORS_H
#define CONTROL_OPERATORS_H

#include <stdbool.h>

#include "modes/control/records.h"
#include "modes/control/store.h"

/*
 * operators: who may give orders over the network, held in memory because
 * every request of theirs asks.
 * Life: operators_open (blocks) -> operators_know ... -> operators_free.
 *
 * An operator has one certificate: the last one that was issued to the name.
 * Taking the record away takes effect with the next request.
 */
struct operators;
struct operators *operators_open(struct store *, struct err *);
void operators_free(struct operators *);

bool operators_know(const struct operators *, struct slice name,
    const uint8_t leaf[HASH_LEN]);
bool operators_has(const struct operators *, struct slice name);
/* After the store has them. */
void operators_add(struct operators *, const struct operator_record *);
void operators_remove(struct operators *, struct slice name);
/* In order of names: count first with v NULL.  Borrowed. */
size_t operators_list(const struct operators *,
    const struct operator_record **v, size_t cap);

#endif
