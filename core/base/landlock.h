#ifndef BASE_LANDLOCK_H
#define BASE_LANDLOCK_H

#include <stdbool.h>

#include "base/err.h"

/*
 * landlock: the files that are left to this process (landlock(7)).
 * Life: landlock_open -> landlock_allow ... -> landlock_shut.
 *
 * Only the thread that shuts is shut in, and whoever it starts afterwards: it
 * is for the time before there are threads.  Descriptors that are open stay
 * as they are.  Nothing may be executed, and where the kernel can say so
 * (ABI 6) no process outside may be sent a signal, nor be talked to at a local
 * socket without a file (unix(7), abstract), which no mode protects.  Ports are
 * not Landlock's matter here, for which ones documents ask for is not known
 * before.
 *
 * A rule is about the file that has the name now.  Whoever replaces files by
 * renaming, as editors do, makes another: so a file is allowed along with its
 * directory, unless that is everybody's (/etc, /tmp).  /etc is allowed to whoever
 * is not root: what lies there and is not for everybody its modes withhold, and
 * /etc/resolv.conf is replaced with each network.  Root, whom no mode stops,
 * would have shadow(5) and the keys of all others by it, and gets single files.
 */
enum landlock_use {
	LANDLOCK_READ,		/* a file, or a directory and what is below */
	LANDLOCK_WRITE,		/* a directory: as READ, made, written, removed */
	LANDLOCK_SOCKETS,	/* a directory: local sockets come and go */
	LANDLOCK_DEVICE,	/* read and written, such as /dev/null */
};

struct landlock {
	int fd;		/* -1: this kernel has none */
	int abi;	/* version of what the kernel can do, 0: nothing; stays */
};

/* notifies: whoever started us may be listening at such a socket. */
void landlock_open(struct landlock *, bool notifies);
/* What is not there is passed over, and so is NULL. */
void landlock_allow(struct landlock *, const char *path, enum landlock_use);
/* What a setting names and is read again: with its directory, see above. */
void landlock_allow_file(struct landlock *, const char *path);
/*
 * The same.  Gives the name under which the file can be read from now on: in a
 * directory that is withheld that of a descriptor, which stays open, so that
 * what has the name now is read though another takes its place.
 */
char *landlock_allow_pinned(struct landlock *, const char *path);
/* The directory that a path stands in, links followed. */
void landlock_allow_around(struct landlock *, const char *path,
    enum landlock_use);
/* Sets no_new_privs; with abi 0 that is all. */
int landlock_shut(struct landlock *, struct err *);

#endif
