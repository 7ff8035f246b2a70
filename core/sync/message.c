#include <string.h>

#include "base/check.h"
#include "conf/json.h"
#include "sync/message.h"

/* --- the table --------------------------------------------------------- */

enum part_type {
	PART_NUMBER,	/* uint64_t */
	PART_BOOL,
	PART_TEXT,	/* struct slice */
	PART_NAMES,	/* names */
	PART_TREE,	/* document, document_json */
	PART_REPORT,	/* counters */
	PART_ROWS,	/* rows */
};

struct part {
	const char    *name;	/* NULL ends */
	enum part_type type;
	size_t         offset;	/* in struct sync_message */
	bool           optional;
};

#define PARTS_MAX	6
#define AT(member)	offsetof(struct sync_message, member)
#define REVISION	{ "revision", PART_NUMBER, AT(revision), false }
#define KEY		{ "key", PART_TEXT, AT(key), false }
#define ID		{ "id", PART_NUMBER, AT(id), false }
#define ROWS		{ "rows", PART_ROWS, AT(rows), false }
#define DIGEST		{ "digest", PART_TEXT, AT(digest), true }

static const struct shape {
	const char *name;
	struct part parts[PARTS_MAX];
} shapes[SYNC_TYPES] = {
	[SYNC_UNKNOWN] = { "unknown", { { 0 } } },
	[SYNC_HELLO] = { "hello", {
		{ "schema", PART_NUMBER, AT(schema), false },
		{ "version", PART_TEXT, AT(version), false },
		{ "workload", PART_TEXT, AT(workload), false },
		{ "since", PART_NUMBER, AT(since), false },
		{ "document", PART_TREE, AT(document), false },
	} },
	[SYNC_READY] = { "ready", {
		{ "ready", PART_BOOL, AT(ready), false },
	} },
	[SYNC_INTEREST] = { "interest", {
		{ "services", PART_NAMES, AT(names), false },
	} },
	[SYNC_ACK] = { "ack", { REVISION, DIGEST } },
	[SYNC_NACK] = { "nack", { KEY, REVISION,
		{ "error", PART_TEXT, AT(error), false },
	} },
	[SYNC_ALIVE] = { "alive", {
		{ "counters", PART_REPORT, AT(counters), true },
		{ "uptimeMs", PART_NUMBER, AT(uptime_ms), true },
		{ "wall", PART_NUMBER, AT(wall_s), true },
		{ "certUntil", PART_NUMBER, AT(cert_until_s), true },
	} },
	[SYNC_WITHDRAW] = { "withdraw", { { 0 } } },
	[SYNC_ANSWER] = { "answer", {
		ID, { "body", PART_TREE, AT(document), false },
	} },
	[SYNC_DEMAND] = { "demand", { ID,
		{ "seen", PART_NUMBER, AT(seen), true }, ROWS,
	} },
	[SYNC_LISTENING] = { "listening", {
		{ "addresses", PART_NAMES, AT(names), false },
	} },
	[SYNC_WORKLOAD] = { "workload", {
		{ "document", PART_TREE, AT(document), false },
	} },
	[SYNC_REVOKED] = { "revoked", {
		{ "generation", PART_NUMBER, AT(generation), false },
	} },
	[SYNC_REVOKE] = { "revoke", {
		{ "generation", PART_NUMBER, AT(generation), false },
		{ "list", PART_TEXT, AT(list), false },
	} },
	[SYNC_BUNDLE] = { "bundle", {
		{ "generation", PART_NUMBER, AT(generation), false },
		{ "pem", PART_TEXT, AT(pem), false },
		{ "jwks", PART_TEXT, AT(jwks), true },
	} },
	[SYNC_PUT] = { "put", { KEY, REVISION,
		{ "doc", PART_TREE, AT(document), false },
	} },
	[SYNC_DEL] = { "del", { KEY, REVISION } },
	[SYNC_NONE] = { "none", {
		{ "service", PART_TEXT, AT(service), false },
	} },
	[SYNC_COMMIT] = { "commit", { REVISION } },
	[SYNC_SYNCED] = { "synced", { REVISION, DIGEST } },
	[SYNC_RESET] = { "reset", { { 0 } } },
	[SYNC_BOOKMARK] = { "bookmark", { REVISION } },
	[SYNC_QUESTION] = { "question", {
		ID, { "what", PART_TEXT, AT(what), false },
	} },
	[SYNC_WITHDRAWN] = { "withdrawn", { REVISION } },
	[SYNC_LEASE] = { "lease", { ID, ROWS } },
	[SYNC_DISPLACED] = { "displaced", {
		{ "from", PART_TEXT, AT(from), false },
	} },
};

