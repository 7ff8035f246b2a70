#include "base/unit.h"
#include "stat/report.h"

enum { HITS, TIME, LOCAL, FAMILIES };

static const struct stat_bounds two = { .len = 2, .at = { 500, 2500 } };

static const struct stat_family table[FAMILIES] = {
	[HITS] = {
		.name = "hits_total", .help = "Hits", .type = STAT_COUNTER,
		.labels = { "from", "to" }, .to_control = true,
	},
	[TIME] = {
		.name = "time_seconds", .help = "Time",
		.type = STAT_HISTOGRAM, .unit = STAT_SECONDS,
		.bounds = &two, .labels = { "to" }, .to_control = true,
	},
	[LOCAL] = {
		.name = "local_total", .help = "Local", .type = STAT_COUNTER,
	},
};

struct end {
	struct stat_registry *registry;
	struct stat_worker   *worker;
};

static struct end
end_new(void)
{
	struct stat_registry *r = stat_registry_new(table, FAMILIES);

	return (struct end){ r, stat_worker_new(r) };
}

static void
hit(struct end *e, const char *from, const char *to, uint64_t n)
{
	struct slice values[] = { slice_str(from), slice_str(to) };
	struct stat_series *s = stat_series_get(e->registry, HITS, values);

	stat_counter_add(e->worker, s, n);
	stat_series_unref(s);
}

static void
take(struct end *e, const char *to, uint64_t us)
{
	struct slice values[] = { slice_str(to) };
	struct stat_series *s = stat_series_get(e->registry, TIME, values);

	stat_histogram_add(e->worker, s, us);
	stat_series_unref(s);
}

static void
add_reading(void *ctx, const struct stat_reading *r)
{
	struct str *out = ctx;

	for (size_t i = 0; r->family->labels[i] != NULL; i++)
		str_addf(out, "%.*s ", SLICE_ARG(r->values[i]));
	if (r->hist != NULL)
		str_addf(out, "%d/%d/%d sum %d;", (int)r->hist->buckets[0],
		    (int)r->hist->buckets[1], (int)r->hist->buckets[2],
		    (int)r->hist->sum);
	else
		str_addf(out, "%d;", (int)r->raw);
}

static void
assert_reads(struct end *e, size_t family, const char *want)
{
	struct str out = { 0 };

	stat_read(e->registry, family, add_reading, &out);
	assert_string_equal(str_ptr(&out), want);
	str_fini(&out);
}

static void
send_report(struct end *from, const char *boot, bool full,
    struct stat_feed *feed, struct end *to)
{
	struct str text = { 0 };
	struct err err = ERR_INIT;

	stat_report(from->registry, slice_str(boot), full, &text);
	assert_int_equal(stat_feed_apply(feed, to->worker, str_slice(&text),
	    &err), 0);
	str_fini(&text);
}

TEST(report_golden)
{
	struct end e = end_new();
	struct str text = { 0 };
	struct slice none[] = { SLICE("x"), SLICE("y") };

	hit(&e, "web", "orders", 17);
	hit(&e, "orders", "web", 2);
	take(&e, "orders", 400);
	take(&e, "orders", 2500);
	take(&e, "orders", 9000);
	stat_series_unref(stat_series_get(e.registry, HITS, none));
	assert_int_equal(stat_report(e.registry, SLICE("b1"), true, &text), 3);
	assert_string_equal(str_ptr(&text),
	    "mesh-counters 1 b1\n"
	    "#hits_total from,to\n"
	    "$orders\n$web\n"
	    "0 1 =2\n"
	    "1 0 =17\n"
	    "#time_seconds to\n"
	    "0 =11900 500:1 2500:1 inf:1\n");
	str_clear(&text);
	hit(&e, "orders", "web", 1);
	assert_int_equal(stat_report(e.registry, SLICE("b1"), false, &text), 1);
	assert_string_equal(str_ptr(&text),
	    "mesh-counters 1 b1\n#hits_total from,to\n$orders\n$web\n0 1 =3\n");
	str_fini(&text);
	stat_registry_free(e.registry);
}

TEST(report_feeds_of_several_senders_add_up)
{
	struct end a = end_new(), b = end_new(), sum = end_new();
	struct stat_feed *from_a = stat_feed_new(sum.registry);
	struct stat_feed *from_b = stat_feed_new(sum.registry);

	hit(&a, "web", "orders", 5);
	hit(&b, "web", "orders", 6);
	take(&a, "orders", 10);
	take(&b, "orders", 3000);
	send_report(&a, "a1", true, from_a, &sum);
	send_report(&b, "b1", true, from_b, &sum);
	hit(&a, "web", "orders", 1);
	take(&a, "orders", 2000);
	send_report(&a, "a1", false, from_a, &sum);
	assert_reads(&sum, HITS, "web orders 12;");
	assert_reads(&sum, TIME, "orders 1/1/1 sum 5010;");
	stat_feed_free(from_a);
	stat_feed_free(from_b);
	stat_registry_free(a.registry);
	stat_registry_free(b.registry);
	stat_registry_free(sum.registry);
}

