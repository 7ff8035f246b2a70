#ifndef CONF_YAML_H
#define CONF_YAML_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "conf/node.h"
#include "conf/source.h"

/*
 * yaml: YAML 1.2 in and out, by libyaml's events.
 * Scalars are resolved as conf/scalar.h says.  Anchors and aliases work; an
 * alias becomes a copy and counts with all that it copies.  Tags, merge keys,
 * keys that are no scalars, duplicate keys and tabs as indentation are
 * errors.  A stream of several documents is cut up by conf/stream.h first.
 */

/* One document.  Borrows text; keeps file in the nodes.  NULL: see err. */
struct conf_node *conf_yaml_read(struct arena *, struct slice text,
    const char *file, struct err *);
/* As conf_yaml_read, for a part of a file that begins at src->line. */
struct conf_node *conf_yaml_read_part(struct arena *, struct conf_source *src,
    struct err *);
/* Block style; a string that would read as something else gets quotes. */
void conf_yaml_write(struct str *, const struct conf_node *);

const char *conf_yaml_version(void);	/* of libyaml */

#endif
