#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/mem.h"
#include "route/regex_program.h"

#define STATES_MAX	256
#define TABLE_MAX	8192
#define VISITS_MAX	200000

/*
 * Either the table of a deterministic automaton, or the program.  Bytes that
 * no set of the pattern tells apart are one class and share a column.
 */
struct regex {
	struct regex_program program;	/* without steps when there is a table */
	uint8_t             *table;	/* next[state * classes + class], or NULL */
	size_t               states, classes;
	uint8_t              class_of[256];
	uint64_t             accepts[STATES_MAX / 64];
	int16_t              dead;	/* the state without a way out, or -1 */
};

/* --- walking the steps ------------------------------------------------------ */

/* The steps that the automaton stands at; those that only lead on are left out. */
struct places {
	uint16_t *at;
	size_t    len;
};

struct walk {
	const struct regex_program *program;
	uint64_t  seen[(REGEX_PROGRAM_MAX + 64) / 64];
	uint16_t  next[2 * REGEX_PROGRAM_MAX + 2];
	size_t    next_len;
	bool      begin, end;		/* of the text: which anchors hold */
	uint64_t *visits;
};

static void
walk_clear(struct walk *w)
{
	memset(w->seen, 0, ((w->program->len + 63) / 64) * sizeof(w->seen[0]));
}

static void
walk_push(struct walk *w, size_t step)
{
	if (w->seen[step / 64] >> (step % 64) & 1)
		return;
	w->seen[step / 64] |= UINT64_C(1) << (step % 64);
	w->next[w->next_len++] = (uint16_t)step;
}

/* Goes on from a step as far as that takes no byte; each step but once. */
static void
walk_from(struct walk *w, size_t step, struct places *out)
{
	walk_push(w, step);
	while (w->next_len > 0) {
		size_t at = w->next[--w->next_len];
		const struct regex_step *s = &w->program->steps[at];

		++*w->visits;
		switch ((enum regex_op)s->op) {
		case REGEX_SPLIT:
			walk_push(w, at + (size_t)s->y);
			walk_push(w, at + (size_t)s->x);
			break;
		case REGEX_JUMP:
			walk_push(w, at + (size_t)s->x);
			break;
		case REGEX_BEGIN:
			if (w->begin)
				walk_push(w, at + 1);
			break;
		case REGEX_END:
			if (w->end)
				walk_push(w, at + 1);
			else
				out->at[out->len++] = (uint16_t)at;
			break;
		case REGEX_SET:
		case REGEX_MATCH:
			out->at[out->len++] = (uint16_t)at;
			break;
		}
	}
}

static void
walk_start(struct walk *w, struct places *out)
{
	w->begin = true;
	w->end = false;
	out->len = 0;
	walk_clear(w);
	walk_from(w, 0, out);
}

static void
walk_byte(struct walk *w, const struct places *from, uint8_t byte,
    struct places *to)
{
	w->begin = w->end = false;
	to->len = 0;
	walk_clear(w);
	for (size_t i = 0; i < from->len; i++) {
		const struct regex_step *s = &w->program->steps[from->at[i]];

		++*w->visits;
		if (s->op == REGEX_SET &&
		    regex_set_has(&w->program->sets[s->x], byte))
			walk_from(w, from->at[i] + 1u, to);
	}
}

/* Whether the text may end here; scratch is overwritten. */
static bool
walk_accepts(struct walk *w, const struct places *from, bool begin,
    struct places *scratch)
{
	w->begin = begin;
	w->end = true;
	scratch->len = 0;
	walk_clear(w);
	for (size_t i = 0; i < from->len; i++)
		if (w->program->steps[from->at[i]].op != REGEX_SET)
			walk_from(w, from->at[i], scratch);
	for (size_t i = 0; i < scratch->len; i++)
		if (w->program->steps[scratch->at[i]].op == REGEX_MATCH)
			return true;
	return false;
}

static bool
match_by_steps(const struct regex_program *program, struct slice text,
    uint64_t *visits)
{
	struct walk w = { .program = program, .visits = visits };
	uint16_t room[2][REGEX_PROGRAM_MAX];
	struct places places[] = { { room[0], 0 }, { room[1], 0 } };
	struct places *now = &places[0], *next = &places[1];

	walk_start(&w, now);
	for (size_t i = 0; i < text.len && now->len > 0; i++) {
		struct places *other = now;

		walk_byte(&w, now, (uint8_t)text.ptr[i], next);
		now = next;
		next = other;
	}
	return walk_accepts(&w, now, text.len == 0, next);
}

/* --- states worked out beforehand -------------------------------------------- */

/* Two bytes are of one class when every set has both or neither. */
static void
make_classes(struct regex *re)
{
	re->classes = 1;
	for (size_t i = 0; i < re->program.sets_len; i++) {
		int class[256][2];

		memset(class, -1, sizeof(class));
		re->classes = 0;
		for (size_t b = 0; b < 256; b++) {
			bool in = regex_set_has(&re->program.sets[i], (uint8_t)b);
			int *c = &class[re->class_of[b]][in];

			if (*c < 0)
				*c = (int)re->classes++;
			re->class_of[b] = (uint8_t)*c;
		}
	}
}

struct builder {
	struct regex              *re;
	const struct regex_budget *budget;
	struct walk                walk;
	uint64_t                   visits;
	struct arena               arena;
	struct map                 known;	/* set of places to 1 + state */
	struct places              state[STATES_MAX];
	uint8_t                    byte_of[256];	/* one of each class */
};

