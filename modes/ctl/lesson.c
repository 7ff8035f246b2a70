#include <stdlib.h>
#include <string.h>

#include "conf/node.h"
#include "model/authorization_policy.h"
#include "modes/ctl/lesson.h"

#define ANY_PATH	"/{**}"

void
lesson_init(struct lesson *l, struct arena *a, const char *namespace,
    const char *service)
{
	*l = (struct lesson){ .arena = a, .namespace = namespace,
		.service = service };
}

static bool
is_same(const struct lesson_row *a, const struct lesson_row *b)
{
	return a->port == b->port && strcmp(a->caller, b->caller) == 0 &&
	    strcmp(a->method, b->method) == 0 && strcmp(a->path, b->path) == 0;
}

/* Room for one more of that size. */
static void *
grow(struct arena *a, void *v, size_t len, size_t *cap, size_t size)
{
	void *grown;

	if (len < *cap)
		return v;
	*cap = 2 * *cap + 16;
	grown = arena_alloc(a, *cap * size);
	if (len > 0)
		memcpy(grown, v, len * size);
	return grown;
}

/* Two sidecars may have seen the same ones, or others. */
static void
add_paths(struct lesson_row *to, const struct lesson_row *from)
{
	to->has_more_paths = true;
	if (to->paths < from->paths)
		to->paths = from->paths;
	if (to->examples[0] == NULL)
		memcpy(to->examples, from->examples, sizeof(to->examples));
}

void
lesson_add(struct lesson *l, const struct lesson_row *r)
{
	for (size_t i = 0; i < l->len; i++) {
		struct lesson_row *old = &l->v[i];

		if (!is_same(old, r))
			continue;
		old->count += r->count;
		if (old->seconds_ago > r->seconds_ago)
			old->seconds_ago = r->seconds_ago;
		add_paths(old, r);
		return;
	}
	l->v = grow(l->arena, l->v, l->len, &l->cap, sizeof(*l->v));
	l->v[l->len++] = *r;
}

static bool
has_text(const char *const *v, size_t len, const char *text)
{
	for (size_t i = 0; i < len; i++)
		if (strcmp(v[i], text) == 0)
			return true;
	return false;
}

void
lesson_know(struct lesson *l, const char *caller)
{
	if (has_text(l->known, l->known_len, caller))
		return;
	l->known = grow(l->arena, l->known, l->known_len, &l->known_cap,
	    sizeof(*l->known));
	l->known[l->known_len++] = caller;
}

void
lesson_add_coarse(struct lesson *l, const char *caller)
{
	for (size_t i = 0; i < l->len; i++)
		if (strcmp(l->v[i].caller, caller) == 0)
			return;
	if (has_text(l->known, l->known_len, caller) ||
	    has_text(l->coarse, l->coarse_len, caller))
		return;
	l->coarse = grow(l->arena, l->coarse, l->coarse_len, &l->coarse_cap,
	    sizeof(*l->coarse));
	l->coarse[l->coarse_len++] = caller;
}

/* --- what is general ------------------------------------------------------------- */

/* What has no path ("OPTIONS *") can be allowed with any alone. */
static bool
is_any_path(const struct lesson_row *r)
{
	return r->method[0] != '\0' && (r->path[0] == '\0' ||
	    strcmp(r->path, ANY_PATH) == 0);
}

bool
lesson_is_general(const struct lesson_row *r)
{
	return is_any_path(r) || strstr(r->path, "{*}") != NULL ||
	    strstr(r->path, "{**}") != NULL;
}

const char *
lesson_general(const struct lesson *l, size_t *n)
{
	const char *first = NULL;

	*n = 0;
	for (size_t i = 0; i < l->len; i++) {
		const struct lesson_row *r = &l->v[i];

		if (r->caller[0] == '\0' || !lesson_is_general(r))
			continue;
		if (first == NULL)
			first = r->path[0] == '\0' ? ANY_PATH : r->path;
		++*n;
	}
	return first;
}

void
lesson_narrow(struct lesson *l)
{
	size_t kept = 0;

	l->left = arena_alloc(l->arena, (l->len + 1) * sizeof(*l->left));
	for (size_t i = 0; i < l->len; i++)
		if (l->v[i].caller[0] != '\0' && lesson_is_general(&l->v[i]))
			l->left[l->left_len++] = l->v[i];
		else
			l->v[kept++] = l->v[i];
	l->len = kept;
	l->left_coarse = l->coarse;
	l->left_coarse_len = l->coarse_len;
	l->coarse_len = 0;
}

