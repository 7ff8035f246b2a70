#include <sys/resource.h>

#include "base/descriptors.h"
#include "base/unit.h"

TEST(descriptors_are_raised_to_what_is_allowed)
{
	struct rlimit before, low, now;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = (struct rlimit){ 64, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	descriptors_raise();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(now.rlim_cur == before.rlim_max);
	assert_true(now.rlim_max == before.rlim_max);
}
