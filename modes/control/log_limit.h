#ifndef CONTROL_LOG_LIMIT_H
#define CONTROL_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * log_limit: whether one more line may go to the log, of those that strangers
 * can cause: LOG_LIMIT_PER_S a second, the rest is counted.
 * Life: all zeros -> log_limit_take before each line.
 */
#define LOG_LIMIT_PER_S	10

struct log_limit {
	uint64_t second;
	uint64_t left_out;	/* since the last line */
	unsigned lines;		/* in this second */
};

/*
 * False: leave this line out.  Else *left_out is how many lines were left
 * out before this one, which is to say so.
 */
bool log_limit_take(struct log_limit *, uint64_t now_ms, uint64_t *left_out);

#endif
