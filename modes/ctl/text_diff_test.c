#include "base/unit.h"
#include "modes/ctl/text_diff.h"

static const struct {
	const char *before, *after, *diff;
} cases[] = {
	{ "", "", "" },
	{ "a\nb\n", "a\nb\n", "" },
	{ "", "a\n", "--- x\n+++ y\n@@ -0,0 +1,1 @@\n+a\n" },
	{ "a\n", "", "--- x\n+++ y\n@@ -1,1 +0,0 @@\n-a\n" },
	{ "a\nb\nc\n", "a\nB\nc\n",
	    "--- x\n+++ y\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n" },
	{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n",
	    "--- x\n+++ y\n@@ -7,3 +7,4 @@\n 7\n 8\n 9\n+10\n" },
	/* What lies between two changes parts them only when it is long. */
	{ "a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
	    "--- x\n+++ y\n@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n" },
	{ "a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
	    "--- x\n+++ y\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n"
	    "@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n" },
	/* Moved: as little as can be. */
	{ "a\nb\nc\n", "b\nc\na\n",
	    "--- x\n+++ y\n@@ -1,3 +1,3 @@\n-a\n b\n c\n+a\n" },
};

TEST(text_diff_shows_what_changed)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str out = { 0 };
		bool differs = text_diff(&out, slice_str(cases[i].before),
		    slice_str(cases[i].after), "x", "y", false);

		assert_string_equal(str_ptr(&out), cases[i].diff);
		assert_int_equal(differs, *cases[i].diff != '\0');
		str_fini(&out);
	}
}
