#ifndef PKI_SPIFFE_H
#define PKI_SPIFFE_H

#include <stdbool.h>

#include "base/slice.h"
#include "base/str.h"

/*
 * spiffe: identities as text (SPIFFE-ID, sections 2 and 2.1 to 2.3), and the
 * DNS names that go with them in a certificate.
 *
 *   spiffe://TD                  the trust domain itself: on CA certificates
 *   spiffe://TD/ns/NS/sa/NAME    a workload of service account NAME
 *   spiffe://TD/operator/NAME    a person or a machine that gives orders
 *   spiffe://TD/control          what every `mesh control` presents
 *
 * Parsing asks for the canonical form: lower-case scheme and trust domain,
 * no empty, "." or ".." segment, no trailing slash, no port, query, fragment
 * or percent sign.  The standard would fold the case of scheme and trust
 * domain; we refuse, so that one identity has one text and comparing bytes
 * is comparing identities.
 */
#define SPIFFE_MAX		2048	/* bytes of a whole ID */
#define SPIFFE_DOMAIN_MAX	255	/* bytes of a trust domain */
#define SPIFFE_LABEL_MAX	63	/* of a namespace or a name of ours */

enum spiffe_kind {
	SPIFFE_DOMAIN,		/* no path */
	SPIFFE_WORKLOAD,
	SPIFFE_OPERATOR,
	SPIFFE_CONTROL,
	SPIFFE_OTHER		/* well-formed, and none of ours */
};

/* Borrows from the text that was parsed. */
struct spiffe {
	struct slice     text;
	struct slice     domain;
	struct slice     path;		/* begins with '/', or is empty */
	struct slice     ns;		/* SPIFFE_WORKLOAD, else absent */
	struct slice     name;		/* SPIFFE_WORKLOAD, SPIFFE_OPERATOR */
	enum spiffe_kind kind;
};

bool spiffe_parse(struct spiffe *, struct slice text);
bool spiffe_domain_ok(struct slice domain);
/*
 * A DNS label (RFC 1123): what namespaces, services, workloads and accounts
 * are called.
 */
bool spiffe_label_ok(struct slice label);
/*
 * A label that may be a namespace.  "workload" may not: NAME.workload.mesh
 * would be both a service there and every workload of a namespace NAME.
 */
bool spiffe_ns_ok(struct slice ns);

/* The caller has checked domain and labels. */
void spiffe_add_workload(struct str *, struct slice domain, struct slice ns,
    struct slice name);
void spiffe_add_operator(struct str *, struct slice domain, struct slice name);
void spiffe_add_control(struct str *, struct slice domain);
const char *spiffe_kind_name(enum spiffe_kind);	/* "workload" */

/*
 * DNS names of a workload's certificate.  For each service that it serves
 * NAME.NS.mesh and, because SNI carries the port in front, *.NAME.NS.mesh;
 * for itself WORKLOAD.NS.workload.mesh.
 */
void spiffe_add_service_dns(struct str *, struct slice ns, struct slice name);
void spiffe_add_workload_dns(struct str *, struct slice ns, struct slice name);
/*
 * May a certificate for this identity carry this DNS name?  Workloads: the
 * three forms above, in their own namespace.  Control: "control.mesh" and
 * names outside of .mesh.  Everybody else: none.
 */
bool spiffe_dns_allowed(const struct spiffe *, struct slice dns);

#endif
