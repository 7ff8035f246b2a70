#ifndef FILTER_ORIGIN_TEST_H
#define FILTER_ORIGIN_TEST_H

#include "base/str.h"
#include "http/head.h"

/*
 * origin: one filter between a client and a service that both are the test's:
 * each request comes over a connection of its own, the service answers as it
 * was told and remembers what it was asked.
 * Life: origin_start -> origin_says, origin_ask ... -> origin_stop.
 */
struct origin_answer {
	int         status;
	const char *fields;	/* "name: value\n" ..., names in lower case */
	int64_t     length;	/* as the head says; -1: does not */
	const char *body[8];	/* pieces; none: the head ends it */
	const char *trailer;	/* value of x-end, or NULL; "": it never ends */
};

void origin_start(const char *filter, const char *yaml);
void origin_stop(void);
/* Keeps it. */
void origin_says(const struct origin_answer *);
/* What the client got, until the end; lasts until the next. */
const struct str *origin_ask(const char *request);
/* As asked by the holder of that SPIFFE ID. */
const struct str *origin_ask_as(const char *id, const char *request);
/* How often the service was asked, and its last request's fields "a=b;". */
int origin_asked(void);
const char *origin_request(void);

/* The value of a field of an answer's head, or "". */
const char *origin_field(const struct str *answer, const char *name);
/* The body, taken out of its chunks. */
struct str origin_body(const struct str *answer);

#endif
