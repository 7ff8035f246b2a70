#ifndef CONF_DECODE_H
#define CONF_DECODE_H

#include "base/str.h"
#include "conf/schema.h"

/*
 * decode: what the two halves of conf_decode share; for this folder alone.
 * decode_value.c reads single values, decode.c what is made of them.
 */
struct decoder {
	struct arena *arena;
	struct err   *err;
	bool          known_only;	/* pass over unknown fields */
	struct str    path;	/* of the value being read */
};

/* Puts a value where out points, in the C type that schema.h names. */
typedef int decode_fn(struct decoder *, const struct conf_field *,
    const struct conf_node *, void *out);

decode_fn decode_bool, decode_int, decode_port, decode_string, decode_duration,
    decode_bytes, decode_time, decode_enum, decode_word, decode_percent,
    decode_port_or_name, decode_any;

/* Both return -1 with place and path in front. */
int decode_fail(struct decoder *, const struct conf_node *, const char *what);
/* "expected WHAT, found ..." */
int decode_fail_expected(struct decoder *, const struct conf_node *,
    const char *expected);

#endif
