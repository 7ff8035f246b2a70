#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "route/regex_program.h"

#define UNBOUNDED	SIZE_MAX

struct parser {
	struct regex_program *out;
	struct slice          text;
	size_t                at;
	size_t                depth;
	struct err           *err;
};

static int parse_alternatives(struct parser *);

static int
fail(struct parser *p, size_t at, const char *what)
{
	return err_set(p->err, ERR_DATA, "column %zu: %s", at + 1, what);
}

static bool
at_end(const struct parser *p)
{
	return p->at == p->text.len;
}

static char
peek(const struct parser *p)
{
	return at_end(p) ? '\0' : p->text.ptr[p->at];
}

static bool
take(struct parser *p, const char *word)
{
	if (!slice_has_prefix(slice_from(p->text, p->at), slice_str(word)))
		return false;
	p->at += strlen(word);
	return true;
}

/* --- steps ----------------------------------------------------------------- */

/* Makes room for n steps at `at`, which the caller fills. */
static int
open_steps(struct parser *p, size_t at, size_t n)
{
	struct regex_program *out = p->out;

	if (out->len + n > REGEX_PROGRAM_MAX)
		return fail(p, p->at, "the pattern is too large: its repetitions"
		    " make more than 1000 steps");
	if (out->len + n > out->cap) {
		out->cap = 2 * (out->len + n);
		out->steps = mem_realloc(out->steps,
		    out->cap * sizeof(*out->steps));
	}
	memmove(out->steps + at + n, out->steps + at,
	    (out->len - at) * sizeof(*out->steps));
	out->len += n;
	return 0;
}

static int
insert(struct parser *p, size_t at, enum regex_op op, size_t x, size_t y)
{
	if (open_steps(p, at, 1) < 0)
		return -1;
	p->out->steps[at] = (struct regex_step){ .op = (uint8_t)op,
		.x = (int16_t)x, .y = (int16_t)y };
	return 0;
}

static int
append(struct parser *p, enum regex_op op, size_t x)
{
	return insert(p, p->out->len, op, x, 0);
}

static int
append_set(struct parser *p, const struct regex_set *set)
{
	struct regex_program *out = p->out;
	size_t i = 0;

	while (i < out->sets_len && memcmp(&out->sets[i], set, sizeof(*set)) != 0)
		i++;
	if (i == out->sets_len) {
		if (out->sets_len == out->sets_cap) {
			out->sets_cap = 2 * out->sets_cap + 8;
			out->sets = mem_realloc(out->sets,
			    out->sets_cap * sizeof(*out->sets));
		}
		out->sets[out->sets_len++] = *set;
	}
	return append(p, REGEX_SET, i);
}

/* --- sets ------------------------------------------------------------------ */

/* Named classes of POSIX, and the letters that stand for some of them. */
static const struct {
	const char *name;
	char        letter;
	int       (*has)(int);
} classes[] = {
	{ "digit",  'd', isdigit },
	{ "alnum",  'w', isalnum },	/* and '_' */
	{ "space",  's', isspace },
	{ "alpha",  0, isalpha },
	{ "blank",  0, isblank },
	{ "cntrl",  0, iscntrl },
	{ "graph",  0, isgraph },
	{ "lower",  0, islower },
	{ "print",  0, isprint },
	{ "punct",  0, ispunct },
	{ "upper",  0, isupper },
	{ "xdigit", 0, isxdigit },
};
#define CLASSES	(sizeof(classes) / sizeof(classes[0]))

static void
set_invert(struct regex_set *s)
{
	for (size_t i = 0; i < 4; i++)
		s->bits[i] = ~s->bits[i];
}

static void
set_join(struct regex_set *s, const struct regex_set *more)
{
	for (size_t i = 0; i < 4; i++)
		s->bits[i] |= more->bits[i];
}

/* The locale is "C" in every one of our programs: none calls for another. */
static void
set_put_class(struct regex_set *s, size_t class)
{
	for (int byte = 0; byte < 128; byte++)
		if (classes[class].has(byte))
			regex_set_put(s, (uint8_t)byte);
}

