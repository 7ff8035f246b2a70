#include <string.h>

#include "conf/yaml.h"
#include "modes/ctl/lesson.h"

/* lesson_text: a lesson as people read it, and may edit it. */

void
lesson_add_row(struct str *out, const struct lesson_row *r)
{
	str_add_printable(out, slice_str(r->caller[0] == '\0' ?
	    "(nobody proven, and so not allowed)" : r->caller));
	str_add(out, r->method[0] == '\0' ? " bytes" : " ");
	str_add_printable(out, slice_str(r->method));
	str_add_char(out, ' ');
	str_add_printable(out, slice_str(r->path));
	str_addf(out, "%sport %u", r->path[0] == '\0' ? "" : " ", r->port);
}

void
lesson_add_meaning(struct str *out, const struct lesson_row *r)
{
	if (r->paths == 0)
		str_add(out, "stands for paths that were seen");
	else
		str_addf(out, "stands for %lld path%s%s that %s seen",
		    (long long)r->paths, r->paths == 1 ? "" : "s",
		    r->has_more_paths ? " or more" : "", r->paths == 1 &&
		    !r->has_more_paths ? "was" : "were");
	for (size_t i = 0; i < LESSON_EXAMPLES && r->examples[i] != NULL; i++) {
		str_add(out, i == 0 ? ", such as " : ", ");
		str_add_printable(out, slice_str(r->examples[i]));
	}
}

static void
add_comments(const struct lesson *l, struct str *out)
{
	for (size_t i = 0; i < l->len; i++) {
		str_add(out, "# ");
		lesson_add_row(out, &l->v[i]);
		if (l->v[i].count == 1)
			str_add(out, ": once, ");
		else
			str_addf(out, ": %lld times, the last ",
			    (long long)l->v[i].count);
		str_addf(out, "%lld s ago\n", (long long)l->v[i].seconds_ago);
	}
	for (size_t i = 0; i < l->coarse_len; i++)
		str_addf(out, "# %s called, and no sidecar knows any more what: "
		    "anything is allowed\n", l->coarse[i]);
	for (size_t i = 0; i < l->left_len; i++) {
		str_add(out, "# left out: ");
		lesson_add_row(out, &l->left[i]);
		str_add(out, ", which ");
		lesson_add_meaning(out, &l->left[i]);
		str_add_char(out, '\n');
	}
	for (size_t i = 0; i < l->left_coarse_len; i++)
		str_addf(out, "# left out: %s, which called, and no sidecar knows "
		    "any more what\n", l->left_coarse[i]);
}

/* An operation, or a path of one: no other item of a list begins so. */
static bool
has_note(struct slice line)
{
	static const char *const starts[] = { "- operation:", "- /", "- \"/",
		"- '/" };
	const struct slice item = slice_trim(line);

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (slice_has_prefix(item, slice_str(starts[i])))
			return true;
	return false;
}

void
lesson_write(const struct lesson *l, const struct conf_node *document,
    struct str *out)
{
	struct str yaml = { 0 };
	struct slice rest, line;
	size_t n = 0;

	add_comments(l, out);
	conf_yaml_write(&yaml, document);
	rest = str_slice(&yaml);
	while (rest.len > 0 && slice_cut(&rest, '\n', &line)) {
		const char *note = has_note(line) && n < l->notes_len ?
		    l->notes[n++] : NULL;

		str_add_slice(out, line);
		if (note != NULL)
			str_addf(out, "  # %s", note);
		str_add_char(out, '\n');
	}
	str_fini(&yaml);
}
