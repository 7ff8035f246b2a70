#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/capability.h"
#include "base/unit.h"
#include "base/walls.h"
#include "stat/metrics.h"
#include "stat/text.h"

enum { HITS, OPEN, TIME, BYTES, BUILD, UNUSED, FAMILIES };

static const struct stat_bounds two = { .len = 2, .at = { 500, 2500000 } };

static const struct stat_family table[FAMILIES] = {
	[HITS] = {
		.name = "x_hits_total", .help = "Hits of \"x\"\\y",
		.type = STAT_COUNTER, .labels = { "who", "code" },
	},
	[OPEN] = {
		.name = "x_open", .help = "Open now", .type = STAT_GAUGE,
	},
	[TIME] = {
		.name = "x_time_seconds", .help = "Time",
		.type = STAT_HISTOGRAM, .unit = STAT_SECONDS,
		.bounds = &two, .labels = { "who" },
	},
	[BYTES] = {
		.name = "x_bytes", .help = "Size",
		.type = STAT_HISTOGRAM, .unit = STAT_BYTES, .bounds = &two,
	},
	[BUILD] = {
		.name = "x_build_info", .help = "Build", .type = STAT_INFO,
		.labels = { "version" },
	},
	[UNUSED] = {
		.name = "x_unused_total", .help = "Unused", .type = STAT_COUNTER,
	},
};

static const char prometheus[] =
"# HELP x_hits_total Hits of \"x\"\\\\y\n"
"# TYPE x_hits_total counter\n"
"x_hits_total{who=\"a\\\\b\\\"c\",code=\"200\"} 3\n"
"x_hits_total{who=\"z\"} 12345678901234\n"
"# HELP x_open Open now\n"
"# TYPE x_open gauge\n"
"x_open -1.25\n"
"# HELP x_time_seconds Time\n"
"# TYPE x_time_seconds histogram\n"
"x_time_seconds_bucket{who=\"w\",le=\"0.0005\"} 1\n"
"x_time_seconds_bucket{who=\"w\",le=\"2.5\"} 2\n"
"x_time_seconds_bucket{who=\"w\",le=\"+Inf\"} 3\n"
"x_time_seconds_sum{who=\"w\"} 4.0006\n"
"x_time_seconds_count{who=\"w\"} 3\n"
"# HELP x_bytes Size\n"
"# TYPE x_bytes histogram\n"
"x_bytes_bucket{le=\"500\"} 1\n"
"x_bytes_bucket{le=\"2500000\"} 1\n"
"x_bytes_bucket{le=\"+Inf\"} 1\n"
"x_bytes_sum 500\n"
"x_bytes_count 1\n"
"# HELP x_build_info Build\n"
"# TYPE x_build_info gauge\n"
"x_build_info{version=\"1\"} 1\n";

static const char openmetrics[] =
"# TYPE x_hits counter\n"
"# HELP x_hits Hits of \\\"x\\\"\\\\y\n"
"x_hits_total{who=\"a\\\\b\\\"c\",code=\"200\"} 3\n"
"x_hits_total{who=\"z\"} 12345678901234\n"
"# TYPE x_open gauge\n"
"# HELP x_open Open now\n"
"x_open -1.25\n"
"# TYPE x_time_seconds histogram\n"
"# UNIT x_time_seconds seconds\n"
"# HELP x_time_seconds Time\n"
"x_time_seconds_bucket{who=\"w\",le=\"0.0005\"} 1\n"
"x_time_seconds_bucket{who=\"w\",le=\"2.5\"} 2\n"
"x_time_seconds_bucket{who=\"w\",le=\"+Inf\"} 3\n"
"x_time_seconds_sum{who=\"w\"} 4.0006\n"
"x_time_seconds_count{who=\"w\"} 3\n"
"# TYPE x_bytes histogram\n"
"# UNIT x_bytes bytes\n"
"# HELP x_bytes Size\n"
"x_bytes_bucket{le=\"500.0\"} 1\n"
"x_bytes_bucket{le=\"2500000.0\"} 1\n"
"x_bytes_bucket{le=\"+Inf\"} 1\n"
"x_bytes_sum 500\n"
"x_bytes_count 1\n"
"# TYPE x_build info\n"
"# HELP x_build Build\n"
"x_build_info{version=\"1\"} 1\n"
"# EOF\n";

static struct stat_registry *
filled(void)
{
	struct stat_registry *r = stat_registry_new(table, FAMILIES);
	struct stat_worker *w = stat_worker_new(r);
	struct stat_series *s;
	static const struct {
		size_t      family;
		const char *labels[2];
		uint64_t    add[3];
	} adds[] = {
		{ HITS, { "z", "" }, { UINT64_C(12345678901234) } },
		{ HITS, { "a\\b\"c", "200" }, { 3 } },
		{ TIME, { "w" }, { 500, 501, 3999599 } },
		{ BYTES, { NULL }, { 500 } },
		{ BUILD, { "1" }, { 0 } },
	};

	for (size_t i = 0; i < sizeof(adds) / sizeof(adds[0]); i++) {
		struct slice values[] = {
			slice_str(adds[i].labels[0]), slice_str(adds[i].labels[1]),
		};

		s = stat_series_get(r, adds[i].family, values);
		for (size_t k = 0; k < 3 && adds[i].add[k] > 0; k++) {
			if (table[adds[i].family].type == STAT_HISTOGRAM)
				stat_histogram_add(w, s, adds[i].add[k]);
			else
				stat_counter_add(w, s, adds[i].add[k]);
		}
		stat_series_unref(s);
	}
	s = stat_series_get(r, OPEN, NULL);
	stat_gauge_add(w, s, -3);
	stat_gauge_set(s, 1.75);
	stat_series_unref(s);
	return r;
}

