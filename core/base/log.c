#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

static struct log_options options = { LOG_TEXT, 2, 1 };

void
log_start(const struct log_options *o)
{
	options = *o;
}

void
log_stop(void)
{
}

int
log_set_levels(const char *spec)
{
	(void)spec;
	return 0;
}

bool
log_enabled(const char *scope, enum log_level level)
{
	(void)scope;
	return level <= LOG_INFO;
}

const char *
log_level_name(enum log_level level)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };

	return names[level];
}

static void
vlog(const char *scope, enum log_level level, const char *fmt, va_list ap)
{
	struct str s = { 0 };

	if (!log_enabled(scope, level))
		return;
	str_addf(&s, "%s %s: ", log_level_name(level), scope);
	str_vaddf(&s, fmt, ap);
	str_add_char(&s, '\n');
	(void)!write(options.people_fd, s.ptr, s.len);
	str_fini(&s);
}

#define LOG_FUNCTION(name, level)					\
void									\
name(const char *scope, const char *fmt, ...)				\
{									\
	va_list ap;							\
	va_start(ap, fmt);						\
	vlog(scope, level, fmt, ap);					\
	va_end(ap);							\
}
LOG_FUNCTION(log_error, LOG_ERROR)
LOG_FUNCTION(log_warn, LOG_WARN)
LOG_FUNCTION(log_info, LOG_INFO)
LOG_FUNCTION(log_debug, LOG_DEBUG)

bool
log_access(struct slice line)
{
	if (options.access_fd < 0)
		return true;
	(void)!write(options.access_fd, line.ptr, line.len);
	(void)!write(options.access_fd, "\n", 1);
	return true;
}

uint64_t
log_dropped(void)
{
	return 0;
}
