#ifndef CTL_TRUST_DOMAIN_H
#define CTL_TRUST_DOMAIN_H

#include "modes/ctl/traffic.h"

/*
 * trust_domain: which trust domain is ours, so that a SPIFFE ID is told to be
 * of somebody here or abroad.  Texts live as long as the command.
 */

/* As control says; NULL: see err. */
const char *trust_domain_of_control(struct ctl *, struct err *);
/*
 * As the MeshConfig of the files says; else what control calls a mesh that was
 * told no other.
 */
const char *trust_domain_of_files(const struct traffic *);
/* Without control and files. */
extern const char trust_domain_default[];

#endif
