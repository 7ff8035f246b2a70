#include <string.h>

#include "base/suggest.h"

#define SUGGEST_MAX	64	/* longer words are never close to anything */

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance; three rows of the matrix are enough. */
static size_t
distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][SUGGEST_MAX + 1];

	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *now = rows[i % 3], *above = rows[(i + 2) % 3];
		const size_t *before = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t differs = a[i - 1] != b[j - 1];
			size_t d = above[j - 1] + differs;

			d = least(d, least(above[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				d = least(d, before[j - 2] + 1);
			now[j] = d;
		}
	}
	return rows[a_len % 3][b_len];
}

struct suggest
suggest_start(const char *word)
{
	size_t len = strlen(word);

	return (struct suggest){
		.word = word,
		.distance = len <= 4 ? 2 : len <= 7 ? 3 : 4,
	};
}

void
suggest_offer(struct suggest *s, const char *candidate)
{
	size_t len = strlen(s->word), candidate_len = strlen(candidate);

	if (len > SUGGEST_MAX || candidate_len > SUGGEST_MAX)
		return;
	size_t d = distance(s->word, len, candidate, candidate_len);

	/* As many slips as letters is no likeness. */
	if (d < s->distance && d < len && d < candidate_len) {
		s->best = candidate;
		s->distance = d;
	}
}
