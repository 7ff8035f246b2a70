#include "base/unit.h"
#include "modes/proxy/affinity.h"

static uint64_t
hash_of(const char *address, const char *workload)
{
	struct err err = ERR_INIT;
	struct addr a;

	assert_int_equal(addr_parse(slice_str(address), &a, &err), 0);
	return affinity_source(&a, slice_str(workload));
}

/* All applications call their sidecars from the same address. */
TEST(affinity_of_this_machine_is_that_of_its_workload)
{
	static const struct {
		const char *a, *workload_a, *b, *workload_b;
		bool        same;
	} cases[] = {
		{ "127.0.0.1:1", "ns/a", "127.0.0.1:2", "ns/a", true },
		{ "127.0.0.1:1", "ns/a", "127.0.0.1:1", "ns/b", false },
		{ "127.0.0.1:1", "", "127.0.0.1:2", "", true },
		{ "10.0.0.1:1", "ns/a", "10.0.0.1:2", "ns/b", true },
		{ "10.0.0.1:1", "ns/a", "10.0.0.2:1", "ns/a", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(hash_of(cases[i].a, cases[i].workload_a) ==
		    hash_of(cases[i].b, cases[i].workload_b), cases[i].same);
}