/* The same set of places is the same key, in whatever order they were found. */
static struct slice
places_key(struct builder *b, const struct places *places)
{
	size_t words = (b->re->program.len + 63) / 64;
	uint64_t *key = arena_zalloc(&b->arena, words * sizeof(*key));

	for (size_t i = 0; i < places->len; i++)
		key[places->at[i] / 64] |= UINT64_C(1) << (places->at[i] % 64);
	return slice_of(key, words * sizeof(*key));
}

/* The state that stands for the places, or -1: there are too many. */
static int
add_state(struct builder *b, struct slice key, const struct places *places)
{
	struct regex *re = b->re;
	uint16_t room[REGEX_PROGRAM_MAX];
	struct places scratch = { room, 0 };
	size_t n = re->states;

	if (n == b->budget->states_max ||
	    (n + 1) * re->classes > b->budget->table_max)
		return -1;
	b->state[n].len = places->len;
	b->state[n].at = arena_alloc(&b->arena, places->len * sizeof(uint16_t));
	memcpy(b->state[n].at, places->at, places->len * sizeof(uint16_t));
	if (walk_accepts(&b->walk, places, n == 0, &scratch))
		re->accepts[n / 64] |= UINT64_C(1) << (n % 64);
	if (places->len == 0)
		re->dead = (int16_t)n;
	/* The start is never met again: '^' holds nowhere else. */
	if (n > 0)
		map_put(&b->known, key, (void *)(uintptr_t)(n + 1));
	re->states++;
	return (int)n;
}

static int
state_behind(struct builder *b, size_t from, size_t class)
{
	uint16_t room[REGEX_PROGRAM_MAX];
	struct places next = { room, 0 };

	walk_byte(&b->walk, &b->state[from], b->byte_of[class], &next);
	struct slice key = places_key(b, &next);
	void *known = map_get(&b->known, key);

	return known != NULL ? (int)((uintptr_t)known - 1) :
	    add_state(b, key, &next);
}

static bool
build_states(struct builder *b)
{
	struct regex *re = b->re;
	uint16_t room[REGEX_PROGRAM_MAX];
	struct places start = { room, 0 };

	walk_start(&b->walk, &start);
	if (add_state(b, SLICE_NONE, &start) < 0)
		return false;
	for (size_t s = 0; s < re->states; s++) {
		re->table = mem_realloc(re->table, re->states * re->classes);
		for (size_t c = 0; c < re->classes; c++) {
			int to = state_behind(b, s, c);

			if (to < 0 || b->visits > b->budget->visits_max)
				return false;
			re->table[s * re->classes + c] = (uint8_t)to;
		}
	}
	return true;
}

/* Leaves the program in place when it would take more than the budget. */
static void
make_table(struct regex *re, const struct regex_budget *budget)
{
	struct builder *b = mem_zalloc(sizeof(*b));

	b->re = re;
	b->budget = budget;
	b->walk.program = &re->program;
	b->walk.visits = &b->visits;
	arena_init(&b->arena);
	map_init(&b->known);
	make_classes(re);
	for (size_t byte = 0; byte < 256; byte++)
		b->byte_of[re->class_of[byte]] = (uint8_t)byte;
	if (build_states(b)) {
		re->table = mem_realloc(re->table, re->states * re->classes);
		regex_program_fini(&re->program);
	} else {
		mem_free(re->table);
		re->table = NULL;
	}
	map_fini(&b->known, NULL);
	arena_fini(&b->arena);
	mem_free(b);
}

static bool
match_by_table(const struct regex *re, struct slice text, uint64_t *visits)
{
	size_t state = 0, i = 0;

	for (; i < text.len && (int)state != re->dead; i++)
		state = re->table[state * re->classes +
		    re->class_of[(uint8_t)text.ptr[i]]];
	*visits += i;
	return re->accepts[state / 64] >> (state % 64) & 1;
}

/* ----------------------------------------------------------------------------- */

struct regex *
regex_compile_within(struct slice pattern, enum regex_mode mode,
    const struct regex_budget *budget, struct err *err)
{
	struct regex *re = mem_zalloc(sizeof(*re));

	re->dead = -1;
	if (regex_parse(&re->program, pattern, mode, err) < 0) {
		regex_free(re);
		return NULL;
	}
	make_table(re, budget);
	return re;
}

struct regex *
regex_compile(struct slice pattern, enum regex_mode mode, struct err *err)
{
	static const struct regex_budget budget = { .states_max = STATES_MAX,
		.table_max = TABLE_MAX, .visits_max = VISITS_MAX };

	return regex_compile_within(pattern, mode, &budget, err);
}

void
regex_free(struct regex *re)
{
	if (re == NULL)
		return;
	regex_program_fini(&re->program);
	mem_free(re->table);
	mem_free(re);
}

bool
regex_match_counted(const struct regex *re, struct slice text, uint64_t *visits)
{
	return re->table != NULL ? match_by_table(re, text, visits) :
	    match_by_steps(&re->program, text, visits);
}

bool
regex_match(const struct regex *re, struct slice text)
{
	uint64_t visits = 0;

	return regex_match_counted(re, text, &visits);
}

size_t
regex_bytes(const struct regex *re)
{
	return sizeof(*re) + re->program.cap * sizeof(struct regex_step) +
	    re->program.sets_cap * sizeof(struct regex_set) +
	    (re->table != NULL ? re->states * re->classes : 0);
}
