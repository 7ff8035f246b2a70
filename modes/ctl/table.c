#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "modes/ctl/table.h"
#include "modes/ctl/term.h"

void
table_init(struct table *t)
{
	*t = (struct table){ 0 };
}

void
table_fini(struct table *t)
{
	for (size_t i = 0; i < t->len; i++)
		mem_free(t->cells[i]);
	mem_free(t->cells);
	*t = (struct table){ 0 };
}

void
table_column(struct table *t, const char *title)
{
	check(t->columns < TABLE_COLUMNS_MAX && t->len == 0);
	t->titles[t->columns++] = title;
}

void
table_column_right(struct table *t, const char *title)
{
	table_column(t, title);
	t->right[t->columns - 1] = true;
}

void
table_columns(struct table *t, const char *const *titles)
{
	for (; *titles != NULL; titles++)
		table_column(t, *titles);
}

void
table_add(struct table *t, struct slice text)
{
	struct str cell = { 0 };

	if (t->len == t->cap) {
		t->cap = t->cap == 0 ? 64 : t->cap * 2;
		t->cells = mem_realloc(t->cells, t->cap * sizeof(*t->cells));
	}
	if (text.len == 0)
		str_add(&cell, "-");
	else
		str_add_printable(&cell, text);
	t->cells[t->len++] = str_give(&cell);
}

void
table_add_text(struct table *t, const char *text)
{
	table_add(t, slice_str(text));
}

void
table_addf(struct table *t, const char *fmt, ...)
{
	struct str text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	table_add(t, str_slice(&text));
	str_fini(&text);
}

size_t
table_rows(const struct table *t)
{
	return t->columns == 0 ? 0 : t->len / t->columns;
}

static void
add_spaces(struct str *out, size_t n)
{
	while (n-- > 0)
		str_add_char(out, ' ');
}

static void
print_row(struct str *out, const struct table *t, const char *const *cells,
    const size_t *widths, bool colour)
{
	for (size_t i = 0; i < t->columns; i++) {
		struct slice cell = slice_str(cells[i]);
		size_t pad = widths[i] - term_width(cell);

		if (t->right[i])
			add_spaces(out, pad);
		term_add(out, colour, term_state_colour(cell), cell);
		if (i + 1 == t->columns)
			break;
		add_spaces(out, t->right[i] ? 2 : pad + 2);
	}
	str_add_char(out, '\n');
}

void
table_print(struct str *out, const struct table *t, bool headers, bool colour)
{
	size_t widths[TABLE_COLUMNS_MAX] = { 0 };
	const char *const *cells = (const char *const *)(const void *)t->cells;

	check(t->columns > 0 && t->len % t->columns == 0);
	for (size_t i = 0; headers && i < t->columns; i++)
		widths[i] = term_width(slice_str(t->titles[i]));
	for (size_t i = 0; i < t->len; i++) {
		size_t width = term_width(slice_str(cells[i]));

		if (width > widths[i % t->columns])
			widths[i % t->columns] = width;
	}
	if (headers)
		print_row(out, t, t->titles, widths, false);
	for (size_t i = 0; i < t->len; i += t->columns)
		print_row(out, t, cells + i, widths, colour);
}

static void
print_span(char out[TABLE_AGE_TEXT], int64_t s)
{
	const int64_t day = 86400, year = 365 * day;

	if (s < 120)
		snprintf(out, TABLE_AGE_TEXT, "%llds", (long long)s);
	else if (s < 2 * 3600)
		snprintf(out, TABLE_AGE_TEXT, "%lldm", (long long)(s / 60));
	else if (s < 2 * day)
		snprintf(out, TABLE_AGE_TEXT, "%lldh", (long long)(s / 3600));
	else if (s < 2 * year)
		snprintf(out, TABLE_AGE_TEXT, "%lldd", (long long)(s / day));
	else
		snprintf(out, TABLE_AGE_TEXT, "%lldy", (long long)(s / year));
}

void
table_age(char out[TABLE_AGE_TEXT], int64_t since_s, int64_t now_s)
{
	int64_t age = now_s - since_s;

	if (since_s <= 0 || age < -60)
		snprintf(out, TABLE_AGE_TEXT, "-");
	else
		print_span(out, age < 0 ? 0 : age);
}

void
table_due(char out[TABLE_AGE_TEXT], int64_t at_s, int64_t now_s)
{
	char span[TABLE_AGE_TEXT];
	int64_t left = at_s - now_s;

	if (at_s <= 0) {
		snprintf(out, TABLE_AGE_TEXT, "-");
		return;
	}
	print_span(span, left < 0 ? -left : left);
	snprintf(out, TABLE_AGE_TEXT, left < 0 ? "%.16s ago" : "in %.16s", span);
}