static int
by_place(const void *a, const void *b)
{
	const struct lesson_row *x = a, *y = b;
	int c = strcmp(x->caller, y->caller);

	if (c == 0)
		c = (x->port > y->port) - (x->port < y->port);
	if (c == 0)
		c = strcmp(x->method, y->method);
	return c != 0 ? c : strcmp(x->path, y->path);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void
lesson_sort(struct lesson *l)
{
	if (l->len > 0)
		qsort(l->v, l->len, sizeof(*l->v), by_place);
	if (l->left_len > 0)
		qsort(l->left, l->left_len, sizeof(*l->left), by_place);
	if (l->coarse_len > 0)
		qsort(l->coarse, l->coarse_len, sizeof(*l->coarse), by_text);
}

/* --- the document ------------------------------------------------------------- */

/* Rows from i on that are of one caller, and of one operation of it. */
static size_t
end_of(const struct lesson *l, size_t i, bool is_operation)
{
	size_t end = i + 1;

	while (end < l->len && strcmp(l->v[end].caller, l->v[i].caller) == 0 &&
	    (!is_operation || (l->v[end].port == l->v[i].port &&
	    strcmp(l->v[end].method, l->v[i].method) == 0)))
		end++;
	return end;
}

size_t
lesson_callers(const struct lesson *l)
{
	size_t n = l->coarse_len;

	for (size_t i = 0; i < l->len; i = end_of(l, i, false))
		n += l->v[i].caller[0] != '\0';
	return n;
}

/* What was seen with any path is allowed with any. */
static bool
is_any(const struct lesson *l, size_t i, size_t end)
{
	for (; i < end; i++)
		if (is_any_path(&l->v[i]))
			return true;
	return false;
}

static bool
has_same_paths(const struct lesson *l, size_t i, size_t k)
{
	size_t i_end = end_of(l, i, true), k_end = end_of(l, k, true);

	if (i_end - i != k_end - k || l->v[i].port != l->v[k].port)
		return false;
	for (size_t n = 0; n < i_end - i; n++)
		if (strcmp(l->v[i + n].path, l->v[k + n].path) != 0)
			return false;
	return true;
}

/* Methods with the same paths are one operation: that of the first. */
static bool
is_told_before(const struct lesson *l, size_t first, size_t i)
{
	for (size_t k = first; k < i; k = end_of(l, k, true))
		if (l->v[k].method[0] != '\0' && has_same_paths(l, k, i))
			return true;
	return false;
}

static void
add_note(struct lesson *l, const char *text)
{
	l->notes = grow(l->arena, l->notes, l->notes_len, &l->notes_cap,
	    sizeof(*l->notes));
	l->notes[l->notes_len++] = text;
}

/* Of the methods that stand together the first speaks for all. */
static void
note_path(struct lesson *l, const struct lesson_row *r)
{
	struct str text = { 0 };

	if (lesson_is_general(r)) {
		lesson_add_meaning(&text, r);
		add_note(l, arena_strdup(l->arena, str_ptr(&text)));
	} else {
		add_note(l, NULL);
	}
	str_fini(&text);
}

static void
add_paths_of(struct lesson *l, struct conf_node *operation, size_t i, size_t end)
{
	struct conf_node *list = conf_set_list(operation, "paths");

	for (; i < end; i++) {
		conf_add_string(list, l->v[i].path);
		note_path(l, &l->v[i]);
	}
}

static void
add_operation(struct lesson *l, struct conf_node *to, size_t i, size_t last)
{
	const struct lesson_row *r = &l->v[i];
	struct conf_node *operation, *list;
	size_t end = end_of(l, i, true);

	operation = conf_set_map(conf_add_map(to), "operation");
	add_note(l, r->method[0] != '\0' && is_any(l, i, end) ?
	    "any path: some had none, or were more than a sidecar keeps" :
	    NULL);
	if (r->method[0] != '\0') {
		list = conf_set_list(operation, "methods");
		for (size_t k = i; k < last; k = end_of(l, k, true))
			if (has_same_paths(l, i, k))
				conf_add_string(list, l->v[k].method);
		if (!is_any(l, i, end))
			add_paths_of(l, operation, i, end);
	}
	if (r->method[0] == '\0' || l->has_ports)
		conf_add_string(conf_set_list(operation, "ports"),
		    arena_printf(l->arena, "%u", r->port));
}

/* "ns/account" is of this mesh; an ID of another has a path. */
static void
add_source(struct conf_node *rule, const char *caller)
{
	struct conf_node *source = conf_set_map(conf_add_map(conf_set_list(rule,
	    "from")), "source");
	const char *slash = strchr(caller, '/');
	bool is_ours = slash != NULL && strchr(slash + 1, '/') == NULL;

	conf_add_string(conf_set_list(source, is_ours ? "serviceAccounts" :
	    "principals"), caller);
}

static void
add_rules(struct lesson *l, struct conf_node *rules)
{
	for (size_t i = 0, end; i < l->len; i = end) {
		struct conf_node *rule, *to;

		end = end_of(l, i, false);
		if (l->v[i].caller[0] == '\0')
			continue;
		rule = conf_add_map(rules);
		add_source(rule, l->v[i].caller);
		to = conf_set_list(rule, "to");
		for (size_t k = i; k < end; k = end_of(l, k, true))
			if (l->v[k].method[0] == '\0' ||
			    !is_told_before(l, i, k))
				add_operation(l, to, k, end);
	}
	for (size_t i = 0; i < l->coarse_len; i++)
		add_source(conf_add_map(rules), l->coarse[i]);
}

const char *
lesson_name(const struct lesson *l)
{
	return arena_printf(l->arena, "callers-of-%s", l->service);
}

struct conf_node *
lesson_document(struct lesson *l)
{
	struct conf_node *doc = model_document_new(l->arena,
	    &model_authorization_policy_kind, l->namespace, lesson_name(l));
	struct conf_node *spec = conf_set_map(doc, "spec");

	model_add_service_ref(conf_set_list(spec, "targetRefs"), l->service);
	conf_set_string(spec, "action", "ALLOW");
	if (lesson_callers(l) > 0)
		add_rules(l, conf_set_list(spec, "rules"));
	return doc;
}
