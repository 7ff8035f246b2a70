#ifndef CTL_ROOTS_H
#define CTL_ROOTS_H

#include "modes/ctl/client.h"
#include "pki/bundle.h"

/*
 * roots: the trust bundle of whoever gives orders follows control's, as that of
 * every proxy does.
 *
 * An answer over TLS names the bundle that control has.  When it is another one
 * than the file's, it is fetched from the same control, which the roots in the
 * file vouch for, and takes the file's place.  So who asks anything while a new
 * root is published trusts it when it signs.  A file that was named by an
 * option, or that is for everybody on the machine, is left alone: a warning says
 * that it lacks a root.
 */

/* After an answer; it has no failure of its own: at worst a warning. */
void roots_follow(struct ctl *, const struct target *,
    const struct client_answer *);
/* What is wrong with our own certificate by these roots, if anything is. */
void roots_judge(const struct target *, const struct bundle *, struct err *);
/*
 * After ERR_UNAVAILABLE: control ends the connection of whose certificate it
 * does not trust, and cannot say so.  Who shows none is told its roots, and by
 * these ours is judged: then err says what is wrong with it.  For timeout_ms at
 * most.
 */
void roots_explain(struct ctl *, const struct target *, uint64_t timeout_ms,
    struct err *);

#endif
