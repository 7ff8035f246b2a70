#ifndef HTTP_MUTATE_TEST_H
#define HTTP_MUTATE_TEST_H

#include "http/trace_test.h"

/*
 * mutate: HTTP/1 messages, broken at random from a fixed seed, and whether what
 * became of them elsewhere is the same message.
 *
 * MESH_FUZZ_ROUNDS in the environment asks for more than a unit test should.
 */
#define MUTANT_ROOM	2048

struct mutant {
	char   bytes[MUTANT_ROOM];
	size_t len;
};

void mutate_seed(uint64_t);
size_t mutate_pick(size_t n);	/* below n */
long mutate_rounds(void);
/* Responses of all framings, whole and valid. */
extern const char *const mutate_responses[];
extern const size_t mutate_responses_len;
/* One of the n texts, with a few changes. */
void mutate_make(struct mutant *, const char *const *seeds, size_t n);
/* Fails the test. */
void mutate_show(const struct mutant *, const char *a, const char *b);
/* The last messages of both, whatever became of the connections. */
void mutate_compare(const struct mutant *, struct trace *a, struct trace *b);

#endif
