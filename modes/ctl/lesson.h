#ifndef CTL_LESSON_H
#define CTL_LESSON_H

#include "modes/ctl/ctl_run.h"

/*
 * lesson: what was seen of the callers of a service, and the AuthorizationPolicy that
 * allows just that.  Pure, but for the arena.
 *
 * Life: lesson_init -> lesson_add for each row, lesson_add_coarse -> lesson_sort
 *       -> lesson_document, lesson_comment.
 */
struct lesson_row {
	const char *caller;	/* "ns/account", "domain/path", or "": nobody proven */
	const char *method;	/* "": no HTTP */
	const char *path;	/* a template; "", or "/{**}": any */
	uint16_t    port;	/* of the workload */
	int64_t     count, seconds_ago;
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
void lesson_sort(struct lesson *);
size_t lesson_callers(const struct lesson *);	/* that the policy allows */

struct conf_node *lesson_document(const struct lesson *);
/* Lines of comments: each row, with how often and when last. */
void lesson_comment(const struct lesson *, struct str *);

#endif
