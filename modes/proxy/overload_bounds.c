#include <sys/resource.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modes/proxy/overload_bounds.h"

#define CGROUPS		"/sys/fs/cgroup"
#define MEMORY_PERCENT	90	/* of what the cgroup allows */

/* A file of one number; UINT64_MAX if it is not there, or "max". */
static uint64_t
read_number(const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned long long n;
	uint64_t out = UINT64_MAX;

	if (f == NULL)
		return out;
	if (fscanf(f, "%llu", &n) == 1)
		out = n;
	fclose(f);
	return out;
}

/* Our group of version 2, "/a/b"; "" if there is none. */
static void
find_group(char *out, size_t size)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[1024];

	out[0] = '\0';
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::/", 4) == 0)
			snprintf(out, size, "%s", line + 3);
	}
	if (f != NULL)
		fclose(f);
}

uint64_t
overload_group_memory(void)
{
	char group[1024], path[1200], *end;
	uint64_t least = UINT64_MAX;

	find_group(group, sizeof(group));
	/* Each group's limit holds for those below it. */
	while (group[0] != '\0') {
		uint64_t n;

		snprintf(path, sizeof(path), "%s%s/memory.max", CGROUPS, group);
		n = read_number(path);
		least = n < least ? n : least;
		end = strrchr(group, '/');
		*end = '\0';
	}
	return least == UINT64_MAX ? 0 : least;
}

struct overload_settings
overload_bounds(const struct model_overload *from)
{
	struct overload_settings set = { { 0 } };
	struct rlimit files;

	set.bounds[OVERLOAD_LAG] = (uint64_t)from->lag_ms * 1000;
	set.bounds[OVERLOAD_MEMORY] = from->memory > 0 ?
	    (uint64_t)from->memory :
	    overload_group_memory() / 100 * MEMORY_PERCENT;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 &&
	    files.rlim_cur != RLIM_INFINITY)
		set.bounds[OVERLOAD_DESCRIPTORS] = files.rlim_cur *
		    (uint64_t)from->descriptors_percent / 100;
	return set;
}
