#ifndef CONF_JSON_H
#define CONF_JSON_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "conf/node.h"

/*
 * json: RFC 8259 in and out.
 * jansson decides what is valid and decodes; a walk over the text that it
 * accepted then gives every node its line and column.  Duplicate keys, NUL,
 * invalid UTF-8, lone surrogates, and what is beyond the limits of
 * conf/source.h are errors of kind ERR_DATA or ERR_TOO_LARGE.
 *
 * Writing keeps the order of keys and needs no options, so one tree always
 * gives the same bytes: that form is stored, digested and sent.
 */

/* Borrows text; keeps file in the nodes.  NULL: see err. */
struct conf_node *conf_json_read(struct arena *, struct slice text,
    const char *file, struct err *);
/* One line, no spaces. */
void conf_json_write(struct str *, const struct conf_node *);
/* Indented by two spaces, a newline at the end. */
void conf_json_write_pretty(struct str *, const struct conf_node *);

const char *conf_json_version(void);	/* of jansson */

#endif
