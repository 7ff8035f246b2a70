#ifndef CONTROL_SIGNER_PROCESS_H
#define CONTROL_SIGNER_PROCESS_H

#include "modes/control/signer.h"

/*
 * signer_process: the other end of the pair, in a process of its own that
 * holds the intermediate's key and nothing else: no other descriptor, no
 * core dump, no ptrace, no new privileges, few system calls (base/seccomp.h),
 * the key in a locked page.  It ignores the signals that a terminal sends
 * and ends when the pair closes.  Each signature, and each refusal, leaves a
 * line in the log.
 */
_Noreturn void signer_process_run(int fd, const struct signer_options *);

#endif
