#ifndef CTL_TEXT_DIFF_H
#define CTL_TEXT_DIFF_H

#include <stdbool.h>

#include "base/str.h"

/*
 * text_diff: the lines in which two texts differ, in the unified form of
 * diff(1) with three lines around.  As few lines as can be are shown as changed
 * (longest common subsequence).
 */

/* Adds nothing and returns false if the texts are equal.  colour: +, -, @@. */
bool text_diff(struct str *out, struct slice before, struct slice after,
    const char *before_name, const char *after_name, bool colour);

#endif
