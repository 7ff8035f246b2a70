#ifndef CTL_COMPLETE_H
#define CTL_COMPLETE_H

#include "base/str.h"
#include "modes/ctl/command.h"

/*
 * complete: scripts that teach a shell what can be typed.  They hold all that
 * they offer, from the tables, and ask nobody while somebody types.
 */
void complete_bash(struct str *out);
void complete_zsh(struct str *out);
void complete_fish(struct str *out);

/* What these three have in common. */

/* "services svc workloads ...": kinds as they are typed. */
void complete_add_kinds(struct str *out);
/* Text in single quotes, safe for all three shells. */
void complete_add_quoted(struct str *out, const char *text);
extern const char *const complete_modes[];	/* of mesh; NULL ends */

#endif
