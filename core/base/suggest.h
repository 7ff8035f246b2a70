#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include <stddef.h>

/*
 * suggest: the word that somebody probably meant.
 *
 *	struct suggest s = suggest_start("pxory");
 *	suggest_offer(&s, "proxy");
 *	if (s.best != NULL)
 *		... did you mean s.best?
 *
 * Counts letters added, left out, changed and swapped with their neighbour.
 * Offers nothing unless the word is close: one slip in up to four letters,
 * two in up to seven, three beyond.  Of equals the first offered wins.
 */
struct suggest {
	const char *word;	/* kept */
	const char *best;	/* one of those offered, or NULL */
	size_t      distance;	/* of best; otherwise one more than is accepted */
};

struct suggest suggest_start(const char *word);	/* keeps word */
void suggest_offer(struct suggest *, const char *candidate);	/* keeps it */

#endif
