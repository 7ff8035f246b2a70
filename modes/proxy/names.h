#ifndef PROXY_NAMES_H
#define PROXY_NAMES_H

#include "net/resolve.h"

/*
 * names: the addresses of hosts outside the mesh, for whoever compiles.
 *
 * A name that is found for the first time is asked for at once, and again when
 * DNS says that its answer is old, but not before NAMES_MIN_MS and not after
 * NAMES_MAX_MS; what stands in files, after NAMES_FILE_MS.  Where there is no
 * answer the last one stays, and it is asked again after NAMES_RETRY_MS.  A name
 * that two compilations in a row did not find is forgotten.
 *
 * Life: names_new -> names_begin, names_find ... -> names_end for each
 *       compilation -> names_free.  All on one thread, that of the loop.
 */
#define NAMES_MIN_MS	5000u
#define NAMES_MAX_MS	300000u
#define NAMES_FILE_MS	30000u
#define NAMES_RETRY_MS	2000u

enum names_state {
	NAMES_WAITING,	/* nobody has answered yet */
	NAMES_KNOWN,
	NAMES_FAILED,	/* it was asked for in vain, and never known */
};

struct names_answer {
	enum names_state   state;
	const struct addr *v;	/* without ports, in order; until names_end */
	size_t             len;
};

struct names;
/*
 * changed: something else would be found; later in the loop, at most once
 * between two compilations.  files (NULL: the machine's) is kept.
 */
struct names *names_new(struct loop *, const struct resolve_files *files,
    void (*changed)(void *arg), void *arg);
void names_free(struct names *);	/* NULL allowed */

void names_begin(struct names *);
void names_find(struct names *, struct slice host, struct names_answer *);
void names_end(struct names *);

#endif
