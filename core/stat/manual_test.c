#include "base/manual_test.h"
#include "stat/metrics.h"

/* The table of families is held against mesh-metrics(7). */

static bool
is_family(const void *arg, struct slice name)
{
	(void)arg;
	for (size_t i = 0; i < METRIC_COUNT; i++)
		if (slice_is(name, metrics[i].name))
			return true;
	return false;
}

/* The lines below the item of a family, up to the next. */
static struct slice
item_of(struct slice section, const char *name)
{
	struct slice line, word;
	const char *from = NULL;

	while (slice_cut(&section, '\n', &line)) {
		bool is_item = manual_item(line, "Li", &word);

		if (from != NULL && (is_item || slice_is(line, ".El")))
			return slice_of(from, (size_t)(line.ptr - from));
		if (is_item && slice_is(word, name))
			from = section.ptr;
	}
	return SLICE_NONE;
}

static bool
has_label(struct slice item, const char *label)
{
	struct slice line, word;

	while (slice_cut(&item, '\n', &line))
		if (slice_cut(&line, ' ', &word) && slice_is(word, ".Va") &&
		    slice_cut(&line, ' ', &word) && slice_is(word, label))
			return true;
	return false;
}

TEST(manual_has_every_metric_and_label)
{
	struct manual m;

	manual_open(&m, "mesh-metrics.7");
	struct slice section = manual_section(&m, ".Sh METRICS");

	for (size_t i = 0; i < METRIC_COUNT; i++) {
		struct slice item = item_of(section, metrics[i].name);

		if (item.ptr == NULL)
			fail_msg("mesh-metrics.7 has no %s", metrics[i].name);
		for (size_t k = 0; metrics[i].labels[k] != NULL; k++)
			if (!has_label(item, metrics[i].labels[k]))
				fail_msg("mesh-metrics.7 has no label %s of %s",
				    metrics[i].labels[k], metrics[i].name);
	}
	manual_check_items(&m, section, "Li", is_family, NULL);
	manual_close(&m);
}
