#ifndef PROXY_FAULTS_H
#define PROXY_FAULTS_H

#include "base/map.h"

/*
 * faults: what of which document does not act, and which of that is news.
 * Life: zeros -> (faults_begin -> faults_add ... -> faults_end) whenever the
 *     documents are compiled -> faults_fini.
 *
 * Several faults of one document are one text, with "; " between them.
 */
struct faults {
	struct map now, before;	/* by key: struct fault */
};

/* text: "" when nothing is wrong with it any more. */
typedef void faults_tell_fn(void *arg, struct slice key, uint64_t revision,
    const char *text);

void faults_fini(struct faults *);
void faults_begin(struct faults *);
/* Copies.  revision: of the form that has the fault. */
void faults_add(struct faults *, struct slice key, uint64_t revision,
    const char *text);
/* Tells what was not so before faults_begin. */
void faults_end(struct faults *, faults_tell_fn *, void *arg);
/* Tells all of them. */
void faults_each(const struct faults *, faults_tell_fn *, void *arg);

#endif
