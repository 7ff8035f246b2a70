#ifndef CTL_PASSWORD_H
#define CTL_PASSWORD_H

#include "modes/ctl/ctl_run.h"

/*
 * password: one that somebody types, unseen, or the first line of standard
 * input where that is no terminal.  Never an argument and never a variable,
 * which others can see.
 */

/*
 * Adds it to out, which is wiped by key_wipe_str.  twice: a terminal is asked
 * again, and both must be the same.  ERR_DATA, ERR_USAGE with --no-input on a
 * terminal.
 */
int password_read(const struct ctl *, const char *what, bool twice,
    struct str *out, struct err *);

#endif
