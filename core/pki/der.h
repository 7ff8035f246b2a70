#ifndef PKI_DER_H
#define PKI_DER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/str.h"
#include "pki/oid.h"

/*
 * der: reading and writing ASN.1 in its distinguished encoding (X.690).
 *
 * Reading: a cursor over bytes that somebody else owns.
 * Life: der_init -> der_get, der_enter ... -> der_end.
 * The first thing that is not as asked for latches the cursor as bad: from
 * then on everything reads as false and empty, so that a run of reads is
 * checked once, by der_end, which also refuses bytes left over.  An inner
 * cursor has its own latch and its own der_end.  Strict: one-byte tags,
 * definite and minimal lengths, minimal integers, booleans 00 or FF, unused
 * bits zero.
 */
enum der_tag {
	DER_BOOLEAN	= 0x01,
	DER_INTEGER	= 0x02,
	DER_BIT_STRING	= 0x03,
	DER_OCTETS	= 0x04,
	DER_NULL	= 0x05,
	DER_OID		= 0x06,
	DER_UTF8	= 0x0c,
	DER_PRINTABLE	= 0x13,
	DER_IA5		= 0x16,
	DER_UTC_TIME	= 0x17,
	DER_TIME	= 0x18,		/* GeneralizedTime */
	DER_SEQUENCE	= 0x30,
	DER_SET		= 0x31,
};
#define DER_CONTEXT(n)		(0x80 | (n))	/* implicit, primitive */
#define DER_CONTEXT_IN(n)	(0xa0 | (n))	/* constructed */

struct der {
	struct slice rest;
	bool         bad;
};

void der_init(struct der *, struct slice);
/* Everything was read, and nothing was bad. */
bool der_end(const struct der *);
bool der_fail(struct der *);	/* latches; returns false */
/* Tag of the next element; 0 at the end or when bad. */
uint8_t der_peek(const struct der *);
/* The next element must have this tag; body may be NULL. */
bool der_get(struct der *, uint8_t tag, struct slice *body);
bool der_enter(struct der *, uint8_t tag, struct der *inner);
/* Any tag.  whole is the element with its tag and length; both may be NULL. */
uint8_t der_any(struct der *, struct slice *body, struct slice *whole);

bool der_bool(struct der *, bool *);
/* Not negative; big-endian, without the zero that a high bit asks for. */
bool der_uint(struct der *, struct slice *digits);
/* A SEQUENCE of two of these: r and s of ECDSA, n and e of an RSA key. */
bool der_uint_pair(struct der *, struct slice *a, struct slice *b);
bool der_u32(struct der *, uint32_t *);
bool der_oid(struct der *, enum oid *);
/* Whole octets only: no unused bits. */
bool der_bits(struct der *, struct slice *octets);
/* Named bits: bit 0 of the standard is bit 0 here; at most 16 of them. */
bool der_flags(struct der *, uint16_t *);
/* UTCTime to 2049 and GeneralizedTime from 2050, in Z (RFC 5280, 4.1.2.5). */
bool der_time(struct der *, int64_t *wall_s);

/*
 * Writing: elements are added to a str.  What nests is put between
 * der_open, which gives a mark, and der_close, which knows the length by
 * then.  Integers and times come out in the form that the readers above ask.
 */
size_t der_open(struct str *, uint8_t tag);
void der_close(struct str *, size_t mark);
void der_put(struct str *, uint8_t tag, struct slice body);
void der_put_bool(struct str *, bool);
/* Any big-endian digits; leading zeros are dropped, a needed one is added. */
void der_put_uint(struct str *, struct slice digits);
void der_put_u32(struct str *, uint32_t);
void der_put_oid(struct str *, enum oid);
void der_put_bits(struct str *, struct slice octets);
void der_put_flags(struct str *, uint16_t);
void der_put_time(struct str *, int64_t wall_s);	/* 1950..9999 */

#endif