const char *
sync_type_name(enum sync_type type)
{
	check(type < SYNC_TYPES);
	return shapes[type].name;
}

static enum sync_type
type_named(const char *name)
{
	for (int t = SYNC_UNKNOWN + 1; t < SYNC_TYPES; t++)
		if (strcmp(shapes[t].name, name) == 0)
			return (enum sync_type)t;
	return SYNC_UNKNOWN;
}

/* --- writing ----------------------------------------------------------- */

static void
write_names(struct str *out, const struct slice *names, size_t len)
{
	str_add_char(out, '[');
	for (size_t i = 0; i < len; i++) {
		if (i > 0)
			str_add_char(out, ',');
		str_add_json(out, names[i]);
	}
	str_add_char(out, ']');
}

static void
write_tree(struct str *out, const struct sync_message *m)
{
	if (m->document_json.ptr != NULL) {
		str_add_slice(out, m->document_json);
		return;
	}
	check(m->document != NULL);
	conf_json_write(out, m->document);
}

static bool
is_missing(const struct part *p, const void *at)
{
	/* Only texts and numbers are optional. */
	if (p->type == PART_NUMBER)
		return p->optional && *(const uint64_t *)at == 0;
	return p->optional && ((const struct slice *)at)->ptr == NULL;
}

static void
write_part(struct str *out, const struct part *p, const struct sync_message *m)
{
	const void *at = (const char *)m + p->offset;

	if (is_missing(p, at))
		return;
	str_addf(out, ",\"%s\":", p->name);
	switch (p->type) {
	case PART_NUMBER:
		str_addf(out, "%llu",
		    (unsigned long long)*(const uint64_t *)at);
		break;
	case PART_BOOL:
		str_add(out, *(const bool *)at ? "true" : "false");
		break;
	case PART_TEXT:
		str_add_json(out, *(const struct slice *)at);
		break;
	case PART_NAMES:
		write_names(out, m->names, m->names_len);
		break;
	case PART_TREE:
		write_tree(out, m);
		break;
	case PART_REPORT:
		str_add(out, "{\"report\":");
		str_add_json(out, *(const struct slice *)at);
		str_add_char(out, '}');
		break;
	case PART_ROWS:
		sync_quota_write(out, m->rows, m->rows_len);
		break;
	}
}

int
sync_message_write(struct str *out, const struct sync_message *m,
    struct err *err)
{
	size_t start = out->len;

	check(m->type > SYNC_UNKNOWN && m->type < SYNC_TYPES);
	const struct shape *s = &shapes[m->type];

	str_addf(out, "{\"t\":\"%s\"", s->name);
	for (const struct part *p = s->parts; p->name != NULL; p++)
		write_part(out, p, m);
	str_add_char(out, '}');
	size_t len = out->len - start;

	if (len > SYNC_LINE_MAX) {
		out->len = start;
		out->ptr[start] = '\0';
		return err_set(err, ERR_TOO_LARGE,
		    "a \"%s\" of %zu bytes, at most %zu fit into a line",
		    s->name, len, SYNC_LINE_MAX);
	}
	str_add_char(out, '\n');
	return 0;
}

/* --- reading ----------------------------------------------------------- */

static int
read_names(struct sync_message *m, struct arena *a, const struct part *p,
    const struct conf_node *node, struct err *err)
{
	size_t len = conf_len(node), i = 0;

	if (len > SYNC_SERVICES_MAX)
		return err_set(err, ERR_DATA, "%zu %s, at most %d", len,
		    p->name, SYNC_SERVICES_MAX);
	struct slice *names = arena_alloc(a, len * sizeof(*names));

	m->names = names;
	m->names_len = len;
	CONF_FOREACH(e, node) {
		if (e->node->kind != CONF_STRING)
			return err_set(err, ERR_DATA,
			    "%s: expected names, found %s", p->name,
			    conf_kind_name(e->node->kind));
		names[i++] = e->node->text;
	}
	return 0;
}

