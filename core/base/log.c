#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/log_writer.h"
#include "base/str.h"

enum layout { LAYOUT_TEXT, LAYOUT_JSON, LAYOUT_JOURNAL };

/* What the journal reads as <N> in front of a line: syslog(3). */
static const int priorities[] = {
	[LOG_ERROR] = 3, [LOG_WARN] = 4, [LOG_INFO] = 6, [LOG_DEBUG] = 7,
};

static _Atomic int layout = LAYOUT_TEXT;

/* JOURNAL_STREAM is "device:inode" of what systemd connected. */
static bool
is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t dev, ino;
	struct stat st;

	return stream != NULL &&
	    sscanf(stream, "%" SCNuMAX ":%" SCNuMAX, &dev, &ino) == 2 &&
	    fstat(fd, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

static void
say_dropped(uint64_t lines, int error)
{
	log_warn("log", "%" PRIu64 " lines were dropped: %s", lines,
	    error != 0 ? strerror(error) : "what reads them is slow");
}

void
log_start(const struct log_options *o)
{
	struct log_writer_options writer = {
		.people_fd = o->people_fd,
		.access_fd = o->access_fd,
		.on_dropped = say_dropped,
	};

	atomic_store(&layout, o->format == LOG_JSON ? LAYOUT_JSON :
	    is_journal(o->people_fd) ? LAYOUT_JOURNAL : LAYOUT_TEXT);
	log_writer_start(&writer);
}

void
log_stop(void)
{
	log_writer_stop();
}

static void
add_time(struct str *s)
{
	uint64_t us = clock_wall_us();
	char text[CLOCK_TEXT_MAX];

	clock_format(text, (int64_t)(us / 1000000), (int)(us / 1000 % 1000));
	str_add(s, text);
}

static void
add_json(struct str *s, const char *scope, enum log_level level,
    struct slice message)
{
	str_add(s, "{\"time\":\"");
	add_time(s);
	str_addf(s, "\",\"level\":\"%s\",\"scope\":", log_level_name(level));
	str_add_json(s, slice_str(scope));
	str_add(s, ",\"message\":");
	str_add_json(s, message);
	str_add_char(s, '}');
}

static void
add_text(struct str *s, const char *scope, enum log_level level,
    struct slice message)
{
	if (atomic_load(&layout) == LAYOUT_JOURNAL) {
		str_addf(s, "<%d>", priorities[level]);
	} else {
		add_time(s);
		str_addf(s, " %-5s ", log_level_name(level));
	}
	str_addf(s, "%s: ", scope);
	str_add_printable(s, message);
}

static void
vlog(const char *scope, enum log_level level, const char *fmt, va_list ap)
{
	struct str message = { 0 }, line = { 0 };

	str_vaddf(&message, fmt, ap);
	if (atomic_load(&layout) == LAYOUT_JSON)
		add_json(&line, scope, level, str_slice(&message));
	else
		add_text(&line, scope, level, str_slice(&message));
	str_add_char(&line, '\n');
	log_writer_people(str_slice(&line));
	str_fini(&line);
	str_fini(&message);
}

#define LOG_FUNCTION(name, level)					\
void									\
name(const char *scope, const char *fmt, ...)				\
{									\
	va_list ap;							\
									\
	if (!log_enabled(scope, level))					\
		return;							\
	va_start(ap, fmt);						\
	vlog(scope, level, fmt, ap);					\
	va_end(ap);							\
}
LOG_FUNCTION(log_error, LOG_ERROR)
LOG_FUNCTION(log_warn, LOG_WARN)
LOG_FUNCTION(log_info, LOG_INFO)
LOG_FUNCTION(log_debug, LOG_DEBUG)

bool
log_wants_access(void)
{
	return log_writer_wants_access();
}

bool
log_access(struct slice line)
{
	return log_writer_access(line);
}

uint64_t
log_dropped(void)
{
	return log_writer_dropped();
}
