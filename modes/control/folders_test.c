#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/folders.h"

static const struct {
	const char *path, *made, *not_made;
} cases[] = {
	{ "a/b/c", "a/b", "a/b/c" },
	{ "d", ".", "d" },
	{ "e/f/", "e/f", "e/f/x" },
	{ "a/g", "a", "a/g" },
};

TEST(folders_above_a_path_are_made_and_no_more)
{
	char dir[] = "/tmp/mesh-folders-XXXXXX", was[4096];
	struct stat st;

	assert_non_null(getcwd(was, sizeof(was)));
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int absolute = 0; absolute < 2; absolute++) {
			char *path = mem_printf("%s%s%s", absolute ? dir : "",
			    absolute ? "/" : "", cases[i].path);

			folders_make_above(path);
			assert_int_equal(stat(cases[i].made, &st), 0);
			assert_int_equal(stat(cases[i].not_made, &st), -1);
			mem_free(path);
		}
	rmdir("a/b");
	rmdir("a");
	rmdir("e/f");
	rmdir("e");
	assert_int_equal(chdir(was), 0);
	assert_int_equal(rmdir(dir), 0);
}
