#include <string.h>

#include "base/unit.h"
#include "model/inert.h"
#include "model/model_test.h"

static const struct model_kind *
kind_of(const char *kind)
{
	for (size_t i = 0; model_kinds[i] != NULL; i++)
		if (strcmp(model_kinds[i]->kind, kind) == 0)
			return model_kinds[i];
	return NULL;
}

TEST(inert_fields_are_fields_of_their_kinds)
{
	for (const struct model_inert_field *f = model_inert_fields; f->kind != NULL;
	    f++) {
		const struct model_kind *k = kind_of(f->kind);

		if (k == NULL || conf_schema_find(k->schema, f->path) == NULL)
			fail_msg("%s has no %s", f->kind, f->path);
		for (const struct model_inert_field *g = model_inert_fields; g != f;
		    g++)
			if (strcmp(f->kind, g->kind) == 0 &&
			    strcmp(f->path, g->path) == 0)
				fail_msg("%s %s stands twice", f->kind, f->path);
	}
}

static void
note(void *arg, const struct model_inert_field *f, const char *path,
    const struct conf_node *n)
{
	(void)f;
	str_addf(arg, "%u:%s ", n->line, path);
}

TEST(inert_fields_are_found_where_they_are_set)
{
	struct str found = { 0 };
	struct model_object *o = object_from(
	    "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n"
	    "  trafficDistribution: PreferClose\n  internalTrafficPolicy: Cluster\n"
	    "  externalIPs:\n  - 10.0.0.1\n  ports: [{port: 80}]\n");

	model_inert(o, note, &found);
	assert_string_equal(str_ptr(&found), "5:spec.trafficDistribution "
	    "8:spec.externalIPs ");
	model_object_unref(o);
	str_clear(&found);
	o = object_from("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
	    "metadata: {name: a}\naddressType: IPv4\nendpoints:\n"
	    "- addresses: [10.0.0.1]\n  conditions: {serving: true}\n"
	    "- addresses: [10.0.0.2]\n  conditions: {serving: false}\n");
	model_inert(o, note, &found);
	assert_string_equal(str_ptr(&found), "9:endpoints[1].conditions.serving ");
	model_object_unref(o);
	str_fini(&found);
}
