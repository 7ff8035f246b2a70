#ifndef CONF_STREAM_H
#define CONF_STREAM_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "conf/node.h"
#include "conf/source.h"

/*
 * stream: the documents of one file, one after another.
 * Life: conf_file_read -> conf_stream_init -> conf_stream_next until 0.
 *
 * A YAML stream is cut at its "---" and "..." lines before it is parsed (such
 * a line ends a document wherever it stands, YAML 1.2 section 9.1.2), so that
 * a document that is broken harms no other.  Empty documents are left out.
 * A JSON file is one document.  A stream that goes beyond the limit of values
 * ends there.
 */
enum conf_format { CONF_YAML, CONF_JSON };

struct conf_stream {
	struct conf_source src;		/* text: what is still to be read */
	enum conf_format   format;
	bool               checked;
};

/*
 * ".json" is JSON, all else YAML.  "-" (standard input) is JSON when it is
 * valid JSON; and also when it is neither valid JSON nor valid YAML but begins
 * as JSON does, "{" or "[" and then a quote, so that the fault is told in the
 * terms of what was meant.
 */
enum conf_format conf_format_of(const char *path, struct slice text);
/* Reads a file, or standard input for "-", up to CONF_MAX_BYTES. */
int conf_file_read(const char *path, struct str *out, struct err *);

/* Keeps text and file. */
void conf_stream_init(struct conf_stream *, struct slice text, const char *file,
    enum conf_format);
/*
 * 1: *root is the next document, in the arena.  0: no more.  -1: the next
 * document is broken as err says, and the one after it may be asked for.
 * The nodes keep the stream's file name.
 */
int conf_stream_next(struct conf_stream *, struct arena *,
    struct conf_node **root, struct err *);

#endif
