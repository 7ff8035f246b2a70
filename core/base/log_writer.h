#ifndef BASE_LOG_WRITER_H
#define BASE_LOG_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * log_writer: the thread behind log, and the queues before it.
 * Life: log_writer_start -> log_writer_people and log_writer_access from any
 * thread -> log_writer_stop.  There is one in a process.
 *
 * Lines for people share one queue behind a mutex that is never held while
 * writing, and wake the thread at once.  Access lines go to a ring of the
 * calling thread (got with its first line, left to another when the thread
 * ends), take no lock, and wake the thread only when it has nothing else coming: it
 * then gathers for 100 ms and writes all rings with one call.  Without lines
 * it sleeps for good.
 *
 * Without the thread (before start, after stop, in the child of a fork) lines
 * are written by whoever logs.  An output that fails, or a queue that is full,
 * loses lines; they are counted.
 */
struct log_writer_options {
	int people_fd;
	int access_fd;		/* -1: none */
	/*
	 * On the thread, at most once a second: lines were lost since last time,
	 * by an output that failed with this errno, or by a full queue: 0.
	 */
	void (*on_dropped)(uint64_t lines, int error);
};

/*
 * When a writer is still stuck from a stop that gave up, waits for it first.
 * When there can be no thread, lines go on being written at once.
 */
void log_writer_start(const struct log_writer_options *);
/*
 * Writes what is queued and ends the thread.  Gives up after 1 s when an
 * output takes no bytes; from then on lines are dropped.
 */
void log_writer_stop(void);

/* A whole line with its newline.  False: dropped and counted. */
bool log_writer_people(struct slice line);
bool log_writer_wants_access(void);
/* One line; a newline is added.  Without an access_fd: true, and nothing. */
bool log_writer_access(struct slice line);
uint64_t log_writer_dropped(void);

#endif
