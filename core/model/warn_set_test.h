#ifndef MODEL_WARN_SET_TEST_H
#define MODEL_WARN_SET_TEST_H

#include "base/str.h"
#include "base/unit.h"
#include "model/warn.h"

/* warn_set_test: for tests of warn's parts, what is said of documents as text. */

/* For the one named "p": the text without "t:LINE:COLUMN: ". */
static inline void
warn_set_note(void *arg, const struct model_object *o, const char *text)
{
	struct slice rest = slice_str(text), part;

	assert_string_equal(o->head->meta.name, "p");
	for (int i = 0; i < 3; i++)
		assert_true(slice_cut(&rest, ':', &part));
	str_addf(arg, "%.*s", SLICE_ARG(slice_from(rest, 1)));
}

/* want: what note, whose arg is a str, makes of all warnings; NULL: none. */
static inline void
warn_set_says(const char *yaml, unsigned flags, model_warn_fn *note,
    const char *want)
{
	struct model_set set;
	struct str out = { 0 };

	model_set_init(&set, MODEL_STRICT, "default");
	model_set_read_text(&set, slice_str(yaml), "t", CONF_YAML);
	if (set.faults_len > 0)
		fail_msg("%s", set.faults[0].err.text);
	model_warn(&set, flags, note, &out);
	assert_string_equal(out.len == 0 ? "" : str_ptr(&out),
	    want == NULL ? "" : want);
	str_fini(&out);
	model_set_fini(&set);
}

#endif
