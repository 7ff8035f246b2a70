#ifndef ECHO_SHA1_H
#define ECHO_SHA1_H

#include <stdint.h>

#include "base/slice.h"

/*
 * sha1: FIPS 180-4, section 6.1, for the one place that still asks for it: a
 * WebSocket's handshake (RFC 6455, section 4.2.2), where it protects nothing.
 */
#define SHA1_LEN	20

void sha1(uint8_t out[SHA1_LEN], struct slice);

#endif
