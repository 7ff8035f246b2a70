#ifndef CTL_ENDPOINTS_H
#define CTL_ENDPOINTS_H

#include "conf/node.h"
#include "modes/ctl/ctl_run.h"

/* endpoints: what stands behind a service, as control resolves it. */

/* NULL: see err. */
const struct conf_node *endpoints_read(struct ctl *, const char *namespace,
    const char *service, struct err *);
/* Whether any of them takes requests. */
bool endpoints_is_online(const struct conf_node *list);
void endpoints_print(struct ctl *, const struct conf_node *list);

#endif
