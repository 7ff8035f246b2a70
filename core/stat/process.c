#include <sys/resource.h>
#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/walls.h"
#include "stat/metrics.h"

static double
cpu_seconds(void *ctx)
{
	struct rusage used;

	(void)ctx;
	getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	    (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* The second number of /proc/self/statm is resident pages. */
uint64_t
metrics_process_memory(void)
{
	char text[128];
	char *second;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	strtoul(text, &second, 10);
	return strtoul(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static double
resident_bytes(void *ctx)
{
	(void)ctx;
	return (double)metrics_process_memory();
}

static uint64_t
count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t n = 0;

	if (dir == NULL)
		return 0;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n > 3 ? n - 3 : 0;	/* ".", ".." and the one that reads */
}

/* Since Linux 6.2 the size of that directory is their number. */
uint64_t
metrics_process_fds(void)
{
	struct stat st;

	if (stat("/proc/self/fd", &st) == 0 && st.st_size > 0)
		return (uint64_t)st.st_size;
	return count_fds();
}

static double
open_fds(void *ctx)
{
	(void)ctx;
	return (double)metrics_process_fds();
}

static double
max_fds(void *ctx)
{
	struct rlimit limit;

	(void)ctx;
	getrlimit(RLIMIT_NOFILE, &limit);
	return (double)limit.rlim_cur;
}

static double
log_lines_dropped(void *ctx)
{
	(void)ctx;
	return (double)log_dropped();
}

/* Series without labels live as long as the registry: no reference is kept. */
static void
add_sample(struct stat_registry *r, enum metric family, double (*fn)(void *))
{
	struct stat_series *s = stat_series_get(r, family, NULL);

	stat_series_sample(s, fn, NULL);
	stat_series_unref(s);
}

void
metrics_add_process(struct stat_registry *r, const char *mode,
    const char *version, const char *commit, int64_t started_s)
{
	struct slice build[] = {
		slice_str(mode), slice_str(version), slice_str(commit),
	};
	struct stat_series *s;

	/* This reference stays, so that the series does not expire. */
	stat_series_get(r, METRIC_BUILD_INFO, build);
	s = stat_series_get(r, METRIC_PROCESS_START_TIME, NULL);
	stat_gauge_set(s, (double)started_s);
	stat_series_unref(s);
	add_sample(r, METRIC_LOG_DROPPED, log_lines_dropped);
	add_sample(r, METRIC_PROCESS_CPU, cpu_seconds);
	add_sample(r, METRIC_PROCESS_MEMORY, resident_bytes);
	add_sample(r, METRIC_PROCESS_FDS, open_fds);
	add_sample(r, METRIC_PROCESS_MAX_FDS, max_fds);
}

void
metrics_add_walls(struct stat_registry *r, const struct walls *w)
{
	char abi[16] = "off";

	if (w->has_landlock)
		snprintf(abi, sizeof(abi), "%d", w->files.abi);
	stat_series_get(r, METRIC_WALLS_INFO, (struct slice[]){
	    slice_str(w->has_seccomp ? "on" : "off"), slice_str(abi),
	    slice_str(walls_capabilities(w)),
	    slice_str(w->has_locks ? "locked" : "swappable") });
}
