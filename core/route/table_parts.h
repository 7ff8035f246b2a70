#ifndef ROUTE_TABLE_PARTS_H
#define ROUTE_TABLE_PARTS_H

#include "base/arena.h"
#include "base/map.h"
#include "base/refs.h"
#include "route/regex.h"
#include "route/table.h"

/*
 * table_parts: what a table is made of; for table*.c and explain.c alone.
 *
 * All entries lie in one array in the order of precedence, hosts together.
 * Those of one host and one path are a run of it, a bucket, found by hash.  A
 * bucket of a prefix knows that of the next shorter prefix of its host, so that
 * the longest one is enough to find: the buckets of a host's prefixes are a
 * tree.  The expressions of a host are one bucket, and so are its parts of calls,
 * the last two of all.
 */
#define NO_BUCKET	UINT32_MAX

/* A header or query parameter that an entry asks for. */
struct wish {
	const char *name;
	union {
		const char         *text;
		const struct regex *regex;
	} value;
	uint16_t name_len, value_len;
	bool     is_regex;
};

/* What the parts of a call must be; a value of no length: anything. */
struct call {
	struct wish service, method;
};

/* A compiled rule. */
struct entry {
	const void         *payload;
	const char         *route, *path;	/* a prefix without '/' behind */
	const struct wish  *wishes;		/* headers, then queries */
	union {
		const struct regex *regex;	/* of a path, or NULL */
		const struct call  *call;	/* of ROUTE_CALL */
	}                   by;
	int64_t             created;
	uint32_t            host;
	uint16_t            route_len, path_len;
	uint16_t            rule, match;
	uint8_t             kind, method, headers_len, queries_len;
};

struct host {
	struct slice text;	/* as rules have it, in lower case */
	struct slice name;	/* without the '*' of a wildcard; empty: any */
	bool         is_wildcard;
	uint32_t     root;	/* bucket of the prefix "/", or NO_BUCKET */
	uint32_t     regexes;	/* bucket, or NO_BUCKET */
	uint32_t     calls;	/* likewise */
	uint32_t     paths;	/* buckets besides these three */
	uint16_t     path_max;	/* bytes of the longest of their paths */
};

struct bucket {
	const char   *path;
	struct index *index;	/* of the many, or NULL */
	uint32_t      first, len;	/* entries */
	uint32_t      parent;	/* of a prefix: the next shorter */
	uint32_t      host;
	uint16_t      path_len;
	uint8_t       kind;
};

struct slot {
	uint32_t tag;		/* high half of the hash */
	uint32_t bucket;	/* or NO_BUCKET */
};

struct route_table {
	struct refs    refs;
	bool           sealed;
	struct arena   arena;
	struct entry  *entries;
	size_t         len, cap;
	struct host   *hosts;
	size_t         hosts_len, named, wildcards;
	const struct host *any;		/* without a host, or NULL */
	uint32_t      *host_slots;	/* index + 1; 0: free */
	uint32_t       host_mask, slots_mask;
	struct bucket *buckets;
	size_t         buckets_len;
	struct slot   *slots;
	struct map     regexes;	/* by pattern */
	size_t         regex_bytes;
	/* While it is being built. */
	struct map     words, host_ids;
	size_t         hosts_cap;
};

/* 0 is none; methods that Gateway API knows are 1 and on. */
uint8_t route_method_id(struct slice);

static inline struct slice
entry_path(const struct entry *e)
{
	return (struct slice){ e->path, e->path_len };
}

static inline struct slice
wish_name(const struct wish *w)
{
	return (struct slice){ w->name, w->name_len };
}

/* --- what a request fulfils, one question each ------------------------------ */

bool host_takes(const struct host *, const struct route_request *);
bool entry_takes_path(const struct entry *, const struct route_request *);
/* ROUTE_WON, or which part of the request is to blame; *name then too. */
enum route_loss entry_takes_rest(const struct entry *,
    const struct route_request *, struct slice *name);

/*
 * Which goes before: below 0 for a, above for b; *why is set to that by which
 * the other one is below.  Never 0 for two entries of one document.
 */
int entry_compare(const struct route_table *, const struct entry *a,
    const struct entry *b, enum route_loss *why);

/* The buckets of the whole path and of its longest prefix, or NO_BUCKET. */
void path_find(const struct route_table *, uint32_t host, struct slice path,
    uint32_t *exact, uint32_t *prefix);
void route_found_fill(const struct route_table *, const struct entry *,
    struct route_found *);
/* The entry that wins, or NULL. */
const struct entry *route_winner(const struct route_table *,
    const struct route_request *);

#endif