/* \d and its like; the upper-case letter means the others. */
static bool
set_put_letter(struct regex_set *out, char letter)
{
	struct regex_set s = { 0 };

	for (size_t i = 0; i < CLASSES; i++) {
		if (classes[i].letter == 0 ||
		    classes[i].letter != tolower((unsigned char)letter))
			continue;
		set_put_class(&s, i);
		if (classes[i].letter == 'w')
			regex_set_put(&s, '_');
		if (letter != classes[i].letter)
			set_invert(&s);
		set_join(out, &s);
		return true;
	}
	return false;
}

/*
 * What stands behind a backslash: a class of bytes into set (then *byte is
 * -1), or one byte.
 */
static int
parse_escape(struct parser *p, struct regex_set *set, int *byte)
{
	size_t from = p->at++;
	char c = peek(p);

	if (at_end(p))
		return fail(p, from, "a backslash with nothing behind it");
	p->at++;
	*byte = -1;
	if (set_put_letter(set, c))
		return 0;
	if (c == 't')
		c = '\t';
	else if (isdigit((unsigned char)c))
		return fail(p, from, "a backreference, which the dialect has not");
	else if (isalpha((unsigned char)c))
		return fail(p, from, "an escape that the dialect has not");
	*byte = (unsigned char)c;
	return 0;
}

static int
parse_class_name(struct parser *p, struct regex_set *set)
{
	struct slice rest = slice_from(p->text, p->at + 2);

	for (size_t i = 0; i < CLASSES; i++) {
		struct slice name = slice_str(classes[i].name);

		if (!slice_has_prefix(rest, name) ||
		    !slice_has_prefix(slice_from(rest, name.len), SLICE(":]")))
			continue;
		set_put_class(set, i);
		p->at += 2 + name.len + 2;
		return 0;
	}
	return fail(p, p->at, "no such class of characters");
}

/* One byte of a bracket, or a class (then *byte is -1). */
static int
parse_bracket_item(struct parser *p, struct regex_set *set, int *byte)
{
	struct slice rest = slice_from(p->text, p->at);

	*byte = -1;
	if (peek(p) == '\\')
		return parse_escape(p, set, byte);
	if (slice_has_prefix(rest, SLICE("[:")))
		return parse_class_name(p, set);
	if (slice_has_prefix(rest, SLICE("[.")) ||
	    slice_has_prefix(rest, SLICE("[=")))
		return fail(p, p->at, "collating elements are not in the dialect");
	*byte = (unsigned char)p->text.ptr[p->at++];
	return 0;
}

/* A range or a single item. */
static int
parse_bracket_range(struct parser *p, struct regex_set *set)
{
	size_t from = p->at;
	int low, high;

	if (parse_bracket_item(p, set, &low) < 0)
		return -1;
	high = low;
	if (p->at + 1 < p->text.len && peek(p) == '-' &&
	    p->text.ptr[p->at + 1] != ']') {
		p->at++;
		if (parse_bracket_item(p, set, &high) < 0)
			return -1;
		if (low < 0 || high < 0)
			return fail(p, from, "a range from or to a class");
		if (low > high)
			return fail(p, from, "a range that ends before it begins");
	}
	for (int b = low; b >= 0 && b <= high; b++)
		regex_set_put(set, (uint8_t)b);
	return 0;
}

static int
parse_bracket(struct parser *p)
{
	struct regex_set set = { 0 };
	size_t from = p->at++;
	bool inverted = take(p, "^");

	do {
		if (at_end(p))
			return fail(p, from, "this bracket is not closed");
		if (parse_bracket_range(p, &set) < 0)
			return -1;
	} while (peek(p) != ']');
	p->at++;
	if (inverted)
		set_invert(&set);
	return append_set(p, &set);
}

/* --- atoms ----------------------------------------------------------------- */

