#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

void
check_failed(const char *cond, const char *file, int line)
{
	fprintf(stderr, "mesh: bug at %s:%d: %s\n", file, line, cond);
	abort();
}
