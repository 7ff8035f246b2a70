#ifndef CTL_CMD_CA_SHARES_H
#define CTL_CMD_CA_SHARES_H

#include "modes/ctl/command.h"

/*
 * cmd_ca_shares: a key of the certificate authority cut into shares for
 * different people to keep, and put together again (pki/share.h).  Both work
 * on files and need no control.
 */
extern const struct ctl_command ca_split, ca_combine;

#endif
