#ifndef PKI_POSSESSION_H
#define PKI_POSSESSION_H

#include <stdbool.h>

#include "base/slice.h"
#include "base/str.h"
#include "pki/key.h"

/*
 * possession: proof that who asks for a certificate for a new key still holds
 * the key of the one that has ended, and so cannot show it in a handshake.
 *
 * The old key signs the request (csr.h) behind a text of our own, so that no
 * other signature of that key can be passed off as this.  A proof that somebody
 * else gets hold of is of no use: it names the new key, and with it whoever
 * holds that.
 */

/* Adds the proof, in base64. */
void possession_prove(struct str *, const struct key *old, struct slice csr);
bool possession_is_proven(const uint8_t old[KEY_POINT_LEN], struct slice csr,
    struct slice proof);

#endif
