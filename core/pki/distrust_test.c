#include "base/unit.h"
#include "pki/distrust.h"

TEST(distrust_table_is_complete_and_unique)
{
	for (int i = 0; i < DISTRUST_COUNT; i++) {
		assert_non_null(distrust_name((enum distrust)i));
		assert_non_null(distrust_sentence((enum distrust)i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(
			    distrust_name((enum distrust)i),
			    distrust_name((enum distrust)j));
	}
}
