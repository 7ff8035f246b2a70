#ifndef LINK_SNI_H
#define LINK_SNI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * sni: the names of services, as hosts and as server names.
 *
 * Between two sidecars the server name (RFC 6066, section 3) says which port
 * of which service is meant: PORT.NAME.NAMESPACE.mesh.  Applications write
 * NAME.NAMESPACE.mesh, or what Kubernetes taught them.
 *
 * Names and namespaces are DNS labels (RFC 1123): lower-case letters, digits
 * and inner hyphens, at most 63 bytes.  Reading folds case; one text has one
 * meaning, and what is not exactly of these forms is refused: no trailing
 * dot, no leading zero, no empty label.
 */
#define SNI_LABEL_MAX	63
#define SNI_MAX		256	/* bytes with the NUL; CONN_SNI_MAX */

struct service_name {
	char name[SNI_LABEL_MAX + 1];
	char ns[SNI_LABEL_MAX + 1];
};

bool sni_parse(struct slice sni, struct service_name *, uint16_t *port);
/* port is not 0; the names are labels. */
void sni_format(const struct service_name *, uint16_t port, char out[SNI_MAX]);

/*
 * A host, without port, to the service that it names:
 *	NAME.NAMESPACE.mesh
 *	NAME.NAMESPACE.svc.cluster.local
 *	NAME.NAMESPACE.svc
 *	NAME.NAMESPACE
 *	NAME			in default_ns; refused when that is absent
 */
bool service_name_parse(struct slice host, struct slice default_ns,
    struct service_name *);
bool service_name_eq(const struct service_name *, const struct service_name *);

#endif
