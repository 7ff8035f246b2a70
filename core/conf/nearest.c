#include "conf/nearest.h"

#define LONGEST	64

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance, three rows at a time. */
static size_t
distance(struct slice a, struct slice b)
{
	size_t rows[3][LONGEST + 1];

	for (size_t j = 0; j <= b.len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3];
		const size_t *above2 = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			bool same = a.ptr[i - 1] == b.ptr[j - 1];

			row[j] = least(above[j - 1] + !same,
			    least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] &&
			    a.ptr[i - 2] == b.ptr[j - 1])
				row[j] = least(row[j], above2[j - 2] + 1);
		}
	}
	return rows[a.len % 3][b.len];
}

const char *
conf_nearest(struct slice word, const char *const *names, size_t n)
{
	const char *best = NULL;
	size_t limit = word.len < 6 ? 1 : word.len < 12 ? 2 : 3;

	if (word.len > LONGEST)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		struct slice name = slice_str(names[i]);

		if (slice_ieq(word, name))
			return names[i];
		if (name.len > LONGEST)
			continue;
		size_t d = distance(word, name);

		if (d <= limit && d < name.len) {
			best = names[i];
			limit = d - (d > 0);
		}
	}
	return best;
}
