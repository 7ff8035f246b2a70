#include <signal.h>

#include "base/check.h"
#include "base/unit.h"

static struct CMUnitTest tests[4096];
static size_t tests_len;

void
unit_add(const char *name, void (*fn)(void **))
{
	check(tests_len < sizeof(tests) / sizeof(tests[0]));
	tests[tests_len++] = (struct CMUnitTest){ .name = name, .test_func = fn };
}

int
main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return _cmocka_run_group_tests(argv[0], tests, tests_len, NULL, NULL) != 0;
}
