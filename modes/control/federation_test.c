#include "base/unit.h"
#include "modes/control/federation.h"
#include "pki/spiffe_bundle.h"

static const struct {
	uint32_t refresh_s;
	unsigned failures;
	double   r;
	uint64_t ms;
} waits[] = {
	{ 0, 0, 0.0, 300000 },		/* it does not say: five minutes */
	{ 60, 0, 0.0, 60000 },
	{ 60, 0, 0.5, 57000 },		/* never late */
	{ 1, 0, 0.0, 1000 },
	{ 4000000, 0, 0.0, 86400000 },	/* a day, whatever it says */
	{ 300, 1, 0.0, 1000 },
	{ 300, 2, 0.0, 2000 },
	{ 300, 5, 0.0, 16000 },
	{ 300, 5, 0.5, 15200 },
	{ 300, 20, 0.0, 300000 },	/* as often as if all were well */
	{ 300, 4000000, 0.0, 300000 },
	{ 1, 9, 0.0, 1000 },
};

TEST(federation_looks_as_often_as_the_bundle_says_and_sooner_after_failures)
{
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		uint64_t ms = federation_wait_ms(waits[i].refresh_s,
		    waits[i].failures, waits[i].r);

		if (ms != waits[i].ms)
			fail_msg("case %zu: %llu", i, (unsigned long long)ms);
	}
}

/* Sequences; -1: none. */
static const struct {
	int there, fetched;
	int want;
} pairs[] = {
	{ 7, 8, 0 }, { 7, 7, 0 }, { 7, 6, -1 }, { 7, 0, -1 }, { 7, -1, -1 },
	{ -1, 0, 0 }, { -1, -1, 0 }, { 0, 1, 0 },
};

TEST(federation_takes_no_bundle_whose_sequence_went_back)
{
	struct spiffe_bundle now = { .has_sequence = true };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct spiffe_bundle
		    there = { .has_sequence = pairs[i].there >= 0,
			.sequence = (uint64_t)(pairs[i].there < 0 ? 0 :
			    pairs[i].there) },
		    fetched = { .has_sequence = pairs[i].fetched >= 0,
			.sequence = (uint64_t)(pairs[i].fetched < 0 ? 0 :
			    pairs[i].fetched) };

		if (federation_compare(&there, &fetched, &err) != pairs[i].want)
			fail_msg("case %zu: %s", i, err.text);
	}
	assert_int_equal(federation_compare(NULL, &now, &err), 0);
}
