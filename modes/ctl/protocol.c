#include "conf/nearest.h"
#include "model/service.h"
#include "model/workload.h"
#include "modes/ctl/protocol.h"

#define WORDS_MAX	32

/* Gives how many there are. */
static size_t
words_of(const char *words[WORDS_MAX])
{
	size_t n = 0;

	while (n < WORDS_MAX && (words[n] = model_protocol_word(n)) != NULL)
		n++;
	return n;
}

int
protocol_verify(const char *option, struct slice word, struct err *err)
{
	const char *words[WORDS_MAX];
	size_t n = words_of(words);
	enum model_protocol p;
	struct str list = { 0 };

	if (model_protocol_named(word, &p))
		return 0;
	for (size_t i = 0; i < n; i++)
		str_addf(&list, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " or ",
		    words[i]);
	err_set(err, ERR_USAGE, "--%s: unknown protocol \"%.*s\"; expected %s",
	    option, SLICE_ARG(word), str_ptr(&list));
	str_fini(&list);
	return -1;
}

static void
warn_of(const struct ctl *c, const struct conf_node *node)
{
	const char *words[WORDS_MAX], *near;
	struct slice word = slice_str(conf_string(node));
	enum model_protocol p;
	struct err err = ERR_INIT;

	if (word.len == 0 || slice_find(word, '/') >= 0 ||
	    model_protocol_named(word, &p))
		return;
	near = conf_nearest(word, words, words_of(words));
	if (near == NULL)
		conf_error(node, &err, "protocol \"%.*s\" is carried as tcp",
		    SLICE_ARG(word));
	else
		conf_error(node, &err, "protocol \"%.*s\" is carried as tcp; did "
		    "you mean \"%s\"?", SLICE_ARG(word), near);
	ctl_warn(c, "%s", err.text);
}

void
protocol_warn(const struct ctl *c, const struct model_set *set)
{
	for (size_t i = 0; i < set->len; i++) {
		const struct model_object *o = set->objects[i];
		const char *field = o->kind == &model_service_kind ?
		    "appProtocol" : o->kind == &model_workload_kind ? "protocol" :
		    NULL;

		if (field == NULL)
			continue;
		CONF_FOREACH(e, conf_find(o->node, "spec.ports"))
			warn_of(c, conf_get(e->node, field));
	}
}