TEST(report_twice_counts_once_and_a_restart_counts_on)
{
	struct end a = end_new(), sum = end_new();
	struct stat_feed *feed = stat_feed_new(sum.registry);

	hit(&a, "web", "orders", 5);
	send_report(&a, "a1", true, feed, &sum);
	send_report(&a, "a1", true, feed, &sum);
	assert_reads(&sum, HITS, "web orders 5;");
	/* The sender starts anew and has counted more than before. */
	stat_registry_free(a.registry);
	a = end_new();
	hit(&a, "web", "orders", 7);
	send_report(&a, "a2", true, feed, &sum);
	assert_reads(&sum, HITS, "web orders 12;");
	stat_feed_free(feed);
	assert_reads(&sum, HITS, "web orders 12;");
	stat_registry_free(a.registry);
	stat_registry_free(sum.registry);
}

TEST(report_of_another_version_is_understood_by_name)
{
	struct end sum = end_new();
	struct stat_feed *feed = stat_feed_new(sum.registry);
	struct err err = ERR_INIT;

	/* Labels in another order, one new, one missing, a family unknown, one
	 * that nobody may send, and boundaries of its own. */
	assert_int_equal(stat_feed_apply(feed, sum.worker, SLICE(
	    "mesh-counters 1 z\n$web\n$orders\n$zone\n"
	    "#hits_total zone,to,from\n2 1 0 =4\n1 1 0 =2\n"
	    "#new_total a\n0 =9\n"
	    "#local_total \n=100\n"
	    "#time_seconds \n=70 400:1 600:2 inf:3\n"), &err), 0);
	assert_reads(&sum, HITS, "web orders 6;");
	assert_reads(&sum, TIME, "unknown 1/2/3 sum 70;");
	assert_reads(&sum, LOCAL, "");
	stat_feed_free(feed);
	stat_registry_free(sum.registry);
}

TEST(report_refuses_what_is_malformed)
{
	static const char *const wrong[] = {
		"",
		"mesh-counters 2 b\n",
		"mesh-counters 1 b\n0 =1\n",
		"mesh-counters 1 b\n#hits_total from,to\n0 1 =1\n",
		"mesh-counters 1 b\n$a\n#hits_total from,to\n0 =1\n",
		"mesh-counters 1 b\n$a\n#hits_total from,to\n0 0 0 =1\n",
		"mesh-counters 1 b\n$a\n#hits_total from,to\n0 0\n",
		"mesh-counters 1 b\n$a\n#hits_total from,to\n0 0 =\n",
		"mesh-counters 1 b\n$a\n#hits_total from,to\n0 0 =-1\n",
		"mesh-counters 1 b\n$a\n#hits_total from,to\n 0 0 =1\n",
		"mesh-counters 1 b\n$a\n#time_seconds to\n0 =1 5\n",
		"mesh-counters 1 b\n$a\n#time_seconds to\n0 =1 x:5\n",
		"mesh-counters 1 b\n$a\n#time_seconds to\n0 =1 5:\n",
		"mesh-counters 1 b\n#hits_total a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,"
		    "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a\n",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct end sum = end_new();
		struct stat_feed *feed = stat_feed_new(sum.registry);
		struct err err = ERR_INIT;

		assert_int_equal(stat_feed_apply(feed, sum.worker,
		    slice_str(wrong[i]), &err), -1);
		assert_int_equal(err.kind, ERR_DATA);
		assert_reads(&sum, HITS, "");
		stat_feed_free(feed);
		stat_registry_free(sum.registry);
	}
}

TEST(report_bounds_what_a_sender_can_make_us_keep)
{
	struct end sum = end_new();
	struct stat_feed *feed = stat_feed_new(sum.registry);
	struct err err = ERR_INIT;
	struct str text = { 0 };

	str_add(&text, "mesh-counters 1 b\n#hits_total from,to\n");
	for (int i = 0; i <= STAT_FEED_SERIES_MAX; i++)
		str_addf(&text, "$s%d\n%d %d =1\n", i, i, i);
	assert_int_equal(stat_feed_apply(feed, sum.worker, str_slice(&text),
	    &err), -1);
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	str_fini(&text);
	stat_feed_free(feed);
	stat_registry_free(sum.registry);
}
