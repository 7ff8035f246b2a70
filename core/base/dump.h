#ifndef BASE_DUMP_H
#define BASE_DUMP_H

/*
 * dump: whether the memory of this process, keys included, may leave it.
 *
 * Once forbidden there is no core file, and other processes of the same user
 * can neither attach to this one nor read its /proc/PID/mem; root still can
 * (prctl(2), PR_SET_DUMPABLE; ptrace(2), access mode checking).  It holds
 * until the next exec.  With DUMP_ALLOW=1 in the environment, for debugging,
 * nothing is forbidden.
 */
#define DUMP_ALLOW	"MESH_DUMPABLE"

/* Before any key is read. */
void dump_forbid(void);

#endif
