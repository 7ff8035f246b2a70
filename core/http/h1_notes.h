#ifndef HTTP_H1_NOTES_H
#define HTTP_H1_NOTES_H

#include "http/h1_scan.h"
#include "http/h1_token.h"
#include "http/head.h"

/*
 * h1_notes: what the fields of one hop and the framing fields of a head said.
 *
 * h1_notes_take sorts the fields of a head: these become notes, all others the
 * list.  What Connection names leaves the list too, except fields that matter
 * for routing, identity and framing: a peer may not have those removed behind
 * the back of whoever looks at them (RFC 9110, section 7.6.1).
 */
struct h1_note {
	struct slice value;	/* of the last such field */
	size_t       count;
};

struct h1_notes {
	struct h1_note host, content_length, transfer_encoding, expect, upgrade;
	bool           has_connection;
	bool           close, keep_alive, upgrades;	/* Connection options */
	size_t         dropped;		/* for a '_' in the name */
};

/*
 * Requests lose fields with '_' in their names.  False with *fault when
 * Connection is absurd or a name imitates the framing.
 */
bool h1_notes_take(struct h1_notes *, const struct h1_tokens *,
    bool is_request, struct http_fields *, struct h1_fault *);

#endif
