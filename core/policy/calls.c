#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "policy/calls.h"
#include "policy/shape.h"

#define ANY	"{*}"
#define ANY_PATH	"/{**}"
#define MARKS		64	/* a power of two */

/* The paths behind a row, as far as they are told apart. */
struct paths {
	unsigned n;		/* of which marks are remembered, or were united */
	bool     has_more;	/* and others, which may be among them */
	uint64_t marks[CALLS_PATHS_MAX];	/* 0: free */
};

struct row {
	uint64_t     count, first_ms, last_ms;
	struct paths paths;
	int          crowd;	/* the segment in which too many differed; 0: none */
	char        *examples[CALLS_EXAMPLES];	/* of a crowd; ours; NULL: none */
};

struct calls {
	struct map rows;	/* by "service port caller method path" */
	size_t     any_len;	/* of those, with any path */
	uint64_t   left_out;
	uint64_t   looks_ms;	/* since when looks were counted */
	unsigned   looks;
	struct {
		uint64_t    mark;	/* 0: free */
		struct row *row;
	} marks[MARKS];		/* what came lately, by the lowest bits */
};

struct calls *
calls_new(void)
{
	return mem_zalloc(sizeof(struct calls));
}

static void
row_free(void *arg)
{
	struct row *r = arg;

	for (size_t i = 0; r != NULL && i < CALLS_EXAMPLES; i++)
		mem_free(r->examples[i]);
	mem_free(r);
}

void
calls_free(struct calls *c)
{
	if (c == NULL)
		return;
	map_fini(&c->rows, row_free);
	mem_free(c);
}

static void
add_word(char *key, size_t *len, struct slice word)
{
	if (word.len > 0)
		memcpy(key + *len, word.ptr, word.len);
	*len += word.len;
	key[(*len)++] = ' ';
}

/*
 * Everything but the path, with a space behind; 0: it is too long.  By hand, as each
 * request pays for it.
 */
static size_t
key_begin(char key[CALLS_KEY_MAX], const struct call *k)
{
	const struct slice method = k->is_http ? k->method : SLICE("");
	char digits[5];
	size_t len = 0, n = sizeof(digits);

	if (k->service.len + k->caller.len + method.len + sizeof(digits) + 4 +
	    SHAPE_MAX > CALLS_KEY_MAX)
		return 0;
	add_word(key, &len, k->service);
	for (unsigned port = k->port; n == sizeof(digits) || port > 0; port /= 10)
		digits[--n] = (char)('0' + port % 10);
	add_word(key, &len, slice_of(digits + n, sizeof(digits) - n));
	add_word(key, &len, k->caller);
	add_word(key, &len, method);
	return len;
}

static void
add_mark(struct paths *p, uint64_t mark)
{
	for (size_t i = 0; i < CALLS_PATHS_MAX; i++) {
		if (p->marks[i] == mark)
			return;
		if (p->marks[i] != 0 || p->n > i)
			continue;
		p->marks[i] = mark;
		p->n++;
		return;
	}
	p->has_more = true;
}

static void
add_paths(struct paths *to, const struct paths *from)
{
	if (from->n > to->n && from->n > CALLS_PATHS_MAX) {
		to->has_more = true;
		to->n = from->n;
	}
	for (size_t i = 0; i < CALLS_PATHS_MAX; i++)
		if (from->marks[i] != 0)
			add_mark(to, from->marks[i]);
	to->has_more |= from->has_more;
}

static void
count_time(struct row *r, const struct row *more)
{
	r->count += more->count;
	if (r->first_ms > more->first_ms)
		r->first_ms = more->first_ms;
	if (r->last_ms < more->last_ms)
		r->last_ms = more->last_ms;
}

static void
count(struct row *r, const struct row *more)
{
	count_time(r, more);
	add_paths(&r->paths, &more->paths);
}

static struct row *
row_copy(const struct row *from)
{
	struct row *r = mem_alloc(sizeof(*r));

	*r = *from;
	for (size_t i = 0; i < CALLS_EXAMPLES; i++)
		if (from->examples[i] != NULL)
			r->examples[i] = mem_strdup(from->examples[i]);
	return r;
}

static struct row *
put(struct calls *c, struct slice key, const struct row *first)
{
	struct row *r = row_copy(first);

	map_put(&c->rows, key, r);
	return r;
}

/* --- rows that are alike --------------------------------------------------------- */

/* The one segment in which two paths differ, from 0; -1: none, or others too. */
static int
difference(struct slice a, struct slice b)
{
	struct slice x, y;
	int at = -1;

	for (int i = 0; a.ptr != NULL && b.ptr != NULL; i++) {
		slice_cut(&a, '/', &x);
		slice_cut(&b, '/', &y);
		if (slice_eq(x, y))
			continue;
		if (at >= 0)
			return -1;
		at = i;
	}
	return a.ptr == NULL && b.ptr == NULL ? at : -1;
}

