#ifndef CTL_CHECKS_IMPL_H
#define CTL_CHECKS_IMPL_H

#include "modes/ctl/checks.h"

/* checks_impl: what the files of checks share. */

/* Keeps the texts; gives the line, for its why and hint. */
struct check_line *checks_add(struct checks *, const char *category,
    enum check_result, const char *text);
/*
 * Adds a line about something that ends, a fault from warn_s before; NULL: that
 * is no time.
 */
struct check_line *checks_add_end(struct ctl *, struct checks *,
    const char *category, const char *what, const char *time, int64_t warn_s);
/* A member as text; "-" if there is none. */
const char *checks_text(struct ctl *, const struct conf_node *row,
    const char *key);

/* check_certificates.c: in Secrets, for Gateways. */
void check_certificates(struct ctl *, struct checks *);
/* check_federation.c: of other trust domains. */
void check_federation(struct ctl *, struct checks *);
/* check_hosts.c: of machines that join without tokens. */
void check_hosts(struct ctl *, struct checks *);
/* check_shut_out.c: proxies under a root that was revoked. */
void check_shut_out(struct ctl *, struct checks *);
/* check_protocols.c: what is spoken where something else is declared. */
void check_protocols(struct ctl *, struct checks *);
/* check_policies.c: whether anybody may call anybody. */
void check_policies(struct ctl *, struct checks *);
/* check_revoked.c: who was revoked, and has not joined again. */
void check_revoked(struct ctl *, struct checks *);
/* check_plain.c: who is called in plain text. */
void check_plain(struct ctl *, struct checks *);

/* check_providers.c: whether policies can ask whom they name. */
void check_providers(struct ctl *, struct checks *);

#endif
