#include <stdarg.h>
#include <stdio.h>

#include "conf/source.h"

struct slice
conf_source_skip_bom(struct slice text)
{
	struct slice bom = SLICE("\xef\xbb\xbf");

	return slice_has_prefix(text, bom) ? slice_from(text, bom.len) : text;
}

void
conf_source_place(const struct conf_source *s, size_t offset, unsigned *line,
    unsigned *column)
{
	*line = s->line;
	*column = 1;
	for (size_t i = 0; i < offset && i < s->text.len; i++) {
		unsigned char c = (unsigned char)s->text.ptr[i];

		if (c == '\n') {
			(*line)++;
			*column = 1;
		} else if ((c & 0xc0) != 0x80) {
			(*column)++;
		}
	}
}

void
conf_source_err(struct err *err, const char *fmt, va_list ap)
{
	unsigned char *p = (unsigned char *)err->text;

	err->kind = ERR_DATA;
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	for (; *p != '\0'; p++) {
		bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0;

		if (c1)
			*p++ = '?';
		if (c1 || *p < 0x20 || *p == 0x7f)
			*p = '?';
	}
}

int
conf_source_error(const struct conf_source *s, unsigned line, unsigned column,
    struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	conf_source_err(err, fmt, ap);
	va_end(ap);
	return err_wrap(err, "%s:%u:%u", s->file, line, column);
}

static int
refuse_byte(const struct conf_source *s, size_t offset, const char *what,
    struct err *err)
{
	unsigned line, column;

	conf_source_place(s, offset, &line, &column);
	return conf_source_error(s, line, column, err, "%s, expected UTF-8 text",
	    what);
}

int
conf_source_check(const struct conf_source *s, struct err *err)
{
	if (s->text.len > CONF_MAX_BYTES) {
		err_set(err, ERR_TOO_LARGE,
		    "%s: %zu bytes are too many, expected at most %u", s->file,
		    s->text.len, CONF_MAX_BYTES);
		return -1;
	}
	for (size_t i = 0; i < s->text.len;) {
		unsigned char c = (unsigned char)s->text.ptr[i];
		size_t n = slice_utf8(slice_from(s->text, i));

		if (n == 0)
			return refuse_byte(s, i, "a byte that is not UTF-8", err);
		if (c == 0)
			return refuse_byte(s, i, "a NUL byte", err);
		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
			return refuse_byte(s, i, "a control character", err);
		i += n;
	}
	return 0;
}

int
conf_source_count(struct conf_source *s, size_t nodes, unsigned line,
    unsigned column, struct err *err)
{
	if (nodes <= CONF_MAX_NODES - s->nodes) {
		s->nodes += nodes;
		return 0;
	}
	s->nodes = CONF_MAX_NODES;
	return conf_source_error(s, line, column, err,
	    "too many values, expected at most %u in one file", CONF_MAX_NODES);
}

int
conf_source_deep(const struct conf_source *s, unsigned line, unsigned column,
    struct err *err)
{
	return conf_source_error(s, line, column, err,
	    "nested too deeply, expected at most %u levels", CONF_MAX_DEPTH);
}
