#include <stdint.h>

#include "base/map.h"
#include "base/mem.h"
#include "stat/report.h"
#include "stat/series.h"

struct report {
	struct str *out;
	struct map  strings;	/* text -> its number and one */
	size_t      strings_len;
};

/* The number of a string; the first time its line is written. */
static size_t
string_number(struct report *r, struct slice text)
{
	uintptr_t known = (uintptr_t)map_get(&r->strings, text);

	if (known > 0)
		return known - 1;
	str_addf(r->out, "$%.*s\n", SLICE_ARG(text));
	map_put(&r->strings, text, (void *)(uintptr_t)(r->strings_len + 1));
	return r->strings_len++;
}

static void
add_family(struct str *out, const struct stat_family *f)
{
	str_addf(out, "#%s ", f->name);
	for (size_t i = 0; f->labels[i] != NULL; i++)
		str_addf(out, "%s%s", i == 0 ? "" : ",", f->labels[i]);
	str_add_char(out, '\n');
}

static void
add_buckets(struct str *out, const struct stat_histogram *h)
{
	for (size_t i = 0; i <= h->bounds->len; i++) {
		if (h->buckets[i] == 0)
			continue;
		if (i == h->bounds->len)
			str_add(out, " inf");
		else
			str_addf(out, " %llu",
			    (unsigned long long)h->bounds->at[i]);
		str_addf(out, ":%llu", (unsigned long long)h->buckets[i]);
	}
}

static void
add_series(struct report *r, struct stat_series *s,
    const struct stat_histogram *h, uint64_t value)
{
	size_t numbers[STAT_LABELS_MAX];

	for (size_t i = 0; i < s->labels_len; i++)
		numbers[i] = string_number(r, stat_series_label(s, i));
	for (size_t i = 0; i < s->labels_len; i++)
		str_addf(r->out, "%zu ", numbers[i]);
	str_addf(r->out, "=%llu", (unsigned long long)value);
	if (h != NULL)
		add_buckets(r->out, h);
	str_add_char(r->out, '\n');
}

/* Returns whether it was written. */
static bool
report_series(struct report *r, const struct stat_family *f,
    struct stat_series *s, bool full, bool is_first)
{
	struct stat_histogram hist;
	bool is_histogram = f->type == STAT_HISTOGRAM;

	if (is_histogram)
		stat_series_histogram(s, &hist);
	uint64_t value = is_histogram ? hist.sum : stat_series_raw(s);
	uint64_t seen = is_histogram ? hist.count : value;

	if (seen == 0 || (!full && seen == s->reported))
		return false;
	s->reported = seen;
	if (is_first)
		add_family(r->out, f);
	add_series(r, s, is_histogram ? &hist : NULL, value);
	return true;
}

size_t
stat_report(struct stat_registry *registry, struct slice boot, bool full,
    struct str *out)
{
	struct report r = { .out = out };
	size_t written = 0;

	str_addf(out, "mesh-counters 1 %.*s\n", SLICE_ARG(boot));
	for (size_t i = 0; i < stat_registry_families(registry); i++) {
		const struct stat_family *f = stat_registry_family(registry, i);
		struct stat_series **list;
		size_t before = written;

		if (!f->to_control || f->type == STAT_GAUGE ||
		    f->type == STAT_INFO)
			continue;
		size_t n = stat_series_list(registry, i, &list);

		for (size_t k = 0; k < n; k++) {
			written += report_series(&r, f, list[k], full,
			    written == before);
			stat_series_unref(list[k]);
		}
		mem_free(list);
	}
	map_fini(&r.strings, NULL);
	return written;
}
