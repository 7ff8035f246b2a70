#include "base/unit.h"
#include "modes/control/identity.h"

/* A certificate of 1000 to 87400, to be renewed at 50000. */
static const struct {
	const char *what;
	int64_t     now;
	uint64_t    wait_ms;
} looks[] = {
	{ "just issued", 1000, 60000 },
	{ "long before", 40000, 60000 },
	{ "a minute before", 49940, 60000 },
	{ "soon", 49941, 59000 },
	{ "a second before", 49999, 1000 },
	{ "in time", 50000, 0 },
	{ "the clock leapt ahead, past its end", 90000, 0 },
	{ "the clock leapt back, before its beginning", 999, 0 },
	{ "the clock was never set", 0, 0 },
};

TEST(identity_looks_at_the_wall_clock_again_and_again)
{
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
		if (identity_wait_ms(1000, 50000, looks[i].now) !=
		    looks[i].wait_ms)
			fail_msg("%s", looks[i].what);
}
