#ifndef CONTROL_SECRECY_H
#define CONTROL_SECRECY_H

#include "base/slice.h"
#include "base/str.h"
#include "conf/node.h"

/*
 * secrecy: documents whose content goes in and never comes out.
 *
 * Of a Secret, people see everything but the values of its data, which are
 * shown as "".  They go to proxies whose documents refer to it, and to the
 * store, locked (vault.h).  So that what was read can be changed and put
 * again, a value "" stands for the one that the Secret had under that name.
 */

/* Adds the document's JSON without what nobody may read. */
void secrecy_write(struct str *out, const struct conf_node *doc);
/*
 * Refuses a Secret of type kubernetes.io/tls that no server could show: value
 * is what sent would be in the store.  The place is that in sent.  ERR_DATA.
 */
int secrecy_check(const struct conf_node *sent, struct slice value,
    struct err *);
/* Gives values of "" those of the document that was there. */
void secrecy_keep(struct conf_node *doc, const struct conf_node *there);

#endif
