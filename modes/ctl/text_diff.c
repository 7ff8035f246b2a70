#include <string.h>

#include "base/mem.h"
#include "modes/ctl/term.h"
#include "modes/ctl/text_diff.h"

#define CONTEXT	3	/* lines around a change */

struct lines {
	struct slice *v;
	size_t        len;
};

/* One line of the result; which side it is from follows from the sign. */
struct edit {
	char   sign;	/* ' ', '-', '+' */
	size_t a, b;	/* lines before it on both sides */
};

struct script {
	struct edit *v;
	size_t       len;
};

static struct lines
split(struct slice text)
{
	struct lines l = { 0 };
	struct slice rest = text, line;
	size_t n = 1;

	for (size_t i = 0; i < text.len; i++)
		n += text.ptr[i] == '\n';
	l.v = mem_zalloc_array(n + 1, sizeof(*l.v));
	while (slice_cut(&rest, '\n', &line))
		if (line.len > 0 || rest.len > 0)
			l.v[l.len++] = line;
	return l;
}

/*
 * By a table of what is left in common, after the equal ends are cut off.
 * Documents have at most a few thousand lines; what is larger than the table
 * may be is shown as removed and added whole.
 */
#define TABLE_MAX	(16u << 20)	/* cells */

static void
add_edit(struct script *s, char sign, size_t a, size_t b)
{
	s->v[s->len++] = (struct edit){ sign, a, b };
}

static void
fill_table(unsigned *table, const struct slice *a, size_t n,
    const struct slice *b, size_t m)
{
	for (size_t i = n; i-- > 0;)
		for (size_t j = m; j-- > 0;) {
			unsigned *cell = &table[i * (m + 1) + j];
			unsigned down = table[(i + 1) * (m + 1) + j];
			unsigned right = table[i * (m + 1) + j + 1];

			*cell = slice_eq(a[i], b[j]) ?
			    table[(i + 1) * (m + 1) + j + 1] + 1 :
			    down > right ? down : right;
		}
}

static void
compare_middle(struct script *s, const struct lines *a, const struct lines *b,
    size_t begin, size_t a_end, size_t b_end)
{
	size_t n = a_end - begin, m = b_end - begin, i = 0, j = 0;
	unsigned *table = NULL;

	if ((n + 1) * (m + 1) <= TABLE_MAX) {
		table = mem_zalloc_array((n + 1) * (m + 1), sizeof(*table));
		fill_table(table, a->v + begin, n, b->v + begin, m);
	}
	while (i < n || j < m) {
		if (table != NULL && i < n && j < m &&
		    slice_eq(a->v[begin + i], b->v[begin + j])) {
			add_edit(s, ' ', begin + i++, begin + j++);
		} else if (i < n && (j == m || table == NULL ||
		    table[(i + 1) * (m + 1) + j] >= table[i * (m + 1) + j + 1])) {
			add_edit(s, '-', begin + i, begin + j);
			i++;
		} else {
			add_edit(s, '+', begin + i, begin + j);
			j++;
		}
	}
	mem_free(table);
}

static struct script
compare(const struct lines *a, const struct lines *b)
{
	struct script s = { .v = mem_zalloc_array(a->len + b->len + 1,
	    sizeof(struct edit)) };
	size_t begin = 0, a_end = a->len, b_end = b->len;

	while (begin < a_end && begin < b_end &&
	    slice_eq(a->v[begin], b->v[begin])) {
		add_edit(&s, ' ', begin, begin);
		begin++;
	}
	while (a_end > begin && b_end > begin &&
	    slice_eq(a->v[a_end - 1], b->v[b_end - 1])) {
		a_end--;
		b_end--;
	}
	compare_middle(&s, a, b, begin, a_end, b_end);
	for (; a_end < a->len; a_end++, b_end++)
		add_edit(&s, ' ', a_end, b_end);
	return s;
}

static void
add_line(struct str *out, char sign, struct slice line, bool colour)
{
	struct str text = { 0 };

	str_add_char(&text, sign);
	str_add_printable(&text, line);
	term_add(out, colour, sign == '-' ? TERM_RED : sign == '+' ? TERM_GREEN :
	    TERM_PLAIN, str_slice(&text));
	str_add_char(out, '\n');
	str_fini(&text);
}

/* The end of the hunk that begins at first: where CONTEXT * 2 are equal. */
static size_t
hunk_end(const struct script *s, size_t first)
{
	size_t last = first;	/* behind the last change */

	for (size_t i = first; i < s->len && i < last + 2 * CONTEXT + 1; i++)
		if (s->v[i].sign != ' ')
			last = i + 1;
	return last + CONTEXT < s->len ? last + CONTEXT : s->len;
}

static void
add_hunk(struct str *out, const struct script *s, size_t from, size_t to,
    const struct lines *a, const struct lines *b, bool colour)
{
	struct str head = { 0 };
	size_t n = 0, m = 0;

	for (size_t i = from; i < to; i++) {
		n += s->v[i].sign != '+';
		m += s->v[i].sign != '-';
	}
	str_addf(&head, "@@ -%zu,%zu +%zu,%zu @@", s->v[from].a + (n > 0), n,
	    s->v[from].b + (m > 0), m);
	term_add(out, colour, TERM_BOLD, str_slice(&head));
	str_add_char(out, '\n');
	for (size_t i = from; i < to; i++)
		add_line(out, s->v[i].sign, s->v[i].sign == '+' ?
		    b->v[s->v[i].b] : a->v[s->v[i].a], colour);
	str_fini(&head);
}

bool
text_diff(struct str *out, struct slice before, struct slice after,
    const char *before_name, const char *after_name, bool colour)
{
	struct lines a = split(before), b = split(after);
	struct script s = compare(&a, &b);
	size_t at = 0;
	bool differs = false;

	while (at < s.len) {
		if (s.v[at].sign == ' ') {
			at++;
			continue;
		}
		size_t end = hunk_end(&s, at);

		if (!differs)
			str_addf(out, "--- %s\n+++ %s\n", before_name, after_name);
		differs = true;
		add_hunk(out, &s, at > CONTEXT ? at - CONTEXT : 0, end, &a, &b,
		    colour);
		at = end;
	}
	mem_free(s.v);
	mem_free(a.v);
	mem_free(b.v);
	return differs;
}