static int
parse_group(struct parser *p)
{
	size_t from = p->at++;

	if (take(p, "?") && !take(p, ":"))
		return fail(p, from, "flags, names and look-around are not in the"
		    " dialect: only (...) and (?:...) are");
	if (++p->depth > REGEX_DEPTH_MAX)
		return fail(p, from, "groups lie too deep within each other");
	if (parse_alternatives(p) < 0)
		return -1;
	if (!take(p, ")"))
		return fail(p, from, "this parenthesis is not closed");
	p->depth--;
	return 0;
}

static int
parse_literal(struct parser *p)
{
	struct regex_set set = { 0 };
	int byte = (unsigned char)peek(p);

	if (byte == '\\') {
		if (parse_escape(p, &set, &byte) < 0)
			return -1;
	} else {
		p->at++;
	}
	if (byte >= 0)
		regex_set_put(&set, (uint8_t)byte);
	return append_set(p, &set);
}

static int
parse_any(struct parser *p)
{
	struct regex_set set = { 0 };

	p->at++;
	regex_set_put(&set, '\n');
	set_invert(&set);
	return append_set(p, &set);
}

static int
parse_atom(struct parser *p)
{
	switch (peek(p)) {
	case '(':
		return parse_group(p);
	case '[':
		return parse_bracket(p);
	case '.':
		return parse_any(p);
	case '*':
	case '+':
	case '?':
		return fail(p, p->at, "nothing stands before it to be repeated");
	case '{':
		return fail(p, p->at, "nothing stands before it to be repeated;"
		    " the character itself is written \\{");
	default:
		return parse_literal(p);
	}
}

/* --- repetition ------------------------------------------------------------ */

/* Makes the run from `from` optional, or a loop that may be left at once. */
static int
make_optional(struct parser *p, size_t from, bool loop)
{
	size_t len = p->out->len - from;

	if (insert(p, from, REGEX_SPLIT, 1, len + (loop ? 2 : 1)) < 0)
		return -1;
	return loop ? append(p, REGEX_JUMP, (size_t)0 - (len + 1)) : 0;
}

static int
copy_run(struct parser *p, size_t from, size_t len)
{
	size_t to = p->out->len;

	if (open_steps(p, to, len) < 0)
		return -1;
	memcpy(p->out->steps + to, p->out->steps + from,
	    len * sizeof(*p->out->steps));
	return 0;
}

/* x{2,4} is xx(x(x)?)?, x{2,} is xx and back to the last one. */
static int
repeat(struct parser *p, size_t from, size_t min, size_t max)
{
	size_t len = p->out->len - from;
	bool loop = max == UNBOUNDED;
	size_t copies = !loop ? max : min == 0 ? 1 : min;

	if (copies == 0)
		p->out->len = from;
	if (copies == 0 || len == 0)
		return 0;
	if (len * copies > REGEX_PROGRAM_MAX)
		return open_steps(p, from, len * copies);
	for (size_t i = 1; i < copies; i++)
		if (copy_run(p, from, len) < 0)
			return -1;
	if (loop && min > 0)
		return insert(p, p->out->len, REGEX_SPLIT, (size_t)0 - len, 1);
	/* From the back, so that what is still to come stays in its place. */
	for (size_t i = copies; i-- > min; )
		if (make_optional(p, from + i * len, loop) < 0)
			return -1;
	return 0;
}

static int
parse_number(struct parser *p, size_t *out)
{
	size_t from = p->at;

	for (*out = 0; isdigit((unsigned char)peek(p)); p->at++)
		if ((*out = *out * 10 + (size_t)(peek(p) - '0')) >
		    REGEX_PROGRAM_MAX)
			return fail(p, from, "more repetitions than 1000");
	return p->at > from ? 0 : fail(p, from, "a number is missing in the"
	    " interval; the character itself is written \\{");
}

static int
parse_interval(struct parser *p, size_t *min, size_t *max)
{
	size_t from = p->at++;

	if (parse_number(p, min) < 0)
		return -1;
	*max = *min;
	if (take(p, ",")) {
		*max = UNBOUNDED;
		if (peek(p) != '}' && parse_number(p, max) < 0)
			return -1;
	}
	if (!take(p, "}"))
		return fail(p, from, "this interval is not closed");
	if (*min > *max)
		return fail(p, from, "an interval that ends before it begins");
	return 0;
}

