#ifndef CTL_ENDPOINTS_H
#define CTL_ENDPOINTS_H

#include "modes/ctl/ctl_run.h"

/* endpoints: what stands behind a service, as control resolves it. */
int endpoints_print(struct ctl *, const char *namespace, const char *service,
    struct err *);

#endif
