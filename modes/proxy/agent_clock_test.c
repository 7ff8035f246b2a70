#include "base/unit.h"
#include "modes/proxy/agent_clock.h"

TEST(the_clock_is_compared_with_the_date_of_an_answer)
{
	static const struct {
		const char *date;
		int64_t     now, ahead_s;
		bool        is_date;
	} cases[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777, 0, true },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111837, 60, true },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784025377, -86400, true },
		{ "yesterday", 784111777, 0, false },
		{ "", 784111777, 0, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ahead_s;

		assert_int_equal(agent_clock_ahead(slice_str(cases[i].date),
		    cases[i].now, &ahead_s), cases[i].is_date);
		if (cases[i].is_date)
			assert_int_equal(ahead_s, cases[i].ahead_s);
	}
}
