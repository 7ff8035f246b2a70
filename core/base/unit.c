#include <signal.h>
#include <stdio.h>

#include "base/check.h"
#include "base/unit.h"

struct unit_test {
	const char *name;
	void      (*run)(void **);
};

static struct unit_test tests[4096];
static size_t tests_len;
static size_t started, finished;

void
unit_add(const char *name, void (*fn)(void **))
{
	check(tests_len < sizeof(tests) / sizeof(tests[0]));
	tests[tests_len++] = (struct unit_test){ name, fn };
}

/* A test that fails or skips leaves by longjmp and is never counted finished. */
static void
run_counted(void **state)
{
	const struct unit_test *t = *state;

	started++;
	t->run(state);
	finished++;
}

int
main(int argc, char **argv)
{
	static struct CMUnitTest all[sizeof(tests) / sizeof(tests[0])];

	signal(SIGPIPE, SIG_IGN);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	for (size_t i = 0; i < tests_len; i++)
		all[i] = (struct CMUnitTest){ .name = tests[i].name,
			.test_func = run_counted, .initial_state = &tests[i] };
	int failed = _cmocka_run_group_tests(argv[0], all, tests_len, NULL, NULL);

	printf("unit: %zu passed, %d failed, %zu skipped\n", finished, failed,
	    started - finished - (size_t)failed);
	return failed != 0;
}
