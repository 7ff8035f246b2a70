#ifndef HTTP_GRAMMAR_H
#define HTTP_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>

/*
 * grammar: which bytes may stand where (RFC 9110 section 5.6, RFC 3986
 * section 2).  One table; a byte may be in several classes.
 */
#define BYTE_TOKEN	0x01u	/* tchar */
#define BYTE_VALUE	0x02u	/* in a field value: HTAB, SP, VCHAR, obs-text */
#define BYTE_TARGET	0x04u	/* in a request target: VCHAR without '#' */
#define BYTE_PCHAR	0x08u	/* in a path segment without further thought */
#define BYTE_UNRESERVED	0x10u	/* RFC 3986, 2.3: same when encoded */
#define BYTE_HOST	0x20u	/* in a registered name, as we accept it */
#define BYTE_HEX	0x40u
#define BYTE_UPPER	0x80u

extern const unsigned char http_bytes[256];

static inline bool
http_byte_is(char c, unsigned int classes)
{
	return (http_bytes[(unsigned char)c] & classes) != 0;
}

/*
 * How many of the n bytes at p, from the front, are of one of the classes.
 * Long runs of BYTE_VALUE or BYTE_TARGET are read eight bytes at a time.
 */
size_t http_bytes_span(const char *p, size_t n, unsigned int classes);

/* Of a hexadecimal digit. */
static inline unsigned int
http_hex_value(char c)
{
	return c <= '9' ? (unsigned int)(c - '0') :
	    (unsigned int)((c | 0x20) - 'a' + 10);
}

static inline char
http_byte_lower(char c)
{
	return http_byte_is(c, BYTE_UPPER) ? (char)(c | 0x20) : c;
}

#endif
