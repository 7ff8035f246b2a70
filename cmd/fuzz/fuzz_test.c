#include "cmd/fuzz/fuzz.h"

#include "base/mem.h"
#include "base/unit.h"
#include "cmd/fuzz/mutate.h"

#define SEEDS	"testdata/fuzz"	/* tests run in the root of the tree */
#define ROUNDS	1500

static void
read_seeds(struct seeds *s, const struct fuzz_target *t)
{
	char *path = mem_printf("%s/%s", SEEDS, t->name);

	if (seeds_read(s, path) != 0)
		fail_msg("%s: no seeds", path);
	assert_true(s->len > 0);
	mem_free(path);
}

static void
run(const struct fuzz_target *t, const struct str *input)
{
	uint8_t *data = (uint8_t *)mem_dup(str_ptr(input), input->len);

	assert_int_equal(t->run(data, input->len), 0);
	mem_free(data);
}

/* A broken promise aborts, which fails the whole program. */
TEST(fuzz_seeds_and_their_mutations_break_no_promise)
{
	for (size_t i = 0; i < fuzz_targets_len; i++) {
		const struct fuzz_target *t = &fuzz_targets[i];
		struct seeds s = { 0 };
		struct str input = { 0 };
		uint64_t state = 1;

		read_seeds(&s, t);
		print_message("%s\n", t->name);
		for (size_t k = 0; k < s.len; k++)
			run(t, &s.v[k]);
		run(t, &input);
		for (int k = 0; k < ROUNDS; k++) {
			mutate(&input, &s, &state);
			run(t, &input);
		}
		str_fini(&input);
		seeds_fini(&s);
	}
}

TEST(fuzz_mutations_are_the_same_each_time_and_differ)
{
	struct seeds s = { 0 };
	struct str a = { 0 }, b = { 0 };
	uint64_t one = 7, two = 7;
	int changed = 0;

	read_seeds(&s, fuzz_target_named("token"));
	for (int k = 0; k < 200; k++) {
		mutate(&a, &s, &one);
		mutate(&b, &s, &two);
		assert_true(slice_eq(str_slice(&a), str_slice(&b)));
		changed += !slice_eq(str_slice(&a), str_slice(&s.v[0]));
	}
	assert_true(changed > 150);
	str_fini(&a);
	str_fini(&b);
	seeds_fini(&s);
}

TEST(fuzz_targets_have_one_name_each)
{
	for (size_t i = 0; i < fuzz_targets_len; i++)
		assert_ptr_equal(fuzz_target_named(fuzz_targets[i].name),
		    &fuzz_targets[i]);
	assert_null(fuzz_target_named("none"));
}
