#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

static const struct {
	const char *name;
	int         exit_code;
	int         http_status;
} kinds[] = {
	[ERR_NONE]	  = { "none", 0, 200 },
	[ERR_USAGE]	  = { "usage", 64, 400 },
	[ERR_DATA]	  = { "data", 65, 400 },
	[ERR_NOT_FOUND]	  = { "not-found", 66, 404 },
	[ERR_UNAVAILABLE] = { "unavailable", 69, 503 },
	[ERR_INTERNAL]	  = { "internal", 70, 500 },
	[ERR_CONFLICT]	  = { "conflict", 75, 409 },
	[ERR_DENIED]	  = { "denied", 77, 403 },
	[ERR_CONFIG]	  = { "config", 78, 500 },
	[ERR_SYSTEM]	  = { "system", 71, 500 },
	[ERR_TOO_LARGE]	  = { "too-large", 65, 413 },
	[ERR_TOO_MANY]	  = { "too-many", 75, 429 },
	[ERR_EXISTS]	  = { "exists", 65, 409 },
};

int
err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	e->kind = kind;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return -1;
}

int
err_errno(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	e->kind = ERR_SYSTEM;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	size_t len = strlen(e->text);

	snprintf(e->text + len, sizeof(e->text) - len, ": %s", strerror(saved));
	return -1;
}

int
err_wrap(struct err *e, const char *fmt, ...)
{
	char text[sizeof(e->text)];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text) - 3)
		return -1;
	size_t at = (size_t)n, keep = strlen(e->text);

	text[at++] = ':';
	text[at++] = ' ';
	if (keep > sizeof(text) - at - 1)
		keep = sizeof(text) - at - 1;
	memcpy(text + at, e->text, keep);
	memcpy(e->text, text, at + keep);
	e->text[at + keep] = '\0';
	return -1;
}

int
err_exit_code(const struct err *e)
{
	return kinds[e->kind].exit_code;
}

int
err_http_status(const struct err *e)
{
	return kinds[e->kind].http_status;
}

const char *
err_kind_name(enum err_kind kind)
{
	return kinds[kind].name;
}
