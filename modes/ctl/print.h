#ifndef CTL_PRINT_H
#define CTL_PRINT_H

#include "conf/node.h"
#include "model/kind.h"
#include "modes/ctl/ctl_run.h"

/*
 * print: answers in the form that -o asks for.
 * JSON and YAML are what control holds, ready to be applied again; a list is
 * a v1 List in JSON and a stream of documents in YAML.
 */

/*
 * Adds the node if -o is json or yaml; false for the other formats, whose
 * print is the command's own.
 */
bool print_node(struct ctl *, const struct conf_node *);
/* Documents of one kind, in any format. */
void print_documents(struct ctl *, const struct model_kind *,
    const struct conf_node *items);
/* One document: the same, but JSON and YAML are not a list. */
void print_document(struct ctl *, const struct model_kind *,
    const struct conf_node *doc);
/* A YAML document on its own, with "---" in front of all but the first. */
void print_yaml_part(struct ctl *, const struct conf_node *, bool first);
/* "Name:        web", made printable; nothing for NULL. */
void print_line(struct str *, const char *title, const char *value);

#endif
