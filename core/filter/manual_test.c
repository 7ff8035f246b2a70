#include "base/manual_test.h"
#include "conf/schema.h"
#include "filter/table.h"

/* The table of filters is held against mesh-filters(7). */

struct config {
	const char  *filter;
	struct slice section;
};

static void
expect_field(void *arg, const char *path, const struct conf_field *field)
{
	const struct config *c = arg;

	(void)field;
	if (!manual_has(c->section, "Va", path))
		fail_msg("mesh-filters.7 has no %s of %s", path, c->filter);
}

static bool
is_field(const void *arg, struct slice name)
{
	const struct conf_schema *schema = arg;
	struct str path = { 0 };

	str_add_slice(&path, name);
	bool found = schema != NULL &&
	    conf_schema_find(schema, str_ptr(&path)) != NULL;

	str_fini(&path);
	return found;
}

static bool
is_filter(struct slice name)
{
	for (const struct filter_row *r = filter_table; r->name != NULL; r++)
		if (slice_is(name, r->name))
			return true;
	return false;
}

TEST(manual_has_every_filter_and_its_config)
{
	struct manual m;

	manual_open(&m, "mesh-filters.7");
	for (const struct filter_row *r = filter_table; r->name != NULL; r++) {
		char heading[64];

		snprintf(heading, sizeof(heading), ".Ss %s", r->name);
		struct config c = { r->name, manual_section(&m, heading) };

		if (r->schema != NULL)
			conf_schema_walk(r->schema, expect_field, &c);
		manual_check_items(&m, c.section, "Va", is_field, r->schema);
	}
	manual_close(&m);
}

TEST(manual_has_no_other_filter)
{
	struct manual m;

	manual_open(&m, "mesh-filters.7");
	struct slice rest = manual_section(&m, ".Sh THE FILTERS"), line;

	while (slice_cut(&rest, '\n', &line))
		if (slice_has_prefix(line, SLICE(".Ss ")) &&
		    !is_filter(slice_from(line, 4)))
			fail_msg("mesh-filters.7 has \"%.*s\", which does not exist",
			    SLICE_ARG(line));
	manual_close(&m);
}
