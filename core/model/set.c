#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "model/set.h"

#define DEEPEST_DIRECTORY	16

void
model_set_init(struct model_set *s, enum model_read how, const char *namespace)
{
	*s = (struct model_set){ .how = how, .namespace = namespace };
}

void
model_set_fini(struct model_set *s)
{
	for (size_t i = 0; i < s->len; i++)
		model_object_unref(s->objects[i]);
	mem_free(s->objects);
	mem_free(s->faults);
	map_fini(&s->by_key, NULL);
	*s = (struct model_set){ 0 };
}

static bool
is_full(const struct model_set *s)
{
	return s->faults_len >= MODEL_FAULTS_MAX;
}

static void
add_fault(struct model_set *s, const struct err *err)
{
	if (is_full(s))
		return;
	if (s->faults_len == s->faults_cap) {
		s->faults_cap = s->faults_cap == 0 ? 4 : s->faults_cap * 2;
		s->faults = mem_realloc(s->faults,
		    s->faults_cap * sizeof(*s->faults));
	}
	s->faults[s->faults_len++].err = *err;
}

struct model_object *
model_set_find(const struct model_set *s, const char *key)
{
	return map_get(&s->by_key, slice_str(key));
}

struct model_object *
model_set_add(struct model_set *s, struct model_object *o, struct err *err)
{
	const struct model_object *first = model_set_find(s, o->key);

	if (first != NULL) {
		conf_error(o->node, err, "%s %s stands twice, first at %s:%u",
		    o->kind->kind, model_object_name(o),
		    first->node->file == NULL ? "" : first->node->file,
		    first->node->line);
		return NULL;
	}
	if (s->len == s->cap) {
		s->cap = s->cap == 0 ? 16 : s->cap * 2;
		s->objects = mem_realloc(s->objects, s->cap * sizeof(*s->objects));
	}
	map_put(&s->by_key, slice_str(o->key), o);
	return s->objects[s->len++] = model_object_ref(o);
}

static void
add_document(struct model_set *s, const struct conf_node *doc)
{
	struct err err = ERR_INIT;
	struct model_object *o = model_object_read(doc, s->how, s->namespace, &err);

	if (o == NULL || model_set_add(s, o, &err) == NULL)
		add_fault(s, &err);
	model_object_unref(o);
}

static bool
is_list(const struct conf_node *doc)
{
	return slice_is(slice_str(conf_get_string(doc, "kind")), "List") &&
	    slice_is(slice_str(conf_get_string(doc, "apiVersion")), "v1");
}

void
model_set_read_text(struct model_set *s, struct slice text, const char *file,
    enum conf_format format)
{
	struct arena arena = { 0 };
	struct conf_stream stream;
	struct conf_node *doc;
	struct err err;
	int result;

	conf_stream_init(&stream, text, file, format);
	while (!is_full(s) &&
	    (result = conf_stream_next(&stream, &arena, &doc, &err)) != 0) {
		if (result < 0)
			add_fault(s, &err);
		else if (!is_list(doc))
			add_document(s, doc);
		else
			CONF_FOREACH(e, conf_get(doc, "items"))
				add_document(s, e->node);
		arena_reset(&arena);
	}
	arena_fini(&arena);
}

static void
read_file(struct model_set *s, const char *path)
{
	struct err err = ERR_INIT;
	struct str text = { 0 };

	if (conf_file_read(path, &text, &err) < 0)
		add_fault(s, &err);
	else
		model_set_read_text(s, str_slice(&text), path,
		    conf_format_of(path, str_slice(&text)));
	str_fini(&text);
}

static bool
has_document_name(const char *name)
{
	struct slice s = slice_str(name);

	return name[0] != '.' && (slice_has_suffix(s, SLICE(".yaml")) ||
	    slice_has_suffix(s, SLICE(".yml")) ||
	    slice_has_suffix(s, SLICE(".json")));
}

static void
read_path(struct model_set *s, const char *path, unsigned depth, unsigned deepest)
{
	struct dirent **names;
	struct err err = ERR_INIT;
	int n = scandir(path, &names, NULL, alphasort);

	if (n < 0) {
		err_errno(&err, "%s", path);
		add_fault(s, &err);
		return;
	}
	for (int i = 0; i < n; i++) {
		char *below = mem_printf("%s/%s", path, names[i]->d_name);
		struct stat st;
		bool is_dir = stat(below, &st) == 0 && S_ISDIR(st.st_mode);

		if (!is_dir && has_document_name(names[i]->d_name))
			read_file(s, below);
		else if (is_dir && names[i]->d_name[0] != '.' && depth < deepest)
			read_path(s, below, depth + 1, deepest);
		mem_free(below);
		free(names[i]);
	}
	free(names);
}

void
model_set_read(struct model_set *s, const char *path, bool recursive)
{
	struct stat st;

	if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		read_path(s, path, 0, recursive ? DEEPEST_DIRECTORY : 0);
	else
		read_file(s, path);
}
