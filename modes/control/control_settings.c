#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/flags.h"
#include "model/set.h"
#include "modes/control/control_settings.h"

/* Options that are no fields: they say what to do, not how to run. */
static const struct own {
	const char *name, *letter, *value, *text;
	size_t      at;		/* const char *, or bool without a value */
} own[] = {
	{ "--config", NULL, "FILE|DIR", "a Control document with these settings",
	    offsetof(struct control_settings, config) },
	{ "--validate", "-t", NULL, "check the settings and exit",
	    offsetof(struct control_settings, validate) },
	{ "--restore", NULL, "FILE", "fill an empty --data-dir from a backup and "
	    "exit", offsetof(struct control_settings, restore) },
	{ "--passphrase-file", NULL, "FILE", "what the backup was locked with",
	    offsetof(struct control_settings, passphrase_file) },
	{ "--help", "-h", NULL, "say this",
	    offsetof(struct control_settings, help) },
};
#define OWN	(sizeof(own) / sizeof(own[0]))

static int
take_value(struct control_settings *s, const struct own *o, const char *value)
{
	memcpy((char *)s + o->at, &value, sizeof(value));
	return 1;
}

/* 1: it was one of ours, *at stands behind it.  0: it is not.  -1: err. */
static int
take_own(struct control_settings *s, int argc, char **argv, int *at,
    struct err *err)
{
	const char *word = argv[*at];

	for (const struct own *o = own; o < own + OWN; o++) {
		size_t len = strlen(o->name);

		if (o->value != NULL && strncmp(word, o->name, len) == 0 &&
		    word[len] == '=') {
			++*at;
			return take_value(s, o, word + len + 1);
		}
		if (strcmp(word, o->name) != 0 &&
		    (o->letter == NULL || strcmp(word, o->letter) != 0))
			continue;
		++*at;
		if (o->value == NULL) {
			*(bool *)((char *)s + o->at) = true;
			return 1;
		}
		if (*at >= argc)
			return err_set(err, ERR_USAGE, "%s needs a value (%s)",
			    word, o->value);
		return take_value(s, o, argv[(*at)++]);
	}
	return 0;
}

static int
unknown(const char *word, struct err *err)
{
	const char *names[OWN + 1] = { NULL };

	for (size_t i = 0; i < OWN; i++)
		names[i] = own[i].name;
	return conf_flags_unknown(&model_control_flags, word, names, err);
}

static int
read_words(struct control_settings *s, int argc, char **argv, struct err *err)
{
	for (int at = 1; at < argc;) {
		int taken = take_own(s, argc, argv, &at, err);

		if (taken == 0)
			taken = conf_flags_take(&model_control_flags, argv, &at,
			    s->flags, err);
		if (taken < 0)
			return -1;
		if (taken == 0)
			return unknown(argv[at], err);
	}
	if ((s->restore == NULL) != (s->passphrase_file == NULL))
		return err_set(err, ERR_USAGE, "--restore and --passphrase-file "
		    "go together");
	return conf_flags_env(&model_control_flags, environ, s->env, err);
}

static struct conf_node *
empty_document(struct arena *a)
{
	struct conf_node *doc = conf_map_new(a);

	conf_set_string(doc, "apiVersion", "mesh/v1");
	conf_set_string(doc, "kind", "Control");
	conf_set_string(conf_set_map(doc, "metadata"), "name", "control");
	return doc;
}

/* The one Control document of --config, copied; or an empty one. */
static struct conf_node *
base_document(struct control_settings *s, const struct model_set *docs,
    struct err *err)
{
	const struct model_object *from = NULL;

	if (docs->faults_len > 0) {
		*err = docs->faults[0].err;
		return NULL;
	}
	for (size_t i = 0; i < docs->len; i++) {
		if (docs->objects[i]->kind != &model_control_kind)
			continue;
		if (from != NULL) {
			conf_error(docs->objects[i]->node, err,
			    "a second Control document, expected one");
			return NULL;
		}
		from = docs->objects[i];
	}
	if (from == NULL && s->config != NULL) {
		err_set(err, ERR_DATA, "%s: expected a Control document, found "
		    "none", s->config);
		return NULL;
	}
	return from == NULL ? empty_document(&s->arena) :
	    conf_copy(&s->arena, from->node);
}

static int
read_object(struct control_settings *s, struct err *err)
{
	struct model_set docs;
	struct conf_node *doc, *spec;

	model_set_init(&docs, MODEL_STRICT, NULL);
	if (s->config != NULL)
		model_set_read(&docs, s->config, false);
	doc = base_document(s, &docs, err);
	if (doc != NULL) {
		spec = conf_get(doc, "spec");
		if (spec == NULL)
			spec = conf_set_map(doc, "spec");
		conf_overlay(spec, s->env);
		conf_overlay(spec, s->flags);
		s->object = model_object_read(doc, MODEL_STRICT, NULL, err);
	}
	model_set_fini(&docs);
	if (s->object == NULL)
		return -1;
	s->spec = &model_control(s->object)->spec;
	return 0;
}

int
control_settings_read(struct control_settings *s, int argc, char **argv,
    struct err *err)
{
	*s = (struct control_settings){ 0 };
	arena_init(&s->arena);
	s->flags = conf_map_new(&s->arena);
	s->env = conf_map_new(&s->arena);
	if (read_words(s, argc, argv, err) < 0)
		return -1;
	return s->help ? 0 : read_object(s, err);
}

void
control_settings_fini(struct control_settings *s)
{
	model_object_unref(s->object);
	arena_fini(&s->arena);
	*s = (struct control_settings){ 0 };
}

static void
print_line(const char *flag, const char *value, const char *text,
    const char *fallback)
{
	char left[64];

	snprintf(left, sizeof(left), "%s%s%s", flag, *value ? " " : "", value);
	printf("  %-30s %s", left, text);
	if (fallback != NULL)
		printf(" (%s)", fallback);
	putchar('\n');
}

static void
print_flag(void *arg, const char *flag, const char *value,
    const struct conf_field *field)
{
	char name[48];

	(void)arg;
	snprintf(name, sizeof(name), "--%s", flag);
	print_line(name, value, field->text, field->fallback);
}

void
control_settings_usage(void)
{
	fputs("usage: mesh control [--data-dir DIR] [OPTION...]\n"
	    "       mesh control --restore FILE --passphrase-file FILE "
	    "--data-dir DIR\n\n", stdout);
	for (const struct own *o = own; o < own + OWN; o++)
		print_line(o->name, o->value == NULL ? "" : o->value, o->text,
		    NULL);
	conf_flags_each(&model_control_flags, print_flag, NULL);
	fputs("\nEach setting is also a variable MESH_CONTROL_... and a field of "
	    "kind Control.\nmesh-control(8) says more.\n", stdout);
}
