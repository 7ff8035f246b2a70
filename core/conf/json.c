#include <jansson.h>
#include <string.h>

#include "conf/json.h"
#include "conf/source.h"

/*
 * Bounds depth and number of values before jansson allocates for them.  It
 * need not understand the text: on valid JSON the counts are exact, and
 * invalid JSON is refused afterwards.
 */
static int
scan_limits(struct conf_source *src, struct err *err)
{
	size_t depth = 0, values = 1;
	bool in_string = false;
	char last = '\0';	/* the last character that was not space */

	for (size_t i = 0; i < src->text.len; i++) {
		char c = src->text.ptr[i];
		bool over = false;

		if (in_string) {
			i += c == '\\';
			in_string = c != '"';
		} else if (c == '"') {
			in_string = true;
		} else if (c == '[' || c == '{') {
			over = ++depth > CONF_MAX_DEPTH;
			values++;
		} else if (c == ']' || c == '}') {
			depth -= depth > 0;
			values -= last == '[' || last == '{';
		} else if (c == ',') {
			values++;
		}
		if (over || values > CONF_MAX_NODES + 1) {
			unsigned line, column;

			conf_source_place(src, i, &line, &column);
			return over ? conf_source_deep(src, line, column, err) :
			    conf_source_count(src, values, line, column, err);
		}
		if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
			last = c;
	}
	return conf_source_count(src, values, src->line, 1, err);
}

/* The cursor of the second walk, over text that jansson found valid. */
struct cursor {
	const struct conf_source *src;
	struct arena             *arena;
	size_t                    at;
	unsigned                  line, column;
};

static void
step(struct cursor *c)
{
	unsigned char byte = (unsigned char)c->src->text.ptr[c->at++];

	if (byte == '\n') {
		c->line++;
		c->column = 1;
	} else if ((byte & 0xc0) != 0x80) {
		c->column++;
	}
}

static bool
is_any(const struct cursor *c, const char *set)
{
	char byte = c->src->text.ptr[c->at];

	return c->at < c->src->text.len && strchr(set, byte) != NULL;
}

static void
skip_between(struct cursor *c)
{
	while (is_any(c, " \t\r\n,:"))
		step(c);
}

static void
skip_string(struct cursor *c)
{
	step(c);
	while (!is_any(c, "\"")) {
		if (is_any(c, "\\"))
			step(c);
		step(c);
	}
	step(c);
}

/* A number or a word; gives its text. */
static struct slice
skip_word(struct cursor *c)
{
	size_t from = c->at;

	while (c->at < c->src->text.len && !is_any(c, " \t\r\n,:]}"))
		step(c);
	return slice_of(c->src->text.ptr + from, c->at - from);
}

static struct conf_node *node_from(struct cursor *, const json_t *);

static void
fill_object(struct cursor *c, struct conf_node *map, const json_t *value)
{
	/* jansson's iterators take no const, but these only read. */
	union { const json_t *in; json_t *out; } object = { value };
	const char *key;
	json_t *item;

	json_object_foreach(object.out, key, item) {
		skip_between(c);
		unsigned line = c->line, column = c->column;

		skip_string(c);
		struct conf_entry *e = conf_append(map,
		    arena_dup(c->arena, slice_str(key)), node_from(c, item));

		e->line = line;
		e->column = column;
	}
}

static struct conf_node *
node_from(struct cursor *c, const json_t *value)
{
	struct conf_node *n;

	skip_between(c);
	unsigned line = c->line, column = c->column;

	if (json_is_string(value)) {
		n = conf_string_new(c->arena, slice_of(json_string_value(value),
		    json_string_length(value)));
		skip_string(c);
	} else if (json_is_object(value) || json_is_array(value)) {
		n = json_is_object(value) ? conf_map_new(c->arena) :
		    conf_list_new(c->arena);
		step(c);
		if (json_is_object(value))
			fill_object(c, n, value);
		else
			for (size_t i = 0; i < json_array_size(value); i++)
				conf_add(n, node_from(c, json_array_get(value, i)));
		skip_between(c);
		step(c);
	} else {
		n = json_is_integer(value) ?
		    conf_int_new(c->arena, json_integer_value(value)) :
		    json_is_real(value) ?
		    conf_float_new(c->arena, json_real_value(value)) :
		    json_is_boolean(value) ?
		    conf_bool_new(c->arena, json_is_true(value)) :
		    conf_null_new(c->arena);
		n->text = arena_dup(c->arena, skip_word(c));
	}
	n->file = c->src->file;
	n->line = line;
	n->column = column;
	return n;
}

