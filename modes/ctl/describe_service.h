#ifndef CTL_DESCRIBE_SERVICE_H
#define CTL_DESCRIBE_SERVICE_H

#include "modes/ctl/ctl_run.h"

/*
 * describe_service: what is around a service, below its document: the routes
 * that hang on it, the rules that send to it, the policies about it, its
 * endpoints, and what is wrong with any of them.  -1: see err.
 */
int describe_service(struct ctl *, const char *name, struct err *);

#endif
