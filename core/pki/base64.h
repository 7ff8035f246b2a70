#ifndef PKI_BASE64_H
#define PKI_BASE64_H

#include <stddef.h>

#include "base/slice.h"
#include "base/str.h"

/*
 * base64: bytes as text (RFC 4648).
 * BASE64_STD is section 4, always padded; BASE64_URL is section 5, never
 * padded.  Decoding is strict, so that one value has one text: no white
 * space, no letters of the other alphabet, exact padding, and the bits that
 * the last letter leaves over are zero.
 */
enum base64_kind { BASE64_STD, BASE64_URL };

void base64_add(struct str *, enum base64_kind, struct slice bytes);
/* How many bytes a text of len letters can decode to, at most. */
size_t base64_room(size_t len);
/*
 * Writes at most cap bytes to out.  Returns how many, or -1 for a text that
 * is malformed or does not fit.
 */
ptrdiff_t base64_decode(void *out, size_t cap, enum base64_kind, struct slice);

#endif
