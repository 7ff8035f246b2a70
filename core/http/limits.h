#ifndef HTTP_LIMITS_H
#define HTTP_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/*
 * limits: what a peer may make us keep or do, of every version of the protocol.
 * What it may repeat on one HTTP/2 connection is a matter of h2_flood.h.
 */
struct http_limits {
	size_t head_bytes;	/* 60 KiB; trailers count with the head */
	size_t line_bytes;	/* 8 KiB: request line, one field */
	size_t fields;		/* 100 */
	size_t chunk_ext_line;	/* 1 KiB */
	size_t chunk_ext_total;	/* 16 KiB */
	size_t info_count;	/* 10 informational responses */
	size_t drain_bytes;	/* 64 KiB read and dropped to keep a connection */
	/* HTTP/2 */
	uint32_t h2_streams;	/* 100 at a time */
	uint32_t h2_window;	/* 64 KiB of a stream that nobody has read */
	uint32_t h2_conn_window;	/* 1 MiB on their way */
};
extern const struct http_limits http_limits_default;

#endif
