#ifndef CONTROL_SIGNER_JAIL_H
#define CONTROL_SIGNER_JAIL_H

#include "base/err.h"

/*
 * signer_jail: the system calls that are left to the signer once it runs
 * (seccomp, mode filter): talk on descriptors that it has, keep memory, look
 * at the clock, wait, end.  It can open, connect, run or trace nothing, and
 * make no memory executable.  A call that is not on the list fails with
 * EPERM, for all threads and for good.  Needs no_new_privs.
 *
 * The sanitizers call whatever they like; under them nothing is shut.
 */
int signer_jail_close(struct err *);

#endif
