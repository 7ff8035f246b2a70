#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "conf/json.h"
#include "conf/stream.h"
#include "conf/yaml.h"

/* The first byte after any of these; '\0': there is none. */
static char
first_but(struct slice text, const char *these)
{
	size_t i = 0;

	while (i < text.len && text.ptr[i] != '\0' &&
	    strchr(these, text.ptr[i]) != NULL)
		i++;
	return i < text.len ? text.ptr[i] : '\0';
}

static bool
is_readable(struct slice text, enum conf_format format)
{
	struct arena arena = { 0 };
	struct conf_stream s;
	struct conf_node *root;
	struct err err;
	int result;

	conf_stream_init(&s, text, "-", format);
	while ((result = conf_stream_next(&s, &arena, &root, &err)) > 0)
		arena_reset(&arena);
	arena_fini(&arena);
	return result == 0;
}

enum conf_format
conf_format_of(const char *path, struct slice text)
{
	char first = first_but(text, " \t\r\n");

	if (slice_has_suffix(slice_str(path), SLICE(".json")))
		return CONF_JSON;
	if (!slice_is(slice_str(path), "-") || (first != '{' && first != '['))
		return CONF_YAML;
	if (is_readable(text, CONF_JSON))
		return CONF_JSON;
	return first_but(text, " \t\r\n{[") == '"' &&
	    !is_readable(text, CONF_YAML) ? CONF_JSON : CONF_YAML;
}

static int
read_all(int fd, const char *path, struct str *out, struct err *err)
{
	char part[16384];
	ssize_t n;

	while ((n = read(fd, part, sizeof(part))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "%s", path);
		str_add_slice(out, slice_of(part, (size_t)n));
		if (out->len > CONF_MAX_BYTES)
			return err_set(err, ERR_TOO_LARGE,
			    "%s: too many bytes, expected at most %u", path,
			    CONF_MAX_BYTES);
	}
	return 0;
}

int
conf_file_read(const char *path, struct str *out, struct err *err)
{
	if (slice_is(slice_str(path), "-"))
		return read_all(STDIN_FILENO, "standard input", out, err);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "%s: no such file", path);
	if (fd < 0)
		return err_errno(err, "%s", path);
	int result = read_all(fd, path, out, err);

	close(fd);
	return result;
}

void
conf_stream_init(struct conf_stream *s, struct slice text, const char *file,
    enum conf_format format)
{
	*s = (struct conf_stream){ .format = format, .src = { .file = file,
	    .text = conf_source_skip_bom(text), .line = 1 } };
}

static bool
is_marker(struct slice line, const char *marker)
{
	return slice_has_prefix(line, slice_str(marker)) &&
	    (line.len == 3 || strchr(" \t\r", line.ptr[3]) != NULL);
}

static bool
is_comment_or_directive(struct slice line)
{
	struct slice text = slice_trim(line);

	return text.len == 0 || text.ptr[0] == '#' || text.ptr[0] == '\r' ||
	    line.ptr[0] == '%';
}

/*
 * Cuts the next document off the text that is left: up to the "---" that
 * begins another one, or past "...".  False when nothing is left.  A part of
 * comments and directives only comes out with *blank set.
 */
static bool
cut_document(struct conf_source *src, struct conf_source *part, bool *blank)
{
	struct slice rest = src->text, line;
	const char *end = NULL;
	unsigned lines = 0;

	*part = *src;
	*blank = true;
	if (rest.len == 0)
		return false;
	while (end == NULL && rest.len > 0) {
		const char *start = rest.ptr;

		slice_cut(&rest, '\n', &line);
		if (is_marker(line, "---") && lines > 0) {
			end = start;
			rest = slice_of(start, src->text.len -
			    (size_t)(start - src->text.ptr));
			break;
		}
		lines++;
		if (is_marker(line, "..."))
			end = start;
		else if (!is_comment_or_directive(line))
			*blank = false;
	}
	if (end == NULL)
		end = src->text.ptr + src->text.len;
	part->text = slice_of(src->text.ptr, (size_t)(end - src->text.ptr));
	src->text = rest;
	src->line += lines;
	return true;
}

int
conf_stream_next(struct conf_stream *s, struct arena *arena,
    struct conf_node **root, struct err *err)
{
	struct conf_source part;
	bool blank;

	*root = NULL;
	if (s->format == CONF_JSON) {
		struct slice text = s->src.text;

		if (text.ptr == NULL)
			return 0;
		s->src.text = SLICE_NONE;
		*root = conf_json_read(arena, text, s->src.file, err);
		return *root == NULL ? -1 : 1;
	}
	if (!s->checked && conf_source_check(&s->src, err) < 0) {
		s->src.text = SLICE_NONE;
		return -1;
	}
	s->checked = true;
	while (cut_document(&s->src, &part, &blank)) {
		if (blank)
			continue;
		*root = conf_yaml_read_part(arena, &part, err);
		s->src.nodes = part.nodes;
		if (*root == NULL) {
			if (part.nodes == CONF_MAX_NODES)
				s->src.text = SLICE_NONE;
			return -1;
		}
		if ((*root)->kind != CONF_NULL)
			return 1;
	}
	*root = NULL;
	return 0;
}
