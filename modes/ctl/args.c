#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "conf/nearest.h"
#include "modes/ctl/args.h"

/* What the walk over argv has seen so far. */
struct walk {
	struct args  *args;
	struct err   *err;
	char *const  *argv;
	size_t        at;
};

/* Looks in the command's table and in the global one. */
static const struct ctl_option *
option_of(const struct args *a, const char *name, size_t len)
{
	const struct ctl_option *o = a->command == NULL ? NULL :
	    ctl_option_find(a->command->options, name, len);

	return o != NULL ? o : ctl_option_find(ctl_globals, name, len);
}

static const struct ctl_option *
letter_of(const struct args *a, char letter)
{
	const struct ctl_option *o = a->command == NULL ? NULL :
	    ctl_option_letter(a->command->options, letter);

	return o != NULL ? o : ctl_option_letter(ctl_globals, letter);
}

/* Any command's option: to know, before the command is, which take values. */
struct search {
	const char              *name;
	size_t                   len;
	char                     letter;
	const struct ctl_option *found;
};

static void
search_command(void *arg, const struct ctl_command *group,
    const struct ctl_command *c)
{
	struct search *s = arg;

	(void)group;
	if (s->found == NULL)
		s->found = s->letter != '\0' ?
		    ctl_option_letter(c->options, s->letter) :
		    ctl_option_find(c->options, s->name, s->len);
}

static const struct ctl_option *
search(struct search s)
{
	s.found = s.letter != '\0' ? ctl_option_letter(ctl_globals, s.letter) :
	    ctl_option_find(ctl_globals, s.name, s.len);
	if (s.found == NULL)
		ctl_command_each(search_command, &s);
	return s.found;
}

static bool
is_option(const char *word)
{
	return word[0] == '-' && word[1] != '\0';
}

/* Whether the word behind this option is its value. */
static bool
takes_next(const char *word)
{
	const struct ctl_option *o;

	if (word[1] == '-')
		return strchr(word, '=') == NULL &&
		    (o = search((struct search){ .name = word + 2,
		    .len = strlen(word + 2) })) != NULL && o->value != NULL;
	for (const char *p = word + 1; *p != '\0'; p++)
		if ((o = search((struct search){ .letter = *p })) != NULL &&
		    o->value != NULL)
			return p[1] == '\0';
	return false;
}

static int
no_command(const struct ctl_command *group, const char *word, struct err *err)
{
	const char *near = ctl_command_nearest(group == NULL ? ctl_commands :
	    group->below, word);
	const char *name = group == NULL ? "" : group->name;
	const char *space = group == NULL ? "" : " ";

	if (near == NULL)
		return err_set(err, ERR_USAGE, "unknown command \"%s%s%s\"", name,
		    space, word);
	return err_set(err, ERR_USAGE,
	    "unknown command \"%s%s%s\"; did you mean \"%s%s%s\"?", name, space,
	    word, name, space, near);
}

/* The first one or two words that are no options name the command. */
static int
find_command(struct args *a, char *const *argv, struct err *err)
{
	for (size_t i = 0; argv[i] != NULL; i++) {
		if (strcmp(argv[i], "--") == 0)
			break;
		if (is_option(argv[i])) {
			if (takes_next(argv[i]) && argv[i + 1] != NULL)
				i++;
			continue;
		}
		const struct ctl_command *c = ctl_command_find(
		    a->group == NULL ? ctl_commands : a->group->below, argv[i]);

		if (c == NULL)
			return no_command(a->group, argv[i], err);
		if (c->below == NULL) {
			a->command = c;
			return 0;
		}
		a->group = c;
	}
	return 0;
}

static void
add_option(struct args *a, const struct ctl_option *o, const char *value)
{
	a->options[a->options_len++] = (struct args_option){ o, value };
}

static int
check_word(const struct ctl_option *o, const char *value, struct err *err)
{
	size_t n = 0;

	if (o->words == NULL)
		return 0;
	for (; o->words[n] != NULL; n++)
		if (strcmp(o->words[n], value) == 0)
			return 0;
	const char *near = conf_nearest(slice_str(value), o->words, n);

	if (near != NULL)
		return err_set(err, ERR_USAGE, "--%s: unknown %s \"%s\"; did you "
		    "mean \"%s\"?", o->name, o->value, value, near);
	return err_set(err, ERR_USAGE, "--%s: unknown %s \"%s\", expected %s",
	    o->name, o->value, value, o->text);
}

static int
no_option(const struct walk *w, const char *word)
{
	const char *names[128];
	size_t n = 0;
	const struct ctl_option *tables[] = { ctl_globals,
		w->args->command == NULL ? NULL : w->args->command->options };

	for (size_t i = 0; i < 2; i++)
		for (const struct ctl_option *o = tables[i];
		    o != NULL && o->name != NULL && n < 128; o++)
			names[n++] = o->name;
	struct slice name = slice_str(word + strspn(word, "-"));
	ptrdiff_t equals = slice_find(name, '=');

	if (equals >= 0)
		name.len = (size_t)equals;
	const char *near = word[1] == '-' ? conf_nearest(name, names, n) : NULL;

	if (near != NULL)
		return err_set(w->err, ERR_USAGE, "unknown option \"%s\"; did you "
		    "mean \"--%s\"?", word, near);
	return err_set(w->err, ERR_USAGE, "unknown option \"%s\"", word);
}

