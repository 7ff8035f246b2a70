#define PCRE2_CODE_UNIT_WIDTH	8
#include <pcre2.h>

#include "base/str.h"
#include "base/unit.h"
#include "route/regex_program.h"

/*
 * Random patterns and texts; PCRE2 says what is right.  The numbers are the
 * same in every run.
 */
#define PATTERNS	3000
#define TEXTS		40
#define GIVE_UP		100000	/* steps of PCRE2, which does backtrack */

struct dice {
	uint64_t state;
};

static uint32_t
roll(struct dice *d, uint32_t sides)
{
	d->state = d->state * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (uint32_t)(d->state >> 33) % sides;
}

static const char *const atoms[] = { "a", "b", "c", "\\.", ".", "[ab]", "[^a]",
	"[a-c]", "\\d", "\\w", "[\\W1]", "\\s", "1", "[[:alpha:]]", "[]-]", "/",
	"[^\\d.]", "\\S", "()" };
static const char *const quantifiers[] = { "*", "+", "?", "{2}", "{0,2}", "{1,}",
	"{2,3}", "{0}" };

static void put_alternatives(struct str *, struct dice *, int depth);

static void
put_piece(struct str *s, struct dice *d, int depth)
{
	uint32_t what = roll(d, 12);

	if (what == 0) {
		str_add(s, roll(d, 2) == 0 ? "^" : "$");
		return;
	}
	if (what <= 3 && depth > 0) {
		str_add(s, roll(d, 3) == 0 ? "(?:" : "(");
		put_alternatives(s, d, depth - 1);
		str_add(s, ")");
	} else {
		str_add(s, atoms[roll(d, sizeof(atoms) / sizeof(atoms[0]))]);
	}
	if (roll(d, 3) == 0)
		str_add(s, quantifiers[roll(d, sizeof(quantifiers) /
		    sizeof(quantifiers[0]))]);
}

static void
put_alternatives(struct str *s, struct dice *d, int depth)
{
	uint32_t branches = 1 + roll(d, 5) / 3;

	for (uint32_t b = 0; b < branches; b++) {
		if (b > 0)
			str_add(s, "|");
		for (uint32_t n = roll(d, 5); n > 0; n--)
			put_piece(s, d, depth);
	}
}

static void
put_text(struct str *s, struct dice *d)
{
	static const char letters[] = "aaabbc1./-]^ \t";

	str_clear(s);
	for (uint32_t n = roll(d, 10); n > 0; n--)
		str_add_char(s, letters[roll(d, sizeof(letters) - 1)]);
}

struct pair {
	struct regex   *table, *steps;
	pcre2_code     *code;
	enum regex_mode mode;
};

static void
pair_init(struct pair *p, const struct str *pattern, enum regex_mode mode)
{
	static const struct regex_budget walked = { .states_max = 0 };
	struct err err = ERR_INIT;
	uint32_t options = PCRE2_DOLLAR_ENDONLY;
	int code;
	PCRE2_SIZE at;

	if (mode == REGEX_WHOLE)
		options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
	p->mode = mode;
	p->table = regex_compile(str_slice(pattern), mode, &err);
	p->steps = regex_compile_within(str_slice(pattern), mode, &walked, &err);
	p->code = pcre2_compile((PCRE2_SPTR)str_ptr(pattern), pattern->len,
	    options, &code, &at, NULL);
	if (p->table == NULL || p->steps == NULL || p->code == NULL)
		fail_msg("%s: ours: %s", str_ptr(pattern), err.text);
}

static void
pair_fini(struct pair *p)
{
	regex_free(p->table);
	regex_free(p->steps);
	pcre2_code_free(p->code);
}

TEST(regex_agrees_with_pcre2_on_random_patterns)
{
	struct dice d = { .state = 20261121 };
	struct str pattern = { 0 }, text = { 0 };
	pcre2_match_data *data = pcre2_match_data_create(100, NULL);
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	size_t yes = 0, no = 0;

	pcre2_set_match_limit(context, GIVE_UP);
	for (int i = 0; i < PATTERNS; i++) {
		struct pair p;

		str_clear(&pattern);
		str_add(&pattern, "");
		put_alternatives(&pattern, &d, 3);
		pair_init(&p, &pattern, roll(&d, 4) == 0 ? REGEX_ANYWHERE :
		    REGEX_WHOLE);
		for (int k = 0; k < TEXTS; k++) {
			uint64_t visits = 0;

			put_text(&text, &d);
			int rc = pcre2_match(p.code, (PCRE2_SPTR)str_ptr(&text),
			    text.len, 0, 0, data, context);

			if (rc < 0 && rc != PCRE2_ERROR_NOMATCH)
				continue;
			bool right = rc >= 0;

			*(right ? &yes : &no) += 1;
			if (regex_match(p.table, str_slice(&text)) != right ||
			    regex_match_counted(p.steps, str_slice(&text),
			    &visits) != right)
				fail_msg("%s %s \"%s\", PCRE2: %d",
				    p.mode == REGEX_WHOLE ? "whole" : "anywhere",
				    str_ptr(&pattern), str_ptr(&text), right);
		}
		pair_fini(&p);
	}
	/* Both answers were really asked for. */
	assert_in_range(yes, 5000, PATTERNS * TEXTS);
	assert_in_range(no, 5000, PATTERNS * TEXTS);
	pcre2_match_context_free(context);
	pcre2_match_data_free(data);
	str_fini(&pattern);
	str_fini(&text);
}
