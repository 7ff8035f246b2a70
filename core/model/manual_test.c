#include <string.h>

#include "base/manual_test.h"
#include "model/control.h"
#include "model/kind.h"
#include "model/proxy.h"

/* The tables of kinds are held against mesh.yaml(5), those of flags as well. */

static bool
is_head(const char *path)
{
	static const char *const head[] = { "apiVersion", "kind", "metadata",
		"status" };

	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		if (strcmp(path, head[i]) == 0)
			return true;
	return strncmp(path, "metadata.", 9) == 0;
}

struct fields {
	const struct model_kind *kind;
	struct slice             head, own;	/* sections of the page */
};

static void
expect_field(void *arg, const char *path, const struct conf_field *field)
{
	const struct fields *f = arg;

	(void)field;
	if (!manual_has(is_head(path) ? f->head : f->own, "Va", path))
		fail_msg("mesh.yaml.5 has no %s of kind %s", path, f->kind->kind);
}

static bool
is_field(const void *arg, struct slice name)
{
	const struct conf_schema *schema = arg;
	struct str path = { 0 };

	str_add_slice(&path, name);
	bool found = conf_schema_find(schema, str_ptr(&path)) != NULL;

	str_fini(&path);
	return found;
}

TEST(manual_has_every_kind_and_field)
{
	struct manual m;

	manual_open(&m, "mesh.yaml.5");
	struct slice head = manual_section(&m, ".Ss Fields of every kind");

	for (size_t i = 0; model_kinds[i] != NULL; i++) {
		char heading[64];

		snprintf(heading, sizeof(heading), ".Ss %s", model_kinds[i]->kind);
		struct fields f = { model_kinds[i], head,
			manual_section(&m, heading) };

		conf_schema_walk(f.kind->schema, expect_field, &f);
		manual_check_items(&m, f.own, "Va", is_field, f.kind->schema);
		manual_check_items(&m, f.head, "Va", is_field, f.kind->schema);
	}
	manual_close(&m);
}

static void
expect_flag(void *arg, const char *flag, const char *value,
    const struct conf_field *field)
{
	const struct manual *m = arg;
	char name[64];

	(void)value;
	(void)field;
	snprintf(name, sizeof(name), "-%s", flag);
	if (!manual_has(manual_section(m, ".Sh OPTIONS"), "Fl", name))
		fail_msg("%s has no -%s", m->page, name);
}

TEST(manual_has_every_flag_of_the_daemons)
{
	struct manual m;

	manual_open(&m, "mesh-proxy.8");
	conf_flags_each(&model_proxy_flags, expect_flag, &m);
	manual_close(&m);
	manual_open(&m, "mesh-control.8");
	conf_flags_each(&model_control_flags, expect_flag, &m);
	manual_close(&m);
}
