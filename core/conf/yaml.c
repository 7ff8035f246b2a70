#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/check.h"
#include "base/map.h"
#include "base/mem.h"
#include "conf/scalar.h"
#include "conf/yaml.h"

struct reader {
	yaml_parser_t       parser;
	struct conf_source *src;
	struct arena       *arena;
	struct map          anchors;	/* name to a finished node */
	struct err         *err;
};

static unsigned
line_of(const struct reader *r, yaml_mark_t mark)
{
	return r->src->line + (unsigned)mark.line;
}

static unsigned
column_of(yaml_mark_t mark)
{
	return (unsigned)mark.column + 1;
}

static int
fail_at(struct reader *r, yaml_mark_t mark, const char *what)
{
	return conf_source_error(r->src, line_of(r, mark), column_of(mark), r->err,
	    "%s", what);
}

/* The line that holds the mark, without its line end. */
static struct slice
text_of_line(const struct reader *r, yaml_mark_t mark)
{
	struct slice rest = r->src->text, line = SLICE_NONE;

	for (size_t i = 0; i <= mark.line; i++)
		if (!slice_cut(&rest, '\n', &line))
			return SLICE("");
	return line;
}

static bool
has_tab_indent(struct slice line)
{
	for (size_t i = 0; i < line.len; i++) {
		if (line.ptr[i] == '\t')
			return true;
		if (line.ptr[i] != ' ')
			return false;
	}
	return false;
}

static int
fail_syntax(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	struct slice line = text_of_line(r, p->problem_mark);
	yaml_mark_t mark = p->problem_mark;

	if (p->error == YAML_MEMORY_ERROR)
		check(!"memory for libyaml");
	if (p->error == YAML_READER_ERROR) {
		unsigned at_line, column;

		conf_source_place(r->src, p->problem_offset, &at_line, &column);
		return conf_source_error(r->src, at_line, column, r->err,
		    "invalid YAML: %s", p->problem);
	}
	if (p->error == YAML_SCANNER_ERROR && has_tab_indent(line)) {
		mark.column = (size_t)slice_find(line, '\t');
		return fail_at(r, mark,
		    "a tab in the indentation, expected spaces");
	}
	if (p->context == NULL)
		return conf_source_error(r->src, line_of(r, mark),
		    column_of(mark), r->err, "invalid YAML: %s", p->problem);
	return conf_source_error(r->src, line_of(r, mark), column_of(mark),
	    r->err, "invalid YAML: %s %s that begins in line %u", p->problem,
	    p->context, line_of(r, p->context_mark));
}

static int
next_event(struct reader *r, yaml_event_t *event)
{
	if (yaml_parser_parse(&r->parser, event))
		return 0;
	return fail_syntax(r);
}

static struct conf_node *read_node(struct reader *, const yaml_event_t *,
    unsigned depth);

static struct slice
bytes_of(const yaml_event_t *event)
{
	return slice_of(event->data.scalar.value, event->data.scalar.length);
}

/* Escapes can make what the text itself may not hold. */
static int
check_scalar(struct reader *r, const yaml_event_t *event)
{
	if (event->type != YAML_SCALAR_EVENT || slice_find(bytes_of(event), '\0') < 0)
		return 0;
	return fail_at(r, event->start_mark, "\\0 in a string, expected no NUL");
}

static int
check_key(struct reader *r, const yaml_event_t *event)
{
	bool plain = event->type == YAML_SCALAR_EVENT &&
	    event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

	if (event->type != YAML_SCALAR_EVENT)
		return fail_at(r, event->start_mark,
		    "a key that is a list, a map or an alias, expected a word");
	if (event->data.scalar.tag != NULL)
		return fail_at(r, event->start_mark, "a tag, expected none");
	if (plain && slice_is(bytes_of(event), "<<"))
		return fail_at(r, event->start_mark,
		    "a merge key (<<), expected the fields written out");
	return check_scalar(r, event);
}

