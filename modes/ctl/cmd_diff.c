#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/yaml.h"
#include "model/secret.h"
#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/documents.h"
#include "modes/ctl/input.h"
#include "modes/ctl/text_diff.h"

static int diff(struct ctl *);

static const struct ctl_example examples[] = {
	{ "diff -f shop.yaml", "what would apply change?" },
	{ 0 },
};

const struct ctl_command cmd_diff = {
	.name = "diff",
	.arguments = "",
	.needs = "--filename FILE",
	.summary = "show what apply would change",
	.text = "The exit code is 0 if nothing, 1 if something would change, and "
	    "more than 1 if that could not be found out.",
	.options = input_options,
	.examples = examples,
	.run = diff,
};

static int
by_key(const void *a, const void *b)
{
	const struct conf_entry *const *x = a, *const *y = b;

	return slice_cmp((*x)->key, (*y)->key);
}

/* A copy whose maps are in the order of their keys: order is no difference. */
static struct conf_node *
sorted(struct ctl *c, const struct conf_node *n)
{
	size_t len = conf_len(n), i = 0;

	if (n->kind != CONF_MAP && n->kind != CONF_LIST)
		return conf_copy(&c->arena, n);
	const struct conf_entry **v = mem_zalloc_array(len + 1, sizeof(*v));
	struct conf_node *copy = n->kind == CONF_MAP ? conf_map_new(&c->arena) :
	    conf_list_new(&c->arena);

	CONF_FOREACH(e, n)
		v[i++] = e;
	if (n->kind == CONF_MAP)
		qsort(v, len, sizeof(*v), by_key);
	for (i = 0; i < len; i++)
		conf_append(copy, v[i]->key, sorted(c, v[i]->node));
	mem_free(v);
	return copy;
}

/* What people write: without what control adds. */
static void
add_written(struct ctl *c, struct str *out, const struct conf_node *doc)
{
	static const char *const added[] = { "creationTimestamp", "generation",
		"resourceVersion", "uid" };
	struct conf_node *copy = sorted(c, doc);
	struct conf_node *meta = conf_get(copy, "metadata");

	conf_unset(copy, "status");
	for (size_t i = 0; meta != NULL && i < sizeof(added) / sizeof(added[0]); i++)
		conf_unset(meta, added[i]);
	conf_yaml_write(out, copy);
}

/* Values that nobody is shown: only control can tell whether they differ. */
static int
diff_values(struct ctl *c, const struct model_object *o, const char *path,
    bool *differs, struct err *err)
{
	struct conf_node *answer;
	const char *result;

	if (call_api(c, "PUT", call_query(c, path, "dry-run", "true"), o->node,
	    &answer, err) < 0)
		return -1;
	result = conf_get_string(answer, "result");
	if (result != NULL && strcmp(result, "unchanged") != 0) {
		*differs = true;
		input_add_ref(&c->out, o->kind, model_object_name(o));
		str_add(&c->out, ": values differ, which are not shown\n");
	}
	return 0;
}

static int
diff_one(struct ctl *c, const struct model_object *o, bool *differs,
    struct err *err)
{
	const char *path = documents_path(c, o->kind, o->head->meta.namespace,
	    o->head->meta.name);
	struct str before = { 0 }, after = { 0 }, name = { 0 };
	const struct conf_node *shown = o->kind->write_only ?
	    model_secret_shown(o->node, &c->arena) : o->node;
	bool differs_here = false;
	struct conf_node *doc;
	int result = call_api(c, "GET", path, NULL, &doc, err);

	if (result == 0)
		add_written(c, &before, doc);
	else if (err->kind == ERR_NOT_FOUND)
		result = 0;
	if (result == 0) {
		add_written(c, &after, shown);
		input_add_ref(&name, o->kind, model_object_name(o));
		if (text_diff(&c->out, str_slice(&before), str_slice(&after),
		    before.len == 0 ? "/dev/null" : str_ptr(&name), str_ptr(&name),
		    c->term.colour_out))
			differs_here = true;
		*differs |= differs_here;
	}
	if (result == 0 && o->kind->write_only && !differs_here)
		result = diff_values(c, o, path, differs, err);
	str_fini(&before);
	str_fini(&after);
	str_fini(&name);
	return result;
}

static int
diff(struct ctl *c)
{
	struct model_set set;
	struct err err = ERR_INIT;
	bool differs = false;
	int code = input_read(c, &set);

	for (size_t i = 0; i < set.len && code == CTL_OK; i++)
		code = documents_stored(c, set.objects[i]->kind);
	for (size_t i = 0; i < set.len && code == CTL_OK; i++)
		if (diff_one(c, set.objects[i], &differs, &err) < 0)
			code = ctl_fail(c, &err);
	model_set_fini(&set);
	return code == CTL_OK && differs ? CTL_NO : code;
}
