#ifndef CTL_CERT_TEXT_H
#define CTL_CERT_TEXT_H

#include "conf/node.h"
#include "pki/cert.h"

/* cert_text: what a certificate says, as a tree and as lines for people. */

/* A map in the arena: subject, issuer, serial, uri, dns, notAfter ... */
struct conf_node *cert_text_node(struct arena *, const struct cert *);
/* Indented lines of that map; now is for "in 5h". */
void cert_text_add(struct str *, const struct conf_node *, int64_t now);

#endif