static int
by_key(const void *a, const void *b)
{
	const struct conf_entry *const *left = a, *const *right = b;
	int c = slice_cmp((*left)->key, (*right)->key);

	if (c != 0)
		return c;
	if ((*left)->line != (*right)->line)
		return (*left)->line < (*right)->line ? -1 : 1;
	return (*left)->column < (*right)->column ? -1 : 1;
}

static int
check_duplicates(struct reader *r, const struct conf_node *map)
{
	size_t n = conf_len(map), i = 0;
	int result = 0;

	if (n < 2)
		return 0;
	const struct conf_entry **sorted = mem_zalloc_array(n, sizeof(*sorted));

	CONF_FOREACH(e, map)
		sorted[i++] = e;
	qsort(sorted, n, sizeof(*sorted), by_key);
	for (i = 1; i < n && result == 0; i++)
		if (slice_eq(sorted[i - 1]->key, sorted[i]->key))
			result = conf_error_key(map, sorted[i], r->err,
			    "duplicate key \"%s\", it stands in line %u already",
			    sorted[i]->key.ptr, sorted[i - 1]->line);
	mem_free(sorted);
	return result;
}

static int
read_item(struct reader *r, struct conf_node *into, const yaml_event_t *key,
    const yaml_event_t *value, unsigned depth)
{
	struct slice name = key == NULL ? SLICE_NONE :
	    arena_dup(r->arena, bytes_of(key));
	struct conf_node *item = read_node(r, value, depth + 1);

	if (item == NULL)
		return -1;
	struct conf_entry *e = conf_append(into, name, item);

	if (key != NULL) {
		e->line = line_of(r, key->start_mark);
		e->column = column_of(key->start_mark);
	}
	return 0;
}

/* Reads items until the end of the list; 1 at the end. */
static int
read_list_item(struct reader *r, struct conf_node *list, unsigned depth)
{
	yaml_event_t event;

	if (next_event(r, &event) < 0)
		return -1;
	int result = event.type == YAML_SEQUENCE_END_EVENT ? 1 :
	    read_item(r, list, NULL, &event, depth);

	yaml_event_delete(&event);
	return result;
}

static int
read_map_item(struct reader *r, struct conf_node *map, unsigned depth)
{
	yaml_event_t key, value;

	if (next_event(r, &key) < 0)
		return -1;
	int result = key.type == YAML_MAPPING_END_EVENT ? 1 : check_key(r, &key);

	if (result == 0)
		result = next_event(r, &value);
	if (result == 0) {
		result = read_item(r, map, &key, &value, depth);
		yaml_event_delete(&value);
	}
	yaml_event_delete(&key);
	return result;
}

static void
measure(const struct conf_node *n, size_t *nodes, unsigned *depth)
{
	unsigned deepest = 0;

	CONF_FOREACH(e, n) {
		unsigned below;

		measure(e->node, nodes, &below);
		if (below > deepest)
			deepest = below;
	}
	(*nodes)++;
	*depth = deepest + 1;
}

static struct conf_node *
read_alias(struct reader *r, const yaml_event_t *event, unsigned depth)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct conf_node *target = map_get(&r->anchors, slice_str(name));
	unsigned line = line_of(r, event->start_mark), below;
	unsigned column = column_of(event->start_mark);
	size_t nodes = 0;

	if (target == NULL) {
		conf_source_error(r->src, line, column, r->err,
		    "alias *%s, expected an anchor &%s that ends before it",
		    name, name);
		return NULL;
	}
	measure(target, &nodes, &below);
	if (conf_source_count(r->src, nodes, line, column, r->err) < 0)
		return NULL;
	if (depth + below > CONF_MAX_DEPTH) {
		conf_source_deep(r->src, line, column, r->err);
		return NULL;
	}
	return conf_copy(r->arena, target);
}

static struct conf_node *
read_scalar(struct reader *r, const yaml_event_t *event)
{
	struct conf_node *n = conf_string_new(r->arena, bytes_of(event));

	n->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (n->plain)
		conf_scalar_resolve(n);
	return n;
}

