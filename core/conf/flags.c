#include <stdio.h>
#include <string.h>

#include "conf/flags.h"
#include "conf/nearest.h"
#include "conf/scalar.h"

#define NAME_MAX_LEN	64

static const struct conf_flag *
row_of(const struct conf_flags *flags, const struct conf_field *f)
{
	const struct conf_flag *row = flags->rows;

	while (row != NULL && row->field != NULL && strcmp(row->field, f->name) != 0)
		row++;
	return row == NULL || row->field == NULL ? NULL : row;
}

static bool
has_flag(const struct conf_flags *flags, const struct conf_field *f)
{
	return row_of(flags, f) != NULL || (f->type != CONF_STRUCT_T &&
	    f->type != CONF_POINTER_T && f->type != CONF_PAIRS_T &&
	    f->type != CONF_ANY_T);
}

/* tokenFile: token-file, or TOKEN_FILE for the environment. */
static void
name_of(const struct conf_flags *flags, const struct conf_field *f, bool env,
    char out[NAME_MAX_LEN])
{
	const struct conf_flag *row = row_of(flags, f);
	const char *from = row == NULL ? f->name : row->flag;
	size_t n = 0;

	for (; *from != '\0' && n + 2 < NAME_MAX_LEN; from++) {
		bool upper = *from >= 'A' && *from <= 'Z';
		bool lower = *from >= 'a' && *from <= 'z';

		if (upper || *from == '-')
			out[n++] = env ? '_' : '-';
		if (*from != '-')
			out[n++] = (char)(upper && !env ? *from | 0x20 :
			    lower && env ? *from & ~0x20 : *from);
	}
	out[n] = '\0';
}

static const char *
value_of(const struct conf_field *f)
{
	static const char *const by_type[] = { [CONF_INT_T] = "N",
		[CONF_PORT_T] = "PORT", [CONF_DURATION_T] = "DURATION",
		[CONF_BYTES_T] = "SIZE", [CONF_TIME_T] = "TIME",
		[CONF_ENUM_T] = "WORD", [CONF_PORT_OR_NAME_T] = "PORT",
		[CONF_BOOL_T] = "", [CONF_STRING_T] = NULL };
	static const char *const by_pattern[CONF_SECRET_KEY + 1] = {
		[CONF_PATH] = "PATH",
		[CONF_HOST_PORT] = "HOST:PORT", [CONF_LISTEN] = "ADDRESS:PORT",
		[CONF_SERVICE_NAME] = "NAMESPACE/NAME", [CONF_HOST] = "HOST",
		[CONF_IP] = "ADDRESS", [CONF_CIDR] = "RANGE" };

	if (f->type != CONF_STRING_T)
		return by_type[f->type];
	return by_pattern[f->pattern] == NULL ? "TEXT" : by_pattern[f->pattern];
}

void
conf_flags_each(const struct conf_flags *flags, conf_flags_fn *fn, void *arg)
{
	char name[NAME_MAX_LEN];

	for (const struct conf_field *f = flags->schema->fields; f->name; f++) {
		const struct conf_flag *row = row_of(flags, f);

		if (!has_flag(flags, f))
			continue;
		name_of(flags, f, false, name);
		fn(arg, name, row == NULL ? value_of(f) : row->value, f);
	}
}

/* Where a text comes from and where it goes. */
struct source {
	const struct conf_flags *flags;
	const char              *name;	/* "--token-file" */
	struct conf_node        *into;
	struct err              *err;
};

/* One value as a node that says where it came from. */
static struct conf_node *
value_node(const struct source *s, const struct conf_field *f, struct slice text)
{
	struct arena *a = s->into->items.arena;
	struct conf_node *n = conf_string_new(a, text);

	if (f->type != CONF_STRING_T && f->type != CONF_ENUM_T)
		conf_scalar_resolve(n);
	n->file = arena_strdup(a, s->name);
	return n;
}

