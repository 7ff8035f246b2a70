#include <string.h>

#include "base/manual_test.h"
#include "model/backend_tls_policy.h"
#include "model/control.h"
#include "model/gateway.h"
#include "model/http_filter.h"
#include "model/kind.h"
#include "model/persistence.h"
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

/* What several kinds hold has a section of its own. */
static const struct {
	const struct conf_schema *schema;
	const char               *heading;
} shared[] = {
	{ &model_parent_ref_schema, ".Ss Parents of routes" },
	{ &model_http_backend_ref_schema, ".Ss Backends of routes" },
	{ &model_http_filter_schema, ".Ss Filters of routes" },
	{ &model_grpc_backend_ref_schema, ".Ss Backends of GRPCRoutes" },
	{ &model_grpc_filter_schema, ".Ss Filters of GRPCRoutes" },
	{ &model_listener_schema, ".Ss Listeners" },
	{ &model_persistence_schema, ".Ss Session persistence" },
	{ &model_backend_validation_schema, ".Ss Validation of backends" },
};

static bool
is_shared(const struct conf_schema *schema)
{
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (shared[i].schema == schema)
			return true;
	return false;
}

struct fields {
	const char  *name;		/* of the kind, for people */
	struct slice head, own;		/* sections of the page */
};

static void
expect_fields(const struct fields *f, struct str *path,
    const struct conf_schema *schema)
{
	size_t len = path->len;

	for (const struct conf_field *row = schema->fields; row->name != NULL; row++) {
		str_addf(path, "%s%s", len > 0 ? "." : "", row->name);
		if (!manual_has(is_head(path->ptr) ? f->head : f->own, "Va",
		    path->ptr))
			fail_msg("mesh.yaml.5 has no %s of %s", path->ptr, f->name);
		if (row->schema != NULL && !is_shared(row->schema))
			expect_fields(f, path, row->schema);
		path->len = len;
	}
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
	struct str path = { 0 };
	struct manual m;

	manual_open(&m, "mesh.yaml.5");
	struct slice head = manual_section(&m, ".Ss Fields of every kind");

	for (size_t i = 0; model_kinds[i] != NULL; i++) {
		char heading[64];

		snprintf(heading, sizeof(heading), ".Ss %s", model_kinds[i]->kind);
		struct fields f = { model_kinds[i]->kind, head,
			manual_section(&m, heading) };

		expect_fields(&f, &path, model_kinds[i]->schema);
		manual_check_items(&m, f.own, "Va", is_field, model_kinds[i]->schema);
		manual_check_items(&m, head, "Va", is_field, model_kinds[i]->schema);
	}
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
		struct fields f = { shared[i].heading + 4, head,
			manual_section(&m, shared[i].heading) };

		expect_fields(&f, &path, shared[i].schema);
		manual_check_items(&m, f.own, "Va", is_field, shared[i].schema);
	}
	str_fini(&path);
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
