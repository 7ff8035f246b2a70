#include "base/unit.h"
#include "upstream/mismatch.h"

static const struct {
	enum cluster_protocol protocol;
	bool                  is_h2;
	enum mismatch_speaker who;
	bool                  fits[5];	/* by enum spoken */
} cases[] = {
	{ CLUSTER_HTTP, false, MISMATCH_CALLER,
	    { true, true, false, false, false } },
	{ CLUSTER_HTTP, true, MISMATCH_CALLER,
	    { true, true, true, false, false } },
	{ CLUSTER_TCP, false, MISMATCH_CALLER,
	    { true, false, false, true, true } },
	{ CLUSTER_AUTO, false, MISMATCH_CALLER,
	    { true, true, true, true, true } },
	{ CLUSTER_HTTP, false, MISMATCH_APPLICATION,
	    { true, true, false, false, false } },
	{ CLUSTER_HTTP, true, MISMATCH_APPLICATION,
	    { true, false, true, false, false } },
	{ CLUSTER_AUTO, true, MISMATCH_APPLICATION,
	    { true, false, true, false, false } },
};

TEST(mismatch_is_what_was_not_declared)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct cluster c = { .protocol = cases[i].protocol,
			.is_h2 = cases[i].is_h2 };

		for (int s = SPOKEN_UNKNOWN; s <= SPOKEN_OTHER; s++)
			assert_int_equal(mismatch_is(&c, cases[i].who,
			    (enum spoken)s), !cases[i].fits[s]);
	}
}

TEST(mismatch_names_the_port)
{
	static const struct { const char *name, *port; } names[] = {
		{ "default/web:80", "80" }, { "default/web:app-8080", "8080" },
		{ "default/web:53/udp", "53" }, { "default/web:app-53/udp", "53" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct cluster c = { .name = slice_str(names[i].name),
			.service = SLICE("default/web") };

		assert_true(slice_is(mismatch_port(&c), names[i].port));
	}
}
