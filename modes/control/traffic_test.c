#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/traffic.h"

#define WORKLOADS "direction,source_namespace,source_service,"		\
    "destination_namespace,destination_service,source_workload,"	\
    "destination_workload,protocol,response_code"
#define SERVICES "direction,source_namespace,source_service,"		\
    "destination_namespace,destination_service"

/* What a proxy would say of web calling pay. */
static void
report(struct traffic *t, const char *sender, const char *direction, int good,
    int bad, uint64_t now_ms)
{
	char *text = mem_printf("mesh-counters 1 BOOT\n$%s\n$default\n$web\n"
	    "$pay\n$http\n$200\n$503\n$w\n"
	    "#mesh_requests_total " WORKLOADS "\n"
	    "0 1 2 1 3 7 7 4 5 =%d\n0 1 2 1 3 7 7 4 6 =%d\n"
	    "#mesh_request_duration_seconds " SERVICES "\n"
	    "0 1 2 1 3 =%d 10000:%d\n", direction, good, bad, good * 9000, good);
	struct err err = ERR_INIT;

	assert_int_equal(traffic_apply(t, slice_str(sender), slice_str(text),
	    now_ms, &err), 0);
	mem_free(text);
}

/* requests of the only row; -1: there is none. */
static int64_t
requests(struct traffic *t, int64_t *success)
{
	struct conf_node *list;
	int64_t n = -1;
	struct arena a;

	arena_init(&a);
	list = conf_list_new(&a);
	traffic_write(t, list);
	assert_true(conf_len(list) <= 1);
	if (conf_len(list) == 1) {
		const struct conf_node *row = conf_at(list, 0);

		assert_string_equal(conf_get_string(row, "source"),
		    "default/web");
		assert_string_equal(conf_get_string(row, "destination"),
		    "default/pay");
		n = conf_get_int(row, "requests", -1);
		*success = conf_get_int(row, "success", -1);
	}
	arena_fini(&a);
	return n;
}

TEST(traffic_counts_what_is_new_within_the_window)
{
	struct traffic *t = traffic_new();
	int64_t success;

	traffic_tick(t, 1000);
	/* A life before we heard of it is no traffic of ours. */
	report(t, "default/web-1", "outbound", 1000, 50, 2000);
	traffic_tick(t, 6000);
	assert_int_equal(requests(t, &success), -1);
	report(t, "default/web-1", "outbound", 1090, 60, 7000);
	report(t, "default/web-1", "outbound", 1090, 60, 7001);	/* again */
	traffic_tick(t, 11000);
	assert_int_equal(requests(t, &success), 100);
	assert_int_equal(success, 90);
	/* And then it passes out of the window. */
	for (uint64_t now = 16000; now <= 90000; now += 5000)
		traffic_tick(t, now);
	assert_int_equal(requests(t, &success), -1);
	traffic_free(t);
}

TEST(traffic_of_two_sidecars_counts_once)
{
	struct traffic *t = traffic_new();
	int64_t success;

	traffic_tick(t, 1000);
	report(t, "default/pay-1", "inbound", 0, 0, 2000);
	report(t, "default/web-1", "outbound", 0, 0, 2000);
	traffic_tick(t, 6000);
	report(t, "default/pay-1", "inbound", 90, 0, 7000);
	report(t, "default/web-1", "outbound", 90, 10, 7000);
	traffic_tick(t, 11000);
	/* The caller knows of those that never arrived. */
	assert_int_equal(requests(t, &success), 100);
	assert_int_equal(success, 90);
	traffic_free(t);
}

TEST(traffic_from_outside_is_told_by_the_callee)
{
	struct traffic *t = traffic_new();
	struct err err = ERR_INIT;
	int64_t success;

	traffic_tick(t, 1000);
	report(t, "default/pay-1", "inbound", 5, 0, 2000);
	traffic_tick(t, 6000);
	report(t, "default/pay-1", "inbound", 12, 1, 7000);
	traffic_tick(t, 11000);
	assert_int_equal(requests(t, &success), 8);
	assert_int_equal(traffic_apply(t, SLICE("x"), SLICE("nonsense"), 1,
	    &err), -1);
	traffic_free(t);
}
