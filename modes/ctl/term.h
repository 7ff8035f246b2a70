#ifndef CTL_TERM_H
#define CTL_TERM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "base/str.h"

/*
 * term: what the terminal can show.
 * Colours are for state words and for "error:", and for terminals alone: not
 * with --no-color, NO_COLOR (https://no-color.org) or TERM=dumb.  FORCE_COLOR
 * says yes where all of these are silent.
 */
enum term_colour { TERM_PLAIN, TERM_GREEN, TERM_YELLOW, TERM_RED, TERM_BOLD };

struct term {
	bool colour_out, colour_err;	/* standard output, standard error */
};

void term_init(struct term *, bool no_colour);
/* The decision: is_tty of the stream, and the three variables or NULL. */
bool term_wants_colour(bool no_colour, bool is_tty, const char *no_color,
    const char *force_color, const char *term);
/* Adds the text, coloured if on. */
void term_add(struct str *, bool on, enum term_colour, struct slice text);
/* What a state word means to people: "Online" is green, "Gone" is not. */
enum term_colour term_state_colour(struct slice word);
/* Columns that a printable text takes: its characters. */
size_t term_width(struct slice text);

#endif
