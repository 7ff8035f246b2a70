#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "conf/nearest.h"
#include "modes/ctl/input.h"

const struct ctl_option input_options[] = {
	INPUT_OPTIONS,
	{ 0 },
};

int
input_read(struct ctl *c, struct model_set *set)
{
	const char *path;
	size_t i = 0;

	model_set_init(set, MODEL_STRICT, ctl_value(c, "namespace"));
	if (args_nth(&c->args, "filename", 0) == NULL)
		return ctl_misused(c, "say which documents, with -f FILE");
	while ((path = args_nth(&c->args, "filename", i++)) != NULL)
		model_set_read(set, path, ctl_has(c, "recursive"));
	int code = CTL_OK;

	for (size_t k = 0; k < set->faults_len; k++) {
		int fault = ctl_fail(c, &set->faults[k].err);

		if (code == CTL_OK)
			code = fault;
	}
	if (set->faults_len >= MODEL_FAULTS_MAX)
		ctl_warn(c, "stopped reading after %d faults", MODEL_FAULTS_MAX);
	if (code == CTL_OK && set->len == 0) {
		struct err err = ERR_INIT;

		err_set(&err, ERR_DATA, "%s: no documents; expected YAML or JSON "
		    "with apiVersion, kind and metadata",
		    args_nth(&c->args, "filename", 0));
		return ctl_fail(c, &err);
	}
	return code;
}

void
input_add_ref(struct str *out, const struct model_kind *k, const char *name)
{
	const char *slash = strchr(name, '/');

	for (const char *p = k->kind; *p != '\0'; p++)
		str_add_char(out, (char)tolower((unsigned char)*p));
	str_addf(out, "/%s", slash == NULL ? name : slash + 1);
}

static int
no_kind(struct ctl *c, const char *word)
{
	size_t kinds = 0, n = 0;

	while (model_kinds[kinds] != NULL)
		kinds++;
	const char **names = mem_zalloc_array(3 * kinds, sizeof(*names));

	for (size_t i = 0; i < kinds; i++) {
		names[n++] = model_kinds[i]->kind;
		names[n++] = model_kinds[i]->plural;
		if (model_kinds[i]->short_name != NULL)
			names[n++] = model_kinds[i]->short_name;
	}
	const char *near = conf_nearest(slice_str(word), names, n);

	mem_free(names);
	if (strchr(word, ',') != NULL)
		return ctl_misused(c, "unknown kind \"%s\"; name one kind at a "
		    "time", word);
	if (strcmp(word, "all") == 0)
		return ctl_misused(c, "unknown kind \"all\"; name one kind: `mesh "
		    "ctl explain` lists them");
	if (near == NULL)
		return ctl_misused(c, "unknown kind \"%s\"", word);
	return ctl_misused(c, "unknown kind \"%s\"; did you mean \"%s\"?", word,
	    near);
}

/* "httproutes.gateway.networking.k8s.io" too, if that is its group. */
static const struct model_kind *
find_kind(struct ctl *c, const char *word)
{
	const char *dot = strchr(word, '.');
	const struct model_kind *k = model_kind_named(dot == NULL ? word :
	    arena_printf(&c->arena, "%.*s", (int)(dot - word), word));

	return k == NULL || dot == NULL || strcmp(k->group, dot + 1) == 0 ? k :
	    NULL;
}

int
input_kind(struct ctl *c, const struct model_kind **kind, size_t *first)
{
	const char *word = ctl_word(c, 0);
	const char *slash = strchr(word, '/');
	char *name = slash == NULL ? arena_strdup(&c->arena, word) :
	    arena_printf(&c->arena, "%.*s", (int)(slash - word), word);

	*kind = find_kind(c, name);
	*first = slash == NULL ? 1 : 0;
	if (*kind == NULL)
		return no_kind(c, name);
	for (size_t i = *first; i < c->args.len; i++) {
		const char *at = strchr(ctl_word(c, i), '/');

		if ((at != NULL) != (slash != NULL) || (slash != NULL &&
		    strncmp(word, ctl_word(c, i), (size_t)(slash - word) + 1) != 0))
			return ctl_misused(c,
			    "name one kind: KIND NAME... or KIND/NAME...");
		if (strchr(at == NULL ? ctl_word(c, i) : at + 1, '/') != NULL ||
		    *input_name(c, i) == '\0')
			return ctl_misused(c, "\"%s\" is not a name; give the "
			    "namespace with -n", ctl_word(c, i));
	}
	return CTL_OK;
}

const char *
input_name(const struct ctl *c, size_t i)
{
	const char *slash = strchr(ctl_word(c, i), '/');

	return slash == NULL ? ctl_word(c, i) : slash + 1;
}