/* Where the key begins whose closing quote stands before end. */
static size_t
key_start(struct slice text, size_t end)
{
	size_t at = end - 1;

	while (at > 0) {
		size_t slashes = 0;

		if (text.ptr[--at] != '"')
			continue;
		while (slashes < at && text.ptr[at - slashes - 1] == '\\')
			slashes++;
		if (slashes % 2 == 0)
			break;
	}
	return at;
}

static void
explain(const struct conf_source *src, const json_error_t *why, struct err *err)
{
	size_t end = why->position > 0 ? (size_t)why->position : 0;
	unsigned line, column;

	if (end > src->text.len)
		end = src->text.len;
	if (json_error_code(why) == json_error_duplicate_key && end > 1) {
		size_t from = key_start(src->text, end);

		conf_source_place(src, from, &line, &column);
		conf_source_error(src, line, column, err, "duplicate key %.*s",
		    (int)(end - from > 200 ? 200 : end - from),
		    src->text.ptr + from);
		return;
	}
	conf_source_place(src, end > 0 ? end - 1 : 0, &line, &column);
	if (json_error_code(why) == json_error_null_character ||
	    json_error_code(why) == json_error_null_byte_in_key)
		conf_source_error(src, line, column, err,
		    "\\u0000 in a string, expected no NUL");
	else
		conf_source_error(src, line, column, err, "invalid JSON: %s",
		    why->text);
}

struct conf_node *
conf_json_read(struct arena *arena, struct slice text, const char *file,
    struct err *err)
{
	struct conf_source src = { .file = arena_strdup(arena, file),
	    .text = conf_source_skip_bom(text), .line = 1 };
	json_error_t why;

	if (conf_source_check(&src, err) < 0 || scan_limits(&src, err) < 0)
		return NULL;
	json_t *value = json_loadb(src.text.len > 0 ? src.text.ptr : "",
	    src.text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);

	if (value == NULL) {
		explain(&src, &why, err);
		return NULL;
	}
	struct cursor c = { .src = &src, .arena = arena, .line = 1, .column = 1 };
	struct conf_node *n = node_from(&c, value);

	json_decref(value);
	return n;
}

static void
newline(struct str *out, int indent)
{
	if (indent < 0)
		return;
	str_add_char(out, '\n');
	for (int i = 0; i < indent; i++)
		str_add(out, "  ");
}

/* indent < 0: all in one line. */
static void
write_node(struct str *out, const struct conf_node *n, int indent)
{
	int inner = indent < 0 ? -1 : indent + 1;
	char text[CONF_FLOAT_TEXT];

	switch (n->kind) {
	case CONF_NULL:
		str_add(out, "null");
		return;
	case CONF_BOOL:
		str_add(out, n->boolean ? "true" : "false");
		return;
	case CONF_INT:
		str_addf(out, "%lld", (long long)n->integer);
		return;
	case CONF_FLOAT:
		conf_float_text(text, n->number);
		str_add(out, text);
		return;
	case CONF_STRING:
		str_add_json(out, n->text);
		return;
	case CONF_LIST:
	case CONF_MAP:
		break;
	}
	str_add_char(out, n->kind == CONF_MAP ? '{' : '[');
	CONF_FOREACH(e, n) {
		newline(out, inner);
		if (n->kind == CONF_MAP) {
			str_add_json(out, e->key);
			str_add(out, indent < 0 ? ":" : ": ");
		}
		write_node(out, e->node, inner);
		if (e->next != NULL)
			str_add_char(out, ',');
	}
	if (conf_len(n) > 0)
		newline(out, indent);
	str_add_char(out, n->kind == CONF_MAP ? '}' : ']');
}

void
conf_json_write(struct str *out, const struct conf_node *n)
{
	write_node(out, n, -1);
}

void
conf_json_write_pretty(struct str *out, const struct conf_node *n)
{
	write_node(out, n, 0);
	str_add_char(out, '\n');
}

const char *
conf_json_version(void)
{
	return jansson_version_str();
}
