#ifndef CONF_NEAREST_H
#define CONF_NEAREST_H

#include <stddef.h>

#include "base/slice.h"

/*
 * nearest: "did you mean".  Gives the name that differs from the word in case
 * only, or in at most a third of its letters (at least one, at most three;
 * two neighbours swapped count once), or NULL.
 */
const char *conf_nearest(struct slice word, const char *const *names, size_t n);

#endif
