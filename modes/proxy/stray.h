#ifndef PROXY_STRAY_H
#define PROXY_STRAY_H

#include "modes/proxy/lookup.h"
#include "net/resolve.h"

/*
 * stray: hosts that nobody registered, where MeshConfig allows any: a cluster
 * for each, made by one worker for its own calls, in plain text or as a tunnel.
 *
 * A host's addresses are used for STRAY_MS, then looked for anew.  There are at
 * most STRAYS_MAX at a time: for another, one without an address goes, or that
 * which was used longest ago; where all are being asked for, nobody is called.
 * Metrics count all of them as one, which has no name.
 *
 * Life: strays_new -> strays_find, by lookup.c ... -> strays_close (its lookups
 *       are over) -> strays_free.  All on the worker but the last.
 */
#define STRAYS_MAX	1024u
#define STRAY_MS	30000u

struct stray_settings {
	const char *hosts_file, *resolv_conf;	/* kept */
	uint64_t    connect_ms, response_ms;
};

struct strays;
struct strays *strays_new(struct proxy_worker *, const struct stray_settings *);
void strays_close(struct strays *);
void strays_free(struct strays *);

/*
 * For a lookup with a host: as lookup_start.  An address at which the caller
 * itself came in is left out: it would come in again, for ever.
 */
enum lookup_answer strays_find(struct strays *, struct lookup *,
    struct cluster **);

#endif
