#include <stdio.h>
#include <string.h>

#include "base/build.h"
#include "base/unit.h"

TEST(build_version_has_three_numbers)
{
	unsigned a, b, c;
	int end = 0;

	assert_int_equal(sscanf(build_version(), "%u.%u.%u%n", &a, &b, &c, &end), 3);
	assert_int_equal((size_t)end, strlen(build_version()));
}

TEST(build_commit_is_a_hash_or_unknown)
{
	const char *commit = build_commit();
	size_t len = strspn(commit, "0123456789abcdef");

	if (strcmp(commit, "unknown") != 0)
		assert_true(len >= 7 && (commit[len] == '\0' ||
		    strcmp(commit + len, "+changes") == 0));
}
