#ifndef HTTP_PATH_H
#define HTTP_PATH_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

/*
 * path: the one form of a request's path.
 *
 * A path is brought to this form once, when the request is parsed; routes and
 * policies look at that string and the next hop receives the same one, so that
 * nobody behind us can read another path than the one that was judged.
 *
 * Made equal (RFC 3986, section 6.2.2):
 *   - dot segments are removed, "%2e" counting as a dot; ".." at the root stays
 *     at the root;
 *   - runs of '/' become one '/': applications differ in whether they do that,
 *     policies must not;
 *   - encoded unreserved characters are decoded ("%7Euser" is "~user");
 *   - other encodings get upper-case digits ("%c3%a9" is "%C3%A9"); "%25" stays,
 *     so what was encoded twice stays encoded twice;
 *   - printable characters that a path may not contain are encoded ('"' is
 *     "%22").
 *
 * Refused, because what is behind us may read them as something else:
 *   - "%2F", "%5C" and '\': a separator to some and a letter to others;
 *   - control bytes, encoded or not ("%00"), and bytes beyond ASCII not encoded;
 *   - '%' without two hexadecimal digits; '#';
 *   - a dot segment with parameters ("/..;x/"), which some take for "..".
 *
 * Other parameters (";v=1") are letters of their segment.  The query is no
 * part of this: it is forwarded as it came.
 */

/*
 * raw begins with '/'.  *out borrows raw when nothing had to change, and lies
 * in the arena otherwise.  False: refused, answer 400.
 */
bool http_path_normalize(struct arena *, struct slice raw, struct slice *out);

#endif
