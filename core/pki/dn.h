#ifndef PKI_DN_H
#define PKI_DN_H

#include "base/slice.h"
#include "base/str.h"

/*
 * dn: a certificate's name as a text that programs take apart again: RFC 4514,
 * the last part first, "CN=web,O=Example\, Inc.".
 *
 * Attributes without a short name of RFC 4514 stand by their number with the DER
 * of their value in hexadecimal; so do values that are no text of UTF-8 or
 * ASCII.  Every byte that is not printable ASCII is escaped, so that the text
 * fits into a field of HTTP and into a line of a log.
 *
 * (cert_add_name of cert.h is for people.)
 */

/* False: the name is no well-formed one, and what was added is not all. */
bool dn_add(struct str *, struct slice name);

#endif