TEST(text_prometheus_golden)
{
	struct stat_registry *r = filled();
	struct str out = { 0 };

	stat_render(r, STAT_PROMETHEUS, &out);
	assert_string_equal(str_ptr(&out), prometheus);
	assert_non_null(strstr(stat_content_type(STAT_PROMETHEUS), "0.0.4"));
	str_fini(&out);
	stat_registry_free(r);
}

TEST(text_openmetrics_golden)
{
	struct stat_registry *r = filled();
	struct str out = { 0 };

	stat_render(r, STAT_OPENMETRICS, &out);
	assert_string_equal(str_ptr(&out), openmetrics);
	assert_non_null(strstr(stat_content_type(STAT_OPENMETRICS),
	    "openmetrics-text; version=1.0.0"));
	str_fini(&out);
	stat_registry_free(r);
}

/* One series of every family there is, as one scrape shows them. */
static void
add_one_of_each(struct stat_registry *r, struct stat_worker *w)
{
	struct slice values[STAT_LABELS_MAX];

	for (size_t i = 0; i < STAT_LABELS_MAX; i++)
		values[i] = SLICE("some \"value\"\\");
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		struct stat_series *s = stat_series_get(r, i, values);

		if (metrics[i].type == STAT_HISTOGRAM)
			stat_histogram_add(w, s, 12345);
		else if (metrics[i].type == STAT_COUNTER)
			stat_counter_add(w, s, 1);
		stat_series_unref(s);
	}
	metrics_add_process(r, "proxy", "0.1", "abc", 1700000000);
}

TEST(text_promtool_finds_nothing_to_say)
{
	struct stat_registry *r = stat_registry_new(metrics, METRIC_COUNT);
	struct str out = { 0 };

	if (system("command -v promtool >/dev/null") != 0) {
		stat_registry_free(r);
		skip();
	}
	add_one_of_each(r, stat_worker_new(r));
	stat_render(r, STAT_PROMETHEUS, &out);
	FILE *promtool = popen("promtool check metrics 2>&1", "w");

	assert_non_null(promtool);
	assert_int_equal(fwrite(out.ptr, 1, out.len, promtool), out.len);
	int status = pclose(promtool);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	str_fini(&out);
	stat_registry_free(r);
}

TEST(text_walls_are_shown_as_they_stand)
{
	static const struct {
		struct walls walls;
		const char  *shown;
	} rows[] = {
		{ { .has_seccomp = true, .has_landlock = true,
		    .has_locks = true, .files = { -1, 7 } },
		    "seccomp=\"on\",landlock=\"7\",capabilities=\"none\",keys=\"locked\"" },
		{ { .capabilities = CAPABILITY_BIND_LOW, .has_seccomp = true },
		    "seccomp=\"on\",landlock=\"off\","
		    "capabilities=\"NET_BIND_SERVICE\",keys=\"swappable\"" },
		{ { .capabilities = CAPABILITY_CHOWN | CAPABILITY_BIND_LOW },
		    "seccomp=\"off\",landlock=\"off\",capabilities=\"some\"" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stat_registry *r = stat_registry_new(metrics,
		    METRIC_COUNT);
		struct str out = { 0 };

		metrics_add_walls(r, &rows[i].walls);
		stat_registry_expire(r, 0);
		stat_registry_expire(r, STAT_IDLE_MS);
		stat_render(r, STAT_PROMETHEUS, &out);
		assert_non_null(strstr(out.ptr, rows[i].shown));
		str_fini(&out);
		stat_registry_free(r);
	}
}

TEST(text_process_metrics_say_something)
{
	struct stat_registry *r = stat_registry_new(metrics, METRIC_COUNT);
	struct str out = { 0 };

	metrics_add_process(r, "proxy", "0.1", "abc", 1700000000);
	/* What keeps no reference by labels lives on. */
	stat_registry_expire(r, 0);
	stat_registry_expire(r, STAT_IDLE_MS);
	stat_render(r, STAT_PROMETHEUS, &out);
	assert_non_null(strstr(out.ptr, "mesh_build_info{mode=\"proxy\","
	    "version=\"0.1\",commit=\"abc\"} 1\n"));
	assert_non_null(strstr(out.ptr, "process_start_time_seconds 1700000000\n"));
	assert_non_null(strstr(out.ptr, "\nprocess_resident_memory_bytes "));
	assert_null(strstr(out.ptr, "process_resident_memory_bytes 0\n"));
	assert_null(strstr(out.ptr, "process_open_fds 0\n"));
	assert_null(strstr(out.ptr, "process_max_fds 0\n"));
	str_fini(&out);
	stat_registry_free(r);
}
