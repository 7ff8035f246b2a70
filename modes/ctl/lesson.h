#ifndef CTL_LESSON_H
#define CTL_LESSON_H

#include "modes/ctl/ctl_run.h"

/*
 * lesson: what was seen of the callers of a service, and the AuthorizationPolicy that
 * allows just that.  Pure, but for the arena.
 *
 * Life: lesson_init -> lesson_add for each row, lesson_add_coarse -> lesson_narrow,
 *       if that is wanted -> lesson_sort -> lesson_document -> lesson_write.
 *
 * A row is general where its path stands for more than was seen: a template, or any.
 */
#define LESSON_EXAMPLES	2

struct lesson_row {
	const char *caller;	/* "ns/account", "domain/path", or "": nobody proven */
	const char *method;	/* "": no HTTP */
	const char *path;	/* a template; "", or "/{**}": any */
	uint16_t    port;	/* of the workload */
	int64_t     count, seconds_ago;
	int64_t     paths;	/* that it stands for; 0: that is not known */
	bool        has_more_paths;	/* or more than that */
	const char *examples[LESSON_EXAMPLES];	/* of them; NULL: none */
};

struct lesson {
	struct arena      *arena;
	const char        *namespace, *service;
	struct lesson_row *v;
	size_t             len, cap;
	const char       **coarse;	/* callers of whom no more is known */
	size_t             coarse_len, coarse_cap;
	const char       **known;	/* callers who did something before that */
	size_t             known_len, known_cap;
	struct lesson_row *left;	/* by lesson_narrow */
	size_t             left_len;
	const char       **left_coarse;
	size_t             left_coarse_len;
	const char       **notes;	/* of the document's operations and paths, in
					   order; NULL: nothing is to be said */
	size_t             notes_len, notes_cap;
	bool               has_ports;	/* the service has several: rules name them */
};

void lesson_init(struct lesson *, struct arena *, const char *namespace,
    const char *service);
/* The same row of another sidecar is added to the first.  Keeps the texts. */
void lesson_add(struct lesson *, const struct lesson_row *);
/* Sidecars know what this caller did, and it was too long ago to count. */
void lesson_know(struct lesson *, const char *caller);
/* Harmless twice, and for a caller who has rows or is known.  After those. */
void lesson_add_coarse(struct lesson *, const char *caller);
/* Leaves out what is general, and the callers of whom no more is known. */
void lesson_narrow(struct lesson *);
void lesson_sort(struct lesson *);
size_t lesson_callers(const struct lesson *);	/* that the policy allows */

bool lesson_is_general(const struct lesson_row *);
/* "/orders/{*}": the first such path, and how many there are; NULL: none. */
const char *lesson_general(const struct lesson *, size_t *n);

const char *lesson_name(const struct lesson *);	/* of the document */
/* Once. */
struct conf_node *lesson_document(struct lesson *);
/*
 * As YAML, for people (lesson_text.c): each row in a comment, with how often and
 * when last, and comments at those lines that stand for more than was seen.
 */
void lesson_write(const struct lesson *, const struct conf_node *document,
    struct str *);
/* "default/web GET /orders/{*} port 80". */
void lesson_add_row(struct str *, const struct lesson_row *);
/* "stands for 3 paths that were seen, such as /a, /b". */
void lesson_add_meaning(struct str *, const struct lesson_row *);

#endif