static bool
is_quantifier(const struct parser *p)
{
	return !at_end(p) && strchr("*+?{", peek(p)) != NULL;
}

static int
parse_quantifier(struct parser *p, size_t from)
{
	size_t min, max;

	if (!is_quantifier(p))
		return 0;
	if (peek(p) == '{') {
		if (parse_interval(p, &min, &max) < 0)
			return -1;
	} else {
		min = peek(p) == '+' ? 1 : 0;
		max = peek(p) == '?' ? 1 : UNBOUNDED;
		p->at++;
	}
	if (is_quantifier(p))
		return fail(p, p->at, "a quantifier behind a quantifier: the"
		    " dialect has no lazy or possessive ones; use (...)");
	return repeat(p, from, min, max);
}

/* --- sequences ------------------------------------------------------------- */

static int
parse_piece(struct parser *p)
{
	size_t from = p->out->len;

	if (peek(p) == '^' || peek(p) == '$') {
		enum regex_op op = peek(p) == '^' ? REGEX_BEGIN : REGEX_END;

		p->at++;
		if (is_quantifier(p))
			return fail(p, p->at, "an anchor cannot be repeated");
		return append(p, op, 0);
	}
	if (parse_atom(p) < 0)
		return -1;
	return parse_quantifier(p, from);
}

static int
parse_sequence(struct parser *p)
{
	while (!at_end(p) && peek(p) != '|' && peek(p) != ')')
		if (parse_piece(p) < 0)
			return -1;
	return 0;
}

/*
 * a|b|c is: split(a, next) a jump(end) split(b, next) b jump(end) c.  Until
 * the end is known, each jump holds the distance to the one before it.
 */
static int
parse_alternatives(struct parser *p)
{
	size_t jump = UNBOUNDED;

	for (;;) {
		size_t from = p->out->len;

		if (parse_sequence(p) < 0)
			return -1;
		if (!take(p, "|"))
			break;
		size_t len = p->out->len - from;

		if (insert(p, from, REGEX_SPLIT, 1, len + 2) < 0)
			return -1;
		size_t here = p->out->len;

		if (append(p, REGEX_JUMP, jump == UNBOUNDED ? 0 : here - jump) < 0)
			return -1;
		jump = here;
	}
	while (jump != UNBOUNDED) {
		struct regex_step *s = &p->out->steps[jump];
		size_t before = s->x == 0 ? UNBOUNDED : jump - (size_t)s->x;

		s->x = (int16_t)(p->out->len - jump);
		jump = before;
	}
	return 0;
}

static int
verify_bytes(struct parser *p)
{
	for (size_t i = 0; i < p->text.len; i++) {
		unsigned char c = (unsigned char)p->text.ptr[i];

		if (c != '\t' && (c < ' ' || c > '~'))
			return fail(p, i, "only printable ASCII and tabs can stand"
			    " in a pattern");
	}
	return 0;
}

/* Any bytes, line feeds too. */
static int
append_anything(struct parser *p)
{
	struct regex_set all = { { ~0ull, ~0ull, ~0ull, ~0ull } };
	size_t from = p->out->len;

	return append_set(p, &all) < 0 ? -1 : make_optional(p, from, true);
}

int
regex_parse(struct regex_program *out, struct slice pattern,
    enum regex_mode mode, struct err *err)
{
	struct parser p = { .out = out, .text = pattern, .err = err };
	bool anywhere = mode == REGEX_ANYWHERE;

	*out = (struct regex_program){ 0 };
	if (verify_bytes(&p) < 0)
		return -1;
	if (anywhere && append_anything(&p) < 0)
		return -1;
	if (parse_alternatives(&p) < 0)
		return -1;
	if (!at_end(&p))
		return fail(&p, p.at, "this parenthesis closes nothing");
	if (anywhere && append_anything(&p) < 0)
		return -1;
	return append(&p, REGEX_MATCH, 0);
}

void
regex_program_fini(struct regex_program *p)
{
	mem_free(p->steps);
	mem_free(p->sets);
	*p = (struct regex_program){ 0 };
}
