#include <stdio.h>
#include <stdlib.h>

#include "cmd/fuzz/fuzz.h"

/*
 * The entry of libFuzzer and of afl++'s driver for it.  The environment says
 * which target it is, because the command line is theirs: FUZZ_TARGET=NAME.
 */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fuzz_target *target;

int
LLVMFuzzerInitialize(int *argc __attribute__((unused)),
    char ***argv __attribute__((unused)))
{
	const char *name = getenv("FUZZ_TARGET");

	target = name != NULL ? fuzz_target_named(name) : NULL;
	if (target == NULL) {
		fprintf(stderr, "fuzz: FUZZ_TARGET must name one of these:\n");
		for (size_t i = 0; i < fuzz_targets_len; i++)
			fprintf(stderr, "  %-12s %s\n", fuzz_targets[i].name,
			    fuzz_targets[i].text);
		exit(64);
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return target->run(data, size);
}