static const enum conf_kind part_kinds[] = {
	[PART_NUMBER] = CONF_INT, [PART_BOOL] = CONF_BOOL,
	[PART_TEXT] = CONF_STRING, [PART_NAMES] = CONF_LIST,
	[PART_TREE] = CONF_MAP, [PART_REPORT] = CONF_MAP,
	[PART_ROWS] = CONF_LIST,
};

static int
read_value(struct sync_message *m, struct arena *a, const struct part *p,
    const struct conf_node *node, struct err *err)
{
	void *at = (char *)m + p->offset;

	switch (p->type) {
	case PART_NUMBER:
		if (node->integer < 0)
			return err_set(err, ERR_DATA,
			    "%s: a negative number", p->name);
		*(uint64_t *)at = (uint64_t)node->integer;
		break;
	case PART_BOOL:
		*(bool *)at = node->boolean;
		break;
	case PART_TEXT:
		*(struct slice *)at = node->text;
		break;
	case PART_NAMES:
		return read_names(m, a, p, node, err);
	case PART_TREE:
		m->document = node;
		break;
	case PART_REPORT:
		*(struct slice *)at =
		    slice_str(conf_get_string(node, "report"));
		break;
	case PART_ROWS:
		return sync_quota_read(a, node, &m->rows, &m->rows_len, err);
	}
	return 0;
}

static int
read_part(struct sync_message *m, struct arena *a, const struct part *p,
    const struct conf_node *root, struct err *err)
{
	const struct conf_node *node = conf_get(root, p->name);

	if (node == NULL || node->kind == CONF_NULL)
		return p->optional ? 0 : err_set(err, ERR_DATA,
		    "%s is missing", p->name);
	if (node->kind != part_kinds[p->type])
		return err_set(err, ERR_DATA, "%s: expected %s, found %s",
		    p->name, conf_kind_name(part_kinds[p->type]),
		    conf_kind_name(node->kind));
	return read_value(m, a, p, node, err);
}

int
sync_message_read(struct sync_message *m, struct arena *a, struct slice line,
    struct err *err)
{
	struct conf_node *root = conf_json_read(a, line, "session", err);

	*m = (struct sync_message){ .type = SYNC_UNKNOWN };
	if (root == NULL)
		return -1;
	const char *name = conf_get_string(root, "t");

	if (name == NULL)
		return err_set(err, ERR_DATA,
		    "expected an object with the type \"t\"");
	enum sync_type type = type_named(name);
	const struct part *p = shapes[type].parts;

	for (; p->name != NULL; p++)
		if (read_part(m, a, p, root, err) != 0)
			return err_wrap(err, "\"%s\"", shapes[type].name);
	m->type = type;
	return 0;
}

/* --- lines ------------------------------------------------------------- */

/* Offset of the first newline from `looked` on, or -1. */
static ptrdiff_t
find_newline(const struct buf *b, size_t looked)
{
	struct buf_seg *it = NULL;
	struct slice s;
	size_t at = 0;

	while (buf_next(b, &it, &s)) {
		if (at + s.len > looked) {
			size_t skip = looked > at ? looked - at : 0;
			ptrdiff_t i = slice_find(slice_from(s, skip), '\n');

			if (i >= 0)
				return (ptrdiff_t)(at + skip) + i;
		}
		at += s.len;
	}
	return -1;
}

int
sync_lines_next(struct sync_lines *l, struct buf *b, struct arena *a,
    struct slice *line, struct err *err)
{
	ptrdiff_t at = find_newline(b, l->looked);
	size_t len = at >= 0 ? (size_t)at : buf_len(b);

	if (len > SYNC_LINE_MAX)
		return err_set(err, ERR_TOO_LARGE,
		    "a line longer than %zu bytes", SYNC_LINE_MAX);
	if (at < 0) {
		l->looked = len;
		return 0;
	}
	char *text = arena_alloc(a, len + 1);

	buf_copy_out(b, text, len + 1);
	text[len] = '\0';
	buf_drain(b, len + 1);
	l->looked = 0;
	*line = slice_of(text, len);
	return 1;
}
