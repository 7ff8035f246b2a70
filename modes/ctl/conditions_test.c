#include <string.h>

#include "base/unit.h"
#include "conf/json.h"
#include "modes/ctl/conditions.h"

static const struct {
	const char *text, *type, *status;	/* type NULL: refused */
} wishes[] = {
	{ "condition=Programmed", "Programmed", "True" },
	{ "condition=Accepted=False", "Accepted", "False" },
	{ "condition=", NULL, NULL },
	{ "condition=Accepted=", NULL, NULL },
	{ "condition", NULL, NULL },
	{ "Programmed", NULL, NULL },
	{ "state=Online", NULL, NULL },
};

TEST(conditions_wishes_are_read)
{
	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		struct conditions_wish w;
		bool ok = conditions_wish_read(&w, slice_str(wishes[i].text));

		assert_int_equal(ok, wishes[i].type != NULL);
		if (!ok)
			continue;
		assert_true(slice_is(w.type, wishes[i].type));
		assert_true(slice_is(w.status, wishes[i].status));
	}
}

#define META	"\"metadata\":{\"generation\":2},"
#define COND(type, status, reason, gen)					\
	"{\"type\":\"" type "\",\"status\":\"" status "\",\"reason\":\""	\
	reason "\",\"message\":\"m\",\"observedGeneration\":" gen "}"
#define PARENT(name, conditions)					\
	"{\"parentRef\":{\"kind\":\"Service\",\"name\":\"" name "\"},"	\
	"\"conditions\":[" conditions "]}"

static const struct {
	const char *doc, *why, *cell;	/* why NULL: met */
} cases[] = {
	{ "{" META "\"status\":{\"parents\":["
	    PARENT("a", COND("Programmed", "True", "Programmed", "2")) ","
	    PARENT("b", COND("Programmed", "True", "Programmed", "2")) "]}}",
	    NULL, "True" },
	{ "{" META "\"status\":{\"parents\":["
	    PARENT("a", COND("Programmed", "True", "Programmed", "2")) ","
	    PARENT("b", COND("Programmed", "False", "Pending", "2")) "]}}",
	    "Service b: Programmed is False: m", "Pending" },
	{ "{" META "\"status\":{\"parents\":["
	    PARENT("a", COND("Programmed", "True", "Programmed", "1")) "]}}",
	    "Service a: Programmed is True: m", "True" },
	{ "{" META "\"status\":{\"parents\":["
	    PARENT("a", COND("Accepted", "True", "Accepted", "2")) "]}}",
	    "Service a: Programmed is not known", "" },
	{ "{" META "\"status\":{\"conditions\":["
	    COND("Programmed", "True", "Programmed", "2") "],\"listeners\":["
	    "{\"name\":\"l\",\"conditions\":["
	    COND("Programmed", "False", "Pending", "2") "]}]}}",
	    NULL, "True" },
	{ "{" META "\"status\":{\"state\":\"Online\"}}",
	    "it has no condition Programmed", "" },
	{ "{" META "\"spec\":{}}", "it has no condition Programmed", "" },
};

TEST(conditions_are_met_by_all_parents_of_the_present_form)
{
	const struct conditions_wish wish = { SLICE("Programmed"),
		SLICE("True") };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ctl c = { .quiet = true };
		struct err err = ERR_INIT;
		struct str cell = { 0 };
		const char *why;

		arena_init(&c.arena);
		const struct conf_node *doc = conf_json_read(&c.arena,
		    slice_str(cases[i].doc), "test", &err);

		assert_non_null(doc);
		if (conditions_met(&c, doc, &wish, &why) !=
		    (cases[i].why == NULL))
			fail_msg("case %zu: %s", i, why == NULL ? "met" : why);
		if (cases[i].why != NULL)
			assert_string_equal(why, cases[i].why);
		conditions_cell(&cell, doc, "Programmed");
		assert_string_equal(str_ptr(&cell), cases[i].cell);
		str_fini(&cell);
		arena_fini(&c.arena);
	}
}

TEST(conditions_are_a_table_and_leave_the_rest)
{
	struct ctl c = { .headers = true };
	struct err err = ERR_INIT;
	struct str rest = { 0 };

	arena_init(&c.arena);
	struct conf_node *doc = conf_json_read(&c.arena, SLICE("{\"status\":{"
	    "\"conditions\":[" COND("Accepted", "True", "Accepted", "1") "],"
	    "\"listeners\":[{\"name\":\"l\",\"attachedRoutes\":3,\"conditions\":["
	    COND("Programmed", "False", "Pending", "1") "]}]}}"), "test", &err);

	conditions_print(&c, doc);
	assert_string_equal(str_ptr(&c.out), "Conditions:\n"
	    "FOR  CONDITION   STATUS  REASON    MESSAGE\n"
	    "-    Accepted    True    Accepted  m\n"
	    "l    Programmed  False   Pending   m\n");
	conditions_drop(conf_get(doc, "status"));
	conf_json_write(&rest, doc);
	assert_string_equal(str_ptr(&rest), "{\"status\":{\"listeners\":["
	    "{\"name\":\"l\",\"attachedRoutes\":3}]}}");
	str_fini(&rest);
	str_fini(&c.out);
	arena_fini(&c.arena);
}
