#ifndef HTTP_LIMITS_H
#define HTTP_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/*
 * limits: what a peer may make us keep or do, of every version of the protocol.
 * What h2 says can be set (MeshConfig, BackendPolicy); what the numbers for
 * floods mean stands in h2_flood.h.
 */
struct h2_limits {
	uint32_t streams;	/* 100 at a time */
	uint32_t window;	/* 64 KiB of a stream that nobody has read */
	uint32_t conn_window;	/* 1 MiB on their way */
	uint32_t frame_bytes;	/* 16 KiB of one frame, either way */
	uint32_t head_bytes;	/* 60 KiB: in place of the one below */
	uint32_t queued_frames;	/* 5,000 that wait for the peer to read */
	uint32_t queued_acks;	/* 1,000 of those that answer PING, SETTINGS */
	uint32_t continuations;	/* 8 of one header block */
	/* Floods. */
	uint32_t resets;	/* 100 streams broken off or faulty, and a minute */
	uint32_t pings;		/* 1,000, and twice that a minute */
	uint32_t settings;	/* 100 */
	uint32_t priorities;	/* 100 a stream */
	uint32_t window_updates;	/* 20 a DATA frame */
	uint32_t empty_data;	/* 1 in a row */
};

struct http_limits {
	size_t head_bytes;	/* 60 KiB; trailers count with the head */
	size_t line_bytes;	/* 8 KiB: request line, one field */
	size_t fields;		/* 100 */
	size_t chunk_ext_line;	/* 1 KiB */
	size_t chunk_ext_total;	/* 16 KiB */
	size_t info_count;	/* 10 informational responses */
	size_t drain_bytes;	/* 64 KiB read and dropped to keep a connection */
	struct h2_limits h2;
};
extern const struct http_limits http_limits_default;

#endif