static int
read_items(struct reader *r, struct conf_node *n, unsigned depth)
{
	int result;

	do
		result = n->kind == CONF_MAP ? read_map_item(r, n, depth) :
		    read_list_item(r, n, depth);
	while (result == 0);
	if (result < 0)
		return -1;
	return n->kind == CONF_MAP ? check_duplicates(r, n) : 0;
}

static const yaml_char_t *
tag_of(const yaml_event_t *event)
{
	return event->type == YAML_SCALAR_EVENT ? event->data.scalar.tag :
	    event->type == YAML_SEQUENCE_START_EVENT ?
	    event->data.sequence_start.tag : event->data.mapping_start.tag;
}

static const yaml_char_t *
anchor_of(const yaml_event_t *event)
{
	return event->type == YAML_SCALAR_EVENT ? event->data.scalar.anchor :
	    event->type == YAML_SEQUENCE_START_EVENT ?
	    event->data.sequence_start.anchor : event->data.mapping_start.anchor;
}

/* Does not recurse past CONF_MAX_DEPTH. */
static struct conf_node *
read_node(struct reader *r, const yaml_event_t *event, unsigned depth)
{
	unsigned line = line_of(r, event->start_mark);
	unsigned column = column_of(event->start_mark);
	struct conf_node *n;

	if (event->type == YAML_ALIAS_EVENT)
		return read_alias(r, event, depth);
	if (conf_source_count(r->src, 1, line, column, r->err) < 0)
		return NULL;
	if (tag_of(event) != NULL) {
		fail_at(r, event->start_mark, "a tag, expected none");
		return NULL;
	}
	if (check_scalar(r, event) < 0)
		return NULL;
	if (event->type == YAML_SCALAR_EVENT) {
		n = read_scalar(r, event);
	} else if (depth >= CONF_MAX_DEPTH) {
		conf_source_deep(r->src, line, column, r->err);
		return NULL;
	} else {
		n = event->type == YAML_MAPPING_START_EVENT ?
		    conf_map_new(r->arena) : conf_list_new(r->arena);
	}
	n->file = r->src->file;
	n->line = line;
	n->column = column;
	if (event->type != YAML_SCALAR_EVENT && read_items(r, n, depth) < 0)
		return NULL;
	if (anchor_of(event) != NULL)
		map_put(&r->anchors,
		    slice_str((const char *)anchor_of(event)), n);
	return n;
}

/* An empty text is an empty document: a null node. */
static struct conf_node *
read_document(struct reader *r)
{
	struct conf_node *root = NULL;
	bool done = false;

	while (!done) {
		yaml_event_t event;

		if (next_event(r, &event) < 0)
			return NULL;
		bool failed = false;

		switch (event.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		case YAML_DOCUMENT_START_EVENT:
			failed = root != NULL && fail_at(r, event.start_mark,
			    "a second document, expected one") < 0;
			break;
		case YAML_STREAM_END_EVENT:
			done = true;
			break;
		default:
			root = read_node(r, &event, 0);
			failed = root == NULL;
		}
		yaml_event_delete(&event);
		if (failed)
			return NULL;
	}
	return root == NULL ? conf_null_new(r->arena) : root;
}

struct conf_node *
conf_yaml_read_part(struct arena *arena, struct conf_source *src, struct err *err)
{
	struct reader r = { .src = src, .arena = arena, .err = err };

	check(yaml_parser_initialize(&r.parser));
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser,
	    (const unsigned char *)(src->text.len > 0 ? src->text.ptr : ""),
	    src->text.len);
	struct conf_node *root = read_document(&r);

	yaml_parser_delete(&r.parser);
	map_fini(&r.anchors, NULL);
	return root;
}

struct conf_node *
conf_yaml_read(struct arena *arena, struct slice text, const char *file,
    struct err *err)
{
	struct conf_source src = { .file = arena_strdup(arena, file),
	    .text = conf_source_skip_bom(text), .line = 1 };

	if (conf_source_check(&src, err) < 0)
		return NULL;
	return conf_yaml_read_part(arena, &src, err);
}

const char *
conf_yaml_version(void)
{
	return yaml_get_version_string();
}
