#ifndef HTTP_TWIN_H
#define HTTP_TWIN_H

#include "http/head.h"

/*
 * twin: names of fields that many applications take for one.
 *
 * CGI (RFC 3875, section 4.1.18) and what came after it, WSGI and PHP, make a
 * variable of a name: X-User is HTTP_X_USER, and so may x_user and x.user be.
 * Who takes out of a request what nobody may say takes out all of these.  The
 * codec has dropped names with a '_' from requests already, so the other
 * spelling counts where a document has one, or a '.'.
 */

/* Letters and digits are the same, at the same places; all else is one sign. */
bool twin_is(struct slice, struct slice);
/* Its usual spelling, with '-' for all else but ':'; in the arena. */
struct slice twin_plain(struct arena *, struct slice name);
/* Removes other spellings of the name, and not the name; gives how many. */
size_t twin_remove(struct http_fields *, struct slice lower_name);

#endif