/* value: what stood in the same word, or NULL. */
static int
take_value(struct walk *w, const struct ctl_option *o, const char *value)
{
	if (value == NULL)
		value = w->argv[w->at + 1] == NULL ? NULL : w->argv[++w->at];
	if (value == NULL || *value == '\0')
		return err_set(w->err, ERR_USAGE, "--%s: its %s is missing",
		    o->name, o->value);
	add_option(w->args, o, value);
	return check_word(o, value, w->err);
}

static int
take_long(struct walk *w, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t len = equals == NULL ? strlen(word) - 2 :
	    (size_t)(equals - word) - 2;
	const struct ctl_option *o = option_of(w->args, word + 2, len);

	if (o == NULL)
		return no_option(w, word);
	if (o->value != NULL)
		return take_value(w, o, equals == NULL ? NULL : equals + 1);
	if (equals != NULL)
		return err_set(w->err, ERR_USAGE, "--%s takes no value", o->name);
	add_option(w->args, o, NULL);
	return 0;
}

static int
take_letters(struct walk *w, const char *word)
{
	for (const char *p = word + 1; *p != '\0'; p++) {
		const struct ctl_option *o = letter_of(w->args, *p);

		if (o == NULL)
			return no_option(w, word);
		if (o->value != NULL)
			return take_value(w, o, p[1] == '\0' ? NULL : p + 1);
		add_option(w->args, o, NULL);
	}
	return 0;
}

static int
take_words(struct walk *w)
{
	/* How many words name the command. */
	size_t names = (w->args->group != NULL ? 1u : 0u) +
	    (w->args->command != NULL ? 1u : 0u);
	bool ended = false;

	for (; w->argv[w->at] != NULL; w->at++) {
		const char *word = w->argv[w->at];
		int result = 0;

		if (!ended && strcmp(word, "--") == 0)
			ended = true;
		else if (ended || !is_option(word)) {
			if (names > 0)
				names--;
			else
				w->args->words[w->args->len++] = word;
		} else if (word[1] == '-')
			result = take_long(w, word);
		else
			result = take_letters(w, word);
		if (result < 0)
			return -1;
	}
	return 0;
}

static int
check_count(const struct args *a, struct err *err)
{
	const struct ctl_command *c = a->command;

	if (c == NULL || args_has(a, "help"))
		return 0;
	if (a->len < (size_t)c->min)
		return err_set(err, ERR_USAGE, "an argument is missing, expected %s",
		    c->arguments);
	if (c->max >= 0 && a->len > (size_t)c->max)
		return err_set(err, ERR_USAGE, "unexpected argument \"%s\"",
		    a->words[c->max]);
	return 0;
}

int
args_read(struct args *a, char *const *argv, struct err *err)
{
	struct walk w = { .args = a, .err = err, .argv = argv };
	size_t letters = 0, n = 0;

	for (; argv[n] != NULL; n++)
		letters += strlen(argv[n]);
	*a = (struct args){
		.words = mem_zalloc_array(n + 1, sizeof(*a->words)),
		/* No word can hold more options than it has letters. */
		.options = mem_zalloc_array(letters + 1, sizeof(*a->options)),
	};
	if (find_command(a, argv, err) < 0 || take_words(&w) < 0)
		return -1;
	return check_count(a, err);
}

void
args_fini(struct args *a)
{
	mem_free(a->words);
	mem_free(a->options);
	*a = (struct args){ 0 };
}

static const struct ctl_option *
known(const struct args *a, const char *name)
{
	const struct ctl_option *o = option_of(a, name, strlen(name));

	check(o != NULL);
	return o;
}

bool
args_has(const struct args *a, const char *name)
{
	const struct ctl_option *o = known(a, name);

	for (size_t i = 0; i < a->options_len; i++)
		if (a->options[i].option == o)
			return true;
	return false;
}

const char *
args_typed(const struct args *a, const char *name)
{
	const struct ctl_option *o = known(a, name);

	for (size_t i = a->options_len; i > 0; i--)
		if (a->options[i - 1].option == o)
			return a->options[i - 1].value;
	return NULL;
}

const char *
args_value(const struct args *a, const char *name)
{
	const struct ctl_option *o = known(a, name);
	const char *value = args_typed(a, name);

	if (value == NULL && o->env != NULL)
		value = getenv(o->env);
	return value != NULL && *value != '\0' ? value : o->fallback;
}

const char *
args_nth(const struct args *a, const char *name, size_t i)
{
	const struct ctl_option *o = known(a, name);

	for (size_t k = 0; k < a->options_len; k++)
		if (a->options[k].option == o && i-- == 0)
			return a->options[k].value;
	return NULL;
}
