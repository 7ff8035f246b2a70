#ifndef CTL_PROTOCOL_H
#define CTL_PROTOCOL_H

#include "base/slice.h"
#include "model/set.h"
#include "modes/ctl/ctl_run.h"

/*
 * protocol: the words for what a port speaks.
 *
 * What is typed for an option must be a word that we know.  In a document
 * another one may well be meant: Kubernetes takes any name that IANA
 * registered ("mysql"), and those with a domain in front.  Such a port is
 * carried as bytes, which is worth a warning, because a slip of the pen
 * ("htpp") is carried as bytes too.
 */

/* ERR_USAGE: "--port: ...", with the words that there are. */
int protocol_verify(const char *option, struct slice word, struct err *);
/* Warns of unknown words without a domain in Services and Workloads. */
void protocol_warn(const struct ctl *, const struct model_set *);

#endif
