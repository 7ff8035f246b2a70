#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * log: lines for people (standard error) and access lines (standard output or
 * a file).  log_start makes one thread that writes; everybody else only
 * copies a line into its queue and never blocks: when a queue is full the
 * line is dropped and counted, and a line for people says so later.  Before
 * log_start and after log_stop lines are written at once, so that commands
 * and unit tests need no thread; so they are in the child of a fork.
 *
 * A line for people is text or, with LOG_JSON, one JSON object of time, level,
 * scope and message; characters that could end a line or steer a terminal are
 * escaped.  Where the output is the journal (JOURNAL_STREAM, systemd.exec(5)),
 * text begins with <priority> instead of the time.  Scope is the part of the
 * program: "tls", "listener", "sync" ...; each scope may have its own level.
 */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

struct log_options {
	enum log_format format;
	int             people_fd;	/* 2 */
	int             access_fd;	/* 1; -1: access lines are dropped uncounted */
};

void log_start(const struct log_options *);	/* starts the writer thread */
void log_stop(void);	/* writes what is queued (at most 1 s), ends the thread */

/*
 * "info" or "info,tls=debug": what is not named gets the bare level, which is
 * info unless given.  Returns -1 and changes nothing for a word it does not
 * know, and beyond 32 scopes.
 */
int log_set_levels(const char *spec);
bool log_enabled(const char *scope, enum log_level);
const char *log_level_name(enum log_level);

void log_error(const char *scope, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_warn(const char *scope, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_info(const char *scope, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_debug(const char *scope, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether access lines go anywhere; saves making them. */
bool log_wants_access(void);
/* Queues one access line; a newline is added.  Returns false if dropped. */
bool log_access(struct slice line);
/* Lines dropped since start, both kinds. */
uint64_t log_dropped(void);

#endif
