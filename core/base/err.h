#ifndef BASE_ERR_H
#define BASE_ERR_H

/*
 * err: why a local operation failed, for people to read.
 * It lives on the caller's stack; functions that can fail take a struct err *
 * last or second to last and return -1 (or NULL) after filling it.  Outcomes
 * of traffic do not use it: see the tables of close reasons and flags.
 *
 * The kind decides the exit code of a command and the status of an API reply.
 */
enum err_kind {
	ERR_NONE,
	ERR_USAGE,		/* exit 64 */
	ERR_DATA,		/* 65: bad document; API 400 */
	ERR_NOT_FOUND,		/* 66 for a file; API 404 */
	ERR_UNAVAILABLE,	/* 69; API 503 */
	ERR_INTERNAL,		/* 70; API 500 */
	ERR_CONFLICT,		/* 75: expected revision differs; API 409 */
	ERR_DENIED,		/* 77; API 403 */
	ERR_CONFIG,		/* 78: our own settings or files are unusable */
	ERR_SYSTEM,		/* 71: a system call failed; API 500 */
	ERR_TOO_LARGE,		/* 65; API 413 */
	ERR_TOO_MANY,		/* 75: asked too often; API 429 */
	ERR_EXISTS,		/* 65: another one stands there; API 409 */
};

struct err {
	enum err_kind kind;
	char          text[1024];	/* one line, no newline, no "error:" */
};

#define ERR_INIT	((struct err){ .kind = ERR_NONE })

/* Fills and returns -1, so that "return err_set(...)" reads well. */
int err_set(struct err *, enum err_kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* As err_set with ": " and strerror(errno) behind; kind ERR_SYSTEM. */
int err_errno(struct err *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Puts "context: " in front.  Returns -1. */
int err_wrap(struct err *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int err_exit_code(const struct err *);
int err_http_status(const struct err *);
const char *err_kind_name(enum err_kind);	/* "not-found" */

#endif