/* The path with {*} for that segment; false: there is no room, or no segment. */
static bool
generalise(struct slice path, int segment, char out[SHAPE_MAX])
{
	struct slice rest = path, part;
	size_t len = 0;

	for (int i = 0; rest.ptr != NULL; i++) {
		slice_cut(&rest, '/', &part);
		if (i == segment)
			part = SLICE(ANY);
		if (len + part.len + 2 > SHAPE_MAX)
			return false;
		if (i > 0)
			out[len++] = '/';
		if (part.len > 0)
			memcpy(out + len, part.ptr, part.len);
		len += part.len;
	}
	out[len] = '\0';
	return true;
}

/* A row that was made of ones like this, because there were so many. */
static struct row *
find_general(const struct calls *c, char key[CALLS_KEY_MAX], size_t begin,
    struct slice path)
{
	char wide[SHAPE_MAX];
	size_t slashes = 0;

	for (size_t i = 0; i < path.len; i++)
		slashes += path.ptr[i] == '/';
	for (size_t i = 1; i <= slashes; i++) {
		struct row *r;

		if (!generalise(path, (int)i, wide))
			continue;
		memcpy(key + begin, wide, strlen(wide) + 1);
		r = map_get(&c->rows, slice_str(key));
		if (r != NULL && r->crowd == (int)i)
			return r;
	}
	return NULL;
}

/* The path of a row of these, if it may have company; "/{**}" has none. */
static bool
is_of(struct slice key, struct slice begin, struct slice *path)
{
	if (!slice_has_prefix(key, begin))
		return false;
	*path = slice_from(key, begin.len);
	return !slice_is(*path, ANY_PATH);
}

/* The segment in which too many rows differ from this; -1: there is none. */
static int
crowded(const struct calls *c, struct slice begin, struct slice path)
{
	unsigned alike[SHAPE_SEGMENTS + 2] = { 0 };
	struct slice key, other;
	size_t it = 0;

	while (map_next(&c->rows, &it, &key, NULL)) {
		int at = is_of(key, begin, &other) ? difference(other, path) : -1;

		if (at > 0 && at < SHAPE_SEGMENTS + 2 &&
		    ++alike[at] >= CALLS_ALIKE)
			return at;
	}
	return -1;
}

static bool
has_company(const struct calls *c, struct slice begin, struct slice path, int at)
{
	struct slice key, other;
	size_t it = 0;

	while (map_next(&c->rows, &it, &key, NULL))
		if (is_of(key, begin, &other) && (slice_eq(other, path) ||
		    difference(other, path) == at))
			return true;
	return false;
}

static void
add_example(struct row *to, struct slice path)
{
	for (size_t i = 0; i < CALLS_EXAMPLES; i++) {
		if (to->examples[i] != NULL)
			continue;
		to->examples[i] = mem_dup(path.ptr, path.len);
		return;
	}
}

/* What it knows goes to the other, and it ends. */
static void
absorb(struct row *to, struct row *gone, struct slice path)
{
	count_time(to, gone);
	to->paths.n += gone->paths.n;
	to->paths.has_more |= gone->paths.has_more;
	for (size_t i = 0; i < CALLS_EXAMPLES; i++)
		if (gone->examples[i] != NULL)
			add_example(to, slice_str(gone->examples[i]));
	if (slice_find(path, '*') < 0)
		add_example(to, path);
	row_free(gone);
}

/* They become one, which the new one is added to. */
static struct row *
unite(struct calls *c, struct slice begin, struct slice path, int at,
    const struct row *first)
{
	char key[CALLS_KEY_MAX], wide[SHAPE_MAX];
	struct row *all;
	struct slice old, other;
	size_t it = 0;
	void *value;

	if (!generalise(path, at, wide))
		return NULL;
	memcpy(key, begin.ptr, begin.len);
	memcpy(key + begin.len, wide, strlen(wide) + 1);
	all = row_copy(first);
	if (slice_find(path, '*') < 0)
		add_example(all, path);
	all->crowd = at;
	memset(c->marks, 0, sizeof(c->marks));
	while (map_next(&c->rows, &it, &old, &value))
		if (is_of(old, begin, &other) && (difference(other, path) == at ||
		    slice_eq(other, path))) {
			absorb(all, value, other);
			map_del(&c->rows, old);
		}
	map_put(&c->rows, slice_str(key), all);
	return all;
}

/* --- noting ----------------------------------------------------------------------- */

static bool
may_look(struct calls *c, uint64_t now_ms)
{
	if (c->looks_ms == 0 || now_ms - c->looks_ms >= 1000) {
		c->looks_ms = now_ms;
		c->looks = 0;
	}
	return c->looks++ < CALLS_LOOKS_MAX;
}

