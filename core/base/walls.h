#ifndef BASE_WALLS_H
#define BASE_WALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/landlock.h"
#include "base/seccomp.h"

/*
 * walls: what is left to a process of ours that somebody has broken into.
 *
 * Life: walls_open (settings are read, no thread is there) -> what files the
 * mode needs: landlock_allow on files -> walls_raise (capabilities, Landlock)
 * -> the process starts -> walls_shut (seccomp, all threads).
 *
 * Who traces or dumps the process from outside is dump.h's matter.  Each wall
 * stands alone: what a kernel does not have, or a container does not allow, is
 * said in the log, and the others stand.  Not wanted (walls_open), or under a
 * sanitizer, none does.
 */
struct walls {
	bool            wanted;
	struct landlock files;
	uint64_t        capabilities;	/* left */
	bool            has_landlock, has_seccomp;
	struct err      no_landlock, no_drop;	/* why not, for the log */
	bool            has_locks;	/* keys stay out of swap (secret.h) */
};

/* How a setting that is a path is used while the process runs. */
enum walls_use {
	WALLS_READ,		/* again and again, and it may be replaced */
	WALLS_STATE,		/* a directory of ours */
	WALLS_SOCKET,		/* made, and removed at the end */
	WALLS_OPENED,		/* before, and kept open */
};

struct walls_path {
	const char    *field;	/* of the settings; NULL ends a table */
	size_t         offset;	/* of a const char * in their struct */
	enum walls_use use;
};

void walls_open(struct walls *, bool wanted);
/* What settings name; of a directory of state that is not there one is made. */
void walls_allow(struct walls *, const struct walls_path *,
    const void *settings);
/* keep: of capability.h.  Allows what every process of ours reads. */
void walls_raise(struct walls *, uint64_t keep);
/* sets as of seccomp_shut.  Says in the log which walls stand. */
void walls_shut(struct walls *, const struct seccomp_set *const *sets);
/* What is left of them: "none", "NET_BIND_SERVICE", "CHOWN" or "some". */
const char *walls_capabilities(const struct walls *);

#endif
