#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/unit.h"
#include "model/set.h"

static void
assert_set(struct model_set *s, const char *expected)
{
	struct str out = { 0 };

	for (size_t i = 0; i < s->len; i++)
		str_addf(&out, "%s\n", s->objects[i]->key);
	for (size_t i = 0; i < s->faults_len; i++)
		str_addf(&out, "%s\n", s->faults[i].err.text);
	assert_string_equal(str_ptr(&out), expected);
	str_fini(&out);
}

TEST(set_one_bad_document_harms_only_itself)
{
	struct model_set s;

	model_set_init(&s, MODEL_STRICT, "shop");
	model_set_read_text(&s, slice_str(
	    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
	    "---\na: [\n"
	    "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {}\n"
	    "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
	    "spec: {ports: [{port: 80}]}\n"
	    "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
	    "spec: {ports: [{port: 81}]}\n"), "f.yaml", CONF_YAML);
	assert_set(&s, "/core/namespaces/-/shop\n/core/services/shop/web\n"
	    "f.yaml:6:1: invalid YAML: did not find expected node content while "
	    "parsing a flow node that begins in line 6\n"
	    "f.yaml:10:7: spec.ports: expected at least one port\n"
	    "f.yaml:17:1: Service shop/web stands twice, first at f.yaml:12\n");
	assert_non_null(model_set_find(&s, "/core/services/shop/web"));
	assert_null(model_set_find(&s, "/core/services/shop/we"));
	model_set_fini(&s);
}

TEST(set_stops_at_the_thousandth_fault)
{
	struct str text = { 0 };
	struct model_set s;

	for (int i = 0; i < 5000; i++)
		str_add(&text, "a: [\n---\n");
	model_set_init(&s, MODEL_STRICT, NULL);
	model_set_read_text(&s, str_slice(&text), "f.yaml", CONF_YAML);
	model_set_read(&s, "/nonexistent.yaml", false);
	assert_int_equal(s.faults_len, MODEL_FAULTS_MAX);
	assert_int_equal(s.len, 0);
	model_set_fini(&s);
	str_fini(&text);
}

TEST(set_takes_a_list_apart)
{
	struct model_set s;

	model_set_init(&s, MODEL_STRICT, NULL);
	model_set_read_text(&s, SLICE("{\"apiVersion\":\"v1\",\"kind\":\"List\","
	    "\"items\":[{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":"
	    "{\"name\":\"a\"}},{\"apiVersion\":\"v1\",\"kind\":\"Namespace\","
	    "\"metadata\":{\"name\":\"b\"}},{\"apiVersion\":\"v1\",\"kind\":"
	    "\"Service\",\"metadata\":{\"name\":\"c\"}}]}"), "l.json", CONF_JSON);
	assert_set(&s, "/core/namespaces/-/a\n/core/namespaces/-/b\n"
	    "l.json:1:216: metadata: the required field \"namespace\" is missing\n");
	model_set_fini(&s);
}

static void
put_file(const char *dir, const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	mem_free(path);
}

#define NAMESPACE(name)							\
	"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\""	\
	name "\"}}"

TEST(set_reads_directories_in_order)
{
	char dir[] = "/tmp/model-set-XXXXXX", *below, *command;
	struct model_set s;

	assert_non_null(mkdtemp(dir));
	below = mem_printf("%s/sub", dir);
	assert_int_equal(mkdir(below, 0700), 0);
	put_file(dir, "b.json", NAMESPACE("b"));
	put_file(dir, "a.yaml", NAMESPACE("a"));
	put_file(dir, "c.yml", NAMESPACE("c"));
	put_file(dir, "notes.txt", "not a document");
	put_file(dir, ".hidden.yaml", "a: [");
	put_file(below, "d.yaml", NAMESPACE("d"));
	model_set_init(&s, MODEL_STRICT, NULL);
	model_set_read(&s, dir, false);
	assert_set(&s, "/core/namespaces/-/a\n/core/namespaces/-/b\n"
	    "/core/namespaces/-/c\n");
	model_set_fini(&s);
	model_set_init(&s, MODEL_STRICT, NULL);
	model_set_read(&s, dir, true);
	model_set_read(&s, "/nonexistent.yaml", true);
	assert_set(&s, "/core/namespaces/-/a\n/core/namespaces/-/b\n"
	    "/core/namespaces/-/c\n/core/namespaces/-/d\n"
	    "/nonexistent.yaml: no such file\n");
	model_set_fini(&s);
	command = mem_printf("rm -r %s", dir);
	assert_int_equal(system(command), 0);
	mem_free(command);
	mem_free(below);
}
