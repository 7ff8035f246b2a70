#include <ctype.h>

#include "base/unit.h"
#include "stat/metrics.h"

static bool
is_name(const char *s)
{
	if (!islower((unsigned char)s[0]))
		return false;
	for (; *s != '\0'; s++)
		if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) &&
		    *s != '_')
			return false;
	return true;
}

static bool
ends_with(struct slice s, const char *suffix)
{
	return slice_has_suffix(s, slice_str(suffix));
}

TEST(metrics_names_follow_the_rules)
{
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		const struct stat_family *f = &metrics[i];
		struct slice name = slice_str(f->name);

		assert_non_null(f->name);
		assert_true(is_name(f->name));
		assert_int_equal(ends_with(name, "_total"),
		    f->type == STAT_COUNTER);
		assert_int_equal(ends_with(name, "_info"), f->type == STAT_INFO);
		if (f->type == STAT_COUNTER)
			name.len -= 6;
		assert_int_equal(ends_with(name, "_seconds"),
		    f->unit == STAT_SECONDS);
		assert_int_equal(ends_with(name, "_bytes"),
		    f->unit == STAT_BYTES);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(f->name, metrics[k].name);
	}
}

TEST(metrics_help_is_one_sentence)
{
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		struct slice help = slice_str(metrics[i].help);

		assert_true(help.len > 5 && help.len < 80);
		assert_true(isupper((unsigned char)metrics[i].help[0]));
		assert_false(ends_with(help, "."));
	}
}

TEST(metrics_labels_are_names_and_differ)
{
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		const char *const *labels = metrics[i].labels;

		assert_null(labels[STAT_LABELS_MAX]);
		for (size_t k = 0; labels[k] != NULL; k++) {
			assert_true(is_name(labels[k]));
			assert_string_not_equal(labels[k], "le");
			for (size_t l = 0; l < k; l++)
				assert_string_not_equal(labels[k], labels[l]);
		}
	}
}

/* What changes from request to request would multiply the buckets. */
TEST(metrics_histograms_have_no_workload_code_or_reason)
{
	static const char *const forbidden[] = {
		"source_workload", "destination_workload", "response_code",
		"response_flags", "reason",
	};

	for (size_t i = 0; i < METRIC_COUNT; i++) {
		if (metrics[i].type != STAT_HISTOGRAM)
			continue;
		assert_non_null(metrics[i].bounds);
		for (size_t k = 0; metrics[i].labels[k] != NULL; k++)
			for (size_t l = 0; l < 5; l++)
				assert_string_not_equal(metrics[i].labels[k],
				    forbidden[l]);
	}
}

TEST(metrics_labels_of_a_service_are_its_two_parts)
{
	static const struct {
		const char *service, *ns, *name;
	} cases[] = {
		{ "shop/web", "shop", "web" }, { "shop/a/b", "shop", "a/b" },
		{ "web", NULL, NULL }, { "/web", NULL, NULL },
		{ "", NULL, NULL }, { NULL, NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool known = cases[i].ns != NULL;
		struct slice v[2];

		assert_int_equal(metric_service(v, slice_str(cases[i].service)),
		    known);
		assert_true(slice_is(v[0], known ? cases[i].ns : METRIC_UNKNOWN));
		assert_true(slice_is(v[1], known ? cases[i].name :
		    METRIC_UNKNOWN));
	}
}