static struct row *
note_any(struct calls *c, char key[CALLS_KEY_MAX], size_t begin,
    const struct row *first)
{
	struct row *r;

	memcpy(key + begin, ANY_PATH, sizeof(ANY_PATH));
	r = map_get(&c->rows, slice_str(key));
	if (r != NULL) {
		count(r, first);
	} else if (c->any_len < CALLS_ANY_MAX) {
		c->any_len++;
		r = put(c, slice_str(key), first);
	} else {
		c->left_out += first->count;
	}
	return r;
}

/* One that is not there as it is. */
static struct row *
note_new(struct calls *c, char key[CALLS_KEY_MAX], size_t begin,
    struct slice path, const struct row *first, uint64_t now_ms)
{
	const struct slice head = slice_of(key, begin);
	bool is_full;
	int at;

	if (!may_look(c, now_ms)) {
		c->left_out += first->count;
		return NULL;
	}
	is_full = c->rows.len - c->any_len >= CALLS_MAX;
	at = first->crowd > 0 ? first->crowd : crowded(c, head, path);
	if (at > 0 && (!is_full || has_company(c, head, path, at)))
		return unite(c, head, path, at, first);
	if (is_full)
		return note_any(c, key, begin, first);
	memcpy(key + begin, path.ptr, path.len);
	key[begin + path.len] = '\0';
	return put(c, slice_str(key), first);
}

/* The row that it is counted in; NULL: it is left out. */
static struct row *
note(struct calls *c, const struct call *k, struct slice path,
    const struct row *more, uint64_t now_ms)
{
	char key[CALLS_KEY_MAX];
	size_t begin = key_begin(key, k);
	struct row *r;

	if (begin == 0) {
		c->left_out += more->count;
		return NULL;
	}
	memcpy(key + begin, path.ptr, path.len);
	key[begin + path.len] = '\0';
	r = map_get(&c->rows, slice_str(key));
	if (more->crowd > 0 && (r == NULL || r->crowd == 0))
		return note_new(c, key, begin, path, more, now_ms);
	if (r == NULL && path.len > 0)
		r = find_general(c, key, begin, path);
	if (r == NULL)
		return note_new(c, key, begin, path, more, now_ms);
	count(r, more);
	return r;
}

void
calls_note(struct calls *c, const struct call *k, uint64_t mark, uint64_t now_ms)
{
	struct row one = { .count = 1, .first_ms = now_ms, .last_ms = now_ms };
	char path[SHAPE_MAX] = "";
	struct row *r;

	if (slice_find(k->method, '*') >= 0) {
		c->left_out++;
		return;
	}
	if (k->is_http) {
		shape_of_path(k->path, k->is_grpc, path);
		add_mark(&one.paths, slice_hash(k->path) | 1);
	}
	r = note(c, k, slice_str(path), &one, now_ms);
	if (r != NULL && mark != 0) {
		c->marks[mark % MARKS].mark = mark;
		c->marks[mark % MARKS].row = r;
	}
}

bool
calls_again(struct calls *c, uint64_t mark, uint64_t now_ms)
{
	const struct row one = { .count = 1, .first_ms = now_ms,
		.last_ms = now_ms };

	if (mark == 0 || c->marks[mark % MARKS].mark != mark)
		return false;
	count_time(c->marks[mark % MARKS].row, &one);
	return true;
}

/* --- reading ------------------------------------------------------------------------ */

static void
read_row(struct slice key, const struct row *r, struct calls_row *out)
{
	struct slice rest = key, port;
	uint64_t number = 0;

	*out = (struct calls_row){ .count = r->count, .first_ms = r->first_ms,
		.last_ms = r->last_ms, .paths = r->paths.n,
		.has_more = r->paths.has_more };
	for (size_t i = 0; i < CALLS_EXAMPLES; i++)
		out->examples[i] = slice_str(r->examples[i]);
	slice_cut(&rest, ' ', &out->of.service);
	slice_cut(&rest, ' ', &port);
	slice_cut(&rest, ' ', &out->of.caller);
	slice_cut(&rest, ' ', &out->of.method);
	out->of.path = rest;
	slice_u64(port, &number);
	out->of.port = (uint16_t)number;
	out->of.is_http = out->of.method.len > 0;
}

void
calls_each(const struct calls *c, void (*fn)(void *, const struct calls_row *),
    void *arg)
{
	struct calls_row row;
	struct slice key;
	size_t it = 0;
	void *value;

	while (map_next(&c->rows, &it, &key, &value)) {
		read_row(key, value, &row);
		fn(arg, &row);
	}
}

void
calls_merge(struct calls *to, const struct calls *from)
{
	struct calls_row row;
	struct slice key;
	size_t it = 0;
	void *value;

	while (map_next(&from->rows, &it, &key, &value)) {
		read_row(key, value, &row);
		to->looks_ms = 0;	/* it is bounded, whatever it costs */
		note(to, &row.of, row.of.path, value, row.last_ms);
	}
	to->left_out += from->left_out;
}

uint64_t
calls_left_out(const struct calls *c)
{
	return c->left_out;
}
