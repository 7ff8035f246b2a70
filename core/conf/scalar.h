#ifndef CONF_SCALAR_H
#define CONF_SCALAR_H

#include <stdbool.h>

#include "base/slice.h"
#include "conf/node.h"

/*
 * scalar: what a YAML scalar without quotes means.
 * The rules are YAML 1.2's core schema (10.3.2), except that a word which
 * readers of YAML 1.1 and 1.2 understand differently stays a string and is
 * called ambiguous; a field that takes a string then asks for quotes.
 */

/* Sets kind and value of the node from its text. */
void conf_scalar_resolve(struct conf_node *);
/*
 * What some other reader would take the plain text for ("a boolean"), or NULL
 * when every reader sees a string.  Only for texts that resolve to a string.
 */
const char *conf_scalar_ambiguous(struct slice);

#endif
