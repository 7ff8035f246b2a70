#include <string.h>

#include "conf/pattern.h"
#include "modes/control/registry_selector.h"

#define NEEDS_MAX	32
#define VALUES_MAX	64

enum need_op { HAS, HAS_NOT, IN, NOT_IN };

struct registry_need {
	enum need_op  op;
	struct slice  key;
	struct slice *values;
	size_t        n_values;
};

/* What is left to read. */
struct reader {
	struct slice  rest;
	struct arena *arena;
	struct err   *err;
};

static void
skip_space(struct reader *r)
{
	while (r->rest.len > 0 && r->rest.ptr[0] == ' ')
		r->rest = slice_from(r->rest, 1);
}

static bool
take(struct reader *r, const char *mark)
{
	skip_space(r);
	if (!slice_has_prefix(r->rest, slice_str(mark)))
		return false;
	r->rest = slice_from(r->rest, strlen(mark));
	return true;
}

/* Everything up to a mark or a space. */
static struct slice
take_word(struct reader *r)
{
	size_t n = 0;

	skip_space(r);
	while (n < r->rest.len && memchr(" ,=!()", r->rest.ptr[n], 6) == NULL)
		n++;
	struct slice word = slice_of(r->rest.ptr, n);

	r->rest = slice_from(r->rest, n);
	return word;
}

static int
wrong(struct reader *r, const char *expected)
{
	if (r->rest.len == 0)
		return err_set(r->err, ERR_DATA,
		    "label selector: expected %s at its end", expected);
	return err_set(r->err, ERR_DATA, "label selector: expected %s at "
	    "\"%.*s\"", expected, (int)(r->rest.len > 40 ? 40 :
	    r->rest.len), r->rest.ptr);
}

static int
read_value(struct reader *r, struct registry_need *n)
{
	struct slice at = r->rest, word = take_word(r);

	if (!conf_pattern_match(CONF_LABEL_VALUE, word)) {
		r->rest = at;
		return wrong(r, conf_pattern_expected(CONF_LABEL_VALUE));
	}
	n->values[n->n_values++] = arena_dup(r->arena, word);
	return 0;
}

static int
read_set(struct reader *r, struct registry_need *n)
{
	if (!take(r, "("))
		return wrong(r, "\"(\"");
	do {
		if (n->n_values == VALUES_MAX)
			return err_set(r->err, ERR_TOO_LARGE, "label selector: "
			    "more than %d values", VALUES_MAX);
		if (read_value(r, n) < 0)
			return -1;
	} while (take(r, ","));
	return take(r, ")") ? 0 : wrong(r, "\")\" or \",\"");
}

static int
read_need(struct reader *r, struct registry_need *n)
{
	bool negated = take(r, "!");
	struct slice at = r->rest, word;

	*n = (struct registry_need){ .op = negated ? HAS_NOT : HAS };
	word = take_word(r);
	if (!conf_pattern_match(CONF_LABEL_KEY, word)) {
		r->rest = at;
		return wrong(r, "a label's key");
	}
	n->key = arena_dup(r->arena, word);
	skip_space(r);
	if (negated || r->rest.len == 0 || r->rest.ptr[0] == ',')
		return 0;
	n->values = arena_alloc(r->arena, VALUES_MAX * sizeof(*n->values));
	if (take(r, "!=")) {
		n->op = NOT_IN;
		return read_value(r, n);
	}
	n->op = IN;
	if (take(r, "==") || take(r, "="))
		return read_value(r, n);
	if (take(r, "notin"))
		n->op = NOT_IN;
	else if (!take(r, "in"))
		return wrong(r, "=, ==, !=, in or notin");
	return read_set(r, n);
}

int
registry_selector_read(struct registry_selector *s, struct arena *a,
    struct slice text, struct err *err)
{
	struct reader r = { .rest = text, .arena = a, .err = err };

	*s = (struct registry_selector){ .n = 0 };
	skip_space(&r);
	if (r.rest.len == 0)
		return 0;
	s->needs = arena_alloc(a, NEEDS_MAX * sizeof(*s->needs));
	do {
		if (s->n == NEEDS_MAX)
			return err_set(err, ERR_TOO_LARGE,
			    "label selector: more than %d requirements",
			    NEEDS_MAX);
		if (read_need(&r, &s->needs[s->n++]) < 0)
			return -1;
	} while (take(&r, ","));
	skip_space(&r);
	return r.rest.len == 0 ? 0 : wrong(&r, "\",\" or the end");
}

static bool
is_one_of(const struct registry_need *n, struct slice value)
{
	for (size_t i = 0; i < n->n_values; i++)
		if (slice_eq(n->values[i], value))
			return true;
	return false;
}

static bool
holds(const struct registry_need *n, struct slice value)
{
	bool is_there = value.ptr != NULL;

	switch (n->op) {
	case HAS:
		return is_there;
	case HAS_NOT:
		return !is_there;
	case IN:
		return is_there && is_one_of(n, value);
	case NOT_IN:
		break;
	}
	return !is_there || !is_one_of(n, value);
}

bool
registry_selector_match(const struct registry_selector *s,
    registry_label_fn *label, const void *ctx)
{
	for (size_t i = 0; i < s->n; i++)
		if (!holds(&s->needs[i], label(ctx, s->needs[i].key)))
			return false;
	return true;
}
