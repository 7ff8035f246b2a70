#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include "modes/ctl/command.h"

/* commands: the entries that stand on top of the cmd_*.c files. */
extern const struct ctl_command
    cmd_allow, cmd_analyze, cmd_api, cmd_apply, cmd_audit, cmd_auth, cmd_authz,
    cmd_backup, cmd_ca, cmd_cert, cmd_check, cmd_completion, cmd_delete,
    cmd_deny, cmd_deregister, cmd_describe, cmd_diff, cmd_endpoints,
    cmd_explain, cmd_get, cmd_health, cmd_help, cmd_host, cmd_login,
    cmd_logins, cmd_logout, cmd_operator, cmd_policy, cmd_proxy, cmd_register, cmd_revoke,
    cmd_rollout, cmd_route, cmd_secrets, cmd_services, cmd_split, cmd_stat,
    cmd_token, cmd_user, cmd_validate, cmd_version, cmd_wait, cmd_workloads;

#endif
