#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "modes/ctl/term.h"

static const char *const codes[] = {
	[TERM_GREEN] = "32", [TERM_YELLOW] = "33", [TERM_RED] = "31",
	[TERM_BOLD] = "1",
};

static const struct {
	const char      *word;
	enum term_colour colour;
} states[] = {
	{ "Online", TERM_GREEN },
	{ "Offline", TERM_RED },
	{ "Draining", TERM_YELLOW },
	{ "LeftOut", TERM_YELLOW },
	{ "SYNCED", TERM_GREEN },
	{ "STALE", TERM_YELLOW },
	{ "NOT SENT", TERM_YELLOW },
	{ "DIFFERS", TERM_RED },
	{ "REJECTED", TERM_RED },
	{ "healthy", TERM_GREEN },
	{ "unhealthy", TERM_RED },
	{ "true", TERM_GREEN },
	{ "created", TERM_GREEN },
	{ "configured", TERM_YELLOW },
	{ "deleted", TERM_RED },
	{ "\u221a", TERM_GREEN },
	{ "\u203c", TERM_YELLOW },
	{ "\u00d7", TERM_RED },
};

static bool
is_set(const char *value)
{
	return value != NULL && *value != '\0';
}

bool
term_wants_colour(bool no_colour, bool is_tty, const char *no_color,
    const char *force_color, const char *term)
{
	if (no_colour || is_set(no_color))
		return false;
	if (is_set(force_color))
		return strcmp(force_color, "0") != 0;
	return is_tty && is_set(term) && strcmp(term, "dumb") != 0;
}

void
term_init(struct term *t, bool no_colour)
{
	const char *no_color = getenv("NO_COLOR");
	const char *force = getenv("FORCE_COLOR"), *term = getenv("TERM");

	t->colour_out = term_wants_colour(no_colour, isatty(STDOUT_FILENO),
	    no_color, force, term);
	t->colour_err = term_wants_colour(no_colour, isatty(STDERR_FILENO),
	    no_color, force, term);
}

void
term_add(struct str *out, bool on, enum term_colour colour, struct slice text)
{
	if (on && colour != TERM_PLAIN)
		str_addf(out, "\033[%sm", codes[colour]);
	str_add_slice(out, text);
	if (on && colour != TERM_PLAIN)
		str_add(out, "\033[0m");
}

enum term_colour
term_state_colour(struct slice word)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (slice_is(word, states[i].word))
			return states[i].colour;
	return TERM_PLAIN;
}

size_t
term_width(struct slice text)
{
	size_t width = 0;

	for (size_t i = 0; i < text.len; i++)
		width += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return width;
}
