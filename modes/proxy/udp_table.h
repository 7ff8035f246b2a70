#ifndef PROXY_UDP_TABLE_H
#define PROXY_UDP_TABLE_H

#include <stdint.h>

#include "base/list.h"
#include "base/map.h"

/*
 * udp_table: the sessions of one worker, by key, bounded in all and for each
 * source, the longest idle first.
 *
 * Life: udp_table_init -> udp_table_add, udp_table_touch ...
 *       -> udp_table_remove -> udp_table_fini.
 *
 * UDP has no end and no proof of an address, so a session ends when nothing
 * came for idle_ms.  Where a source has as many as it may, or all have, the one
 * of them that is idle longest makes room if that is UDP_YIELD_MS at least;
 * otherwise who comes is refused.  So a flood of made-up addresses neither
 * takes more than the table nor pushes out who is talking.
 */
#define UDP_YIELD_MS	1000
#define UDP_KEY_MAX	48

struct udp_source;

/* Embedded in what has a place. */
struct udp_place {
	struct list        by_age, of_source;
	struct udp_source *source;
	uint64_t           seen_ms;	/* the last datagram, either way */
	uint8_t            key_len;
	unsigned char      key[UDP_KEY_MAX];
};

enum udp_end {
	UDP_IDLE,		/* nothing came for long */
	UDP_YIELDED,		/* it made room for another */
	UDP_CLOSED,		/* the other side forgot it */
	UDP_FAILED,		/* nobody there to send to */
	UDP_STOPPED,		/* its port, or this process, ends */
};
const char *udp_end_name(enum udp_end);

struct udp_bounds {
	size_t   most, most_of_source;	/* > 0 */
	uint64_t idle_ms;
};

struct udp_table {
	struct udp_bounds bounds;
	struct map        places, sources;
	struct list       ages;		/* udp_place.by_age */
	size_t            len;
	/* Removes it. */
	void            (*give_up)(struct udp_place *, enum udp_end);
};

enum udp_added { UDP_ADDED, UDP_FULL, UDP_SOURCE_FULL };

void udp_table_init(struct udp_table *, const struct udp_bounds *,
    void (*give_up)(struct udp_place *, enum udp_end));
void udp_table_fini(struct udp_table *);	/* when it is empty */
/* NULL: there is none. */
struct udp_place *udp_table_find(const struct udp_table *, struct slice key);
/* Keeps the place; key, of which there is none yet, and source are copied. */
enum udp_added udp_table_add(struct udp_table *, struct udp_place *,
    struct slice key, struct slice source, uint64_t now_ms);
void udp_table_touch(struct udp_table *, struct udp_place *, uint64_t now_ms);
void udp_table_remove(struct udp_table *, struct udp_place *);
/* Gives up who was idle for long; in how many ms to ask again, 0: never. */
uint64_t udp_table_sweep(struct udp_table *, uint64_t now_ms);

#endif