static int
set_field(const struct source *s, const struct conf_field *f, struct slice text)
{
	const struct conf_flag *row = row_of(s->flags, f);
	struct conf_node *list = conf_get(s->into, f->name);

	if (row != NULL)
		return row->add(s->into, text, s->err) == 0 ? 0 :
		    err_wrap(s->err, "%s", s->name);
	if (!f->list) {
		conf_set(s->into, f->name, value_node(s, f, text));
		return 0;
	}
	if (list == NULL)
		list = conf_set_list(s->into, f->name);
	conf_add(list, value_node(s, f, text));
	return 0;
}

static const struct conf_field *
field_of(const struct conf_flags *flags, struct slice flag)
{
	char name[NAME_MAX_LEN];

	for (const struct conf_field *f = flags->schema->fields; f->name; f++) {
		name_of(flags, f, false, name);
		if (has_flag(flags, f) && slice_is(flag, name))
			return f;
	}
	return NULL;
}

int
conf_flags_take(const struct conf_flags *flags, char *const *argv, int *at,
    struct conf_node *into, struct err *err)
{
	struct slice rest = slice_str(argv[*at]), flag;
	char name[NAME_MAX_LEN + 3];
	struct source s = { flags, name, into, err };

	if (!slice_has_prefix(rest, SLICE("--")))
		return 0;
	rest = slice_from(rest, 2);
	slice_cut(&rest, '=', &flag);
	const struct conf_field *f = field_of(flags, flag);

	if (f == NULL)
		return 0;
	snprintf(name, sizeof(name), "--%.*s", SLICE_ARG(flag));
	(*at)++;
	if (rest.ptr == NULL && f->type == CONF_BOOL_T)
		rest = SLICE("true");
	if (rest.ptr == NULL) {
		if (argv[*at] == NULL)
			return err_set(err, ERR_USAGE, "%s: expected a value behind it",
			    name);
		rest = slice_str(argv[(*at)++]);
	}
	return set_field(&s, f, rest) < 0 ? -1 : 1;
}

static const char *
env_value(char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; *env != NULL; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

int
conf_flags_env(const struct conf_flags *flags, char *const *env,
    struct conf_node *into, struct err *err)
{
	char full[2 * NAME_MAX_LEN], name[NAME_MAX_LEN];
	struct source s = { flags, full, into, err };

	for (const struct conf_field *f = flags->schema->fields; f->name; f++) {
		name_of(flags, f, true, name);
		snprintf(full, sizeof(full), "%s%s", flags->env, name);
		const char *value = has_flag(flags, f) ? env_value(env, full) : NULL;
		bool many = f->list || f->type == CONF_PAIRS_T;
		struct slice rest = slice_str(value), part = rest;

		if (value == NULL || *value == '\0')
			continue;
		while (many ? slice_cut(&rest, ',', &part) : rest.ptr != NULL) {
			if (set_field(&s, f, part) < 0)
				return -1;
			if (!many)
				break;
		}
	}
	return 0;
}

void
conf_overlay(struct conf_node *map, const struct conf_node *from)
{
	CONF_FOREACH(e, from)
		conf_set(map, e->key.ptr, e->node);
}

struct names {
	const char  *v[128];
	size_t       len;
	struct arena arena;
};

static void
add_name(void *arg, const char *flag, const char *value,
    const struct conf_field *field)
{
	struct names *n = arg;

	(void)value;
	(void)field;
	if (n->len < sizeof(n->v) / sizeof(n->v[0]))
		n->v[n->len++] = arena_printf(&n->arena, "--%s", flag);
}

int
conf_flags_unknown(const struct conf_flags *flags, const char *word,
    const char *const *more, struct err *err)
{
	struct names names = { .len = 0 };
	const char *near;

	arena_init(&names.arena);
	for (; *more != NULL && names.len < sizeof(names.v) /
	    sizeof(names.v[0]); more++)
		names.v[names.len++] = *more;
	conf_flags_each(flags, add_name, &names);
	near = conf_nearest(slice_str(word), names.v, names.len);
	if (near == NULL)
		err_set(err, ERR_USAGE, "unknown option \"%s\"", word);
	else
		err_set(err, ERR_USAGE, "unknown option \"%s\"; did you mean "
		    "%s?", word, near);
	arena_fini(&names.arena);
	return -1;
}
