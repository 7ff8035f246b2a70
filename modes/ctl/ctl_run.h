#ifndef CTL_CTL_RUN_H
#define CTL_CTL_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "modes/ctl/args.h"
#include "modes/ctl/term.h"

/*
 * ctl_run: what a command has while it runs.
 * Life: ctl_main fills it -> command->run -> ctl_main writes out and ends.
 *
 * Data goes to out, which is written to standard output in the end (or by
 * ctl_flush); messages go to standard error at once.  What strangers wrote
 * must be made printable before it is added to out (table does so).
 */
enum ctl_format { CTL_TABLE, CTL_WIDE, CTL_JSON, CTL_YAML, CTL_NAME };

/* What a command answers; sysexits(3) where there is a word for it. */
enum {
	CTL_OK = 0,
	CTL_NO = 1,		/* asked and answered: no */
	CTL_ERROR = 2,		/* talking failed in a way without a number */
	CTL_USAGE = 64,
	CTL_DATA = 65,
	CTL_NO_INPUT = 66,
	CTL_OUTPUT = 74,	/* standard output cannot be written */
	CTL_INTERRUPTED = 130,
};

struct ctl {
	struct args     args;
	struct arena    arena;		/* until the command ends */
	struct str      out;
	struct term     term;
	enum ctl_format format;
	bool            quiet, verbose, headers;
	bool            is_nobody;	/* calls go without certificate and token */
	bool            with_token;	/* that of the login, on the socket too */
	bool            is_cut;		/* some of out could not be written */
	const char     *namespace;	/* NULL: all of them */
	uint64_t        timeout_ms;
};

/* Reads the global options.  ERR_USAGE. */
int ctl_init(struct ctl *, struct err *);
void ctl_fini(struct ctl *);
/*
 * Writes out and empties it.  Once that fails: a message, and CTL_OUTPUT from
 * then on.
 */
int ctl_flush(struct ctl *);

/* A line for people, unless --quiet; for --verbose alone. */
void ctl_say(const struct ctl *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void ctl_tell(const struct ctl *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void ctl_warn(const struct ctl *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* "mesh ctl: text" and the exit code of the error's kind. */
int ctl_fail(const struct ctl *, const struct err *);
/* The same for an answer of control: what is not there is a plain "no". */
int ctl_fail_call(const struct ctl *, const struct err *);
/* ERR_USAGE with a hint where help is. */
int ctl_misused(const struct ctl *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * Asks before something is destroyed: "delete service/web?"; the command's
 * table says that it asks.  CTL_OK to go
 * on, else the exit code: CTL_NO after a no, CTL_USAGE where nobody can be
 * asked and --yes was not given.
 */
int ctl_confirm(const struct ctl *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same about every argument: "delete user anna, tom?" of "delete user". */
int ctl_confirm_words(const struct ctl *, const char *what);

/*
 * CTL_OK if a file of this name may be made; else CTL_USAGE, reported: there
 * is one, and --yes was not given.
 */
int ctl_may_write(const struct ctl *, const char *path);

/* Shorthands into args. */
bool ctl_has(const struct ctl *, const char *option);
const char *ctl_value(const struct ctl *, const char *option);
const char *ctl_word(const struct ctl *, size_t i);	/* or NULL */

#endif
