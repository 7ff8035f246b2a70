#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/traffic_window.h"

#define WORKLOADS "direction,source_namespace,source_service,"		\
    "destination_namespace,destination_service,source_workload,"	\
    "destination_workload,protocol,response_code"
#define SERVICES "direction,source_namespace,source_service,"		\
    "destination_namespace,destination_service"

#define LONG_MS	3600000	/* a life from before all windows */

/* Of web calling pay. */
static char *
counters_text(const char *direction, int good, int bad)
{
	return mem_printf("mesh-counters 1 BOOT\n$%s\n$default\n$web\n"
	    "$pay\n$http\n$200\n$503\n$w\n"
	    "#mesh_requests_total " WORKLOADS "\n"
	    "0 1 2 1 3 7 7 4 5 =%d\n0 1 2 1 3 7 7 4 6 =%d\n"
	    "#mesh_request_duration_seconds " SERVICES "\n"
	    "0 1 2 1 3 =%d 10000:%d\n", direction, good, bad, good * 9000, good);
}

/* What a proxy of that age would say. */
static void
report_aged(struct traffic *t, uint64_t uptime_ms, const char *sender,
    const char *direction, int good, int bad, uint64_t now_ms)
{
	char *text = counters_text(direction, good, bad);
	const struct slice services[] = { slice_is(slice_str(direction),
	    "inbound") ? SLICE("pay") : SLICE("web") };
	const struct traffic_report r = {
		.sender = slice_str(sender), .ns = SLICE("default"),
		.services = services, .services_len = 1,
		.counters = slice_str(text), .uptime_ms = uptime_ms,
	};
	struct err err = ERR_INIT;

	assert_int_equal(traffic_apply(t, &r, now_ms, &err), 0);
	mem_free(text);
}

static void
report(struct traffic *t, const char *sender, const char *direction, int good,
    int bad, uint64_t now_ms)
{
	report_aged(t, LONG_MS, sender, direction, good, bad, now_ms);
}

/* requests of the only row; -1: there is none. */
static int64_t
requests(struct traffic *t, uint64_t now_ms, int64_t *success)
{
	struct conf_node *list;
	int64_t n = -1;
	struct arena a;

	arena_init(&a);
	list = conf_list_new(&a);
	traffic_write(t, now_ms, list, NULL);
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
	assert_int_equal(requests(t, 6000, &success), -1);
	report(t, "default/web-1", "outbound", 1090, 60, 7000);
	report(t, "default/web-1", "outbound", 1090, 60, 7001);	/* again */
	traffic_tick(t, 11000);
	assert_int_equal(requests(t, 11000, &success), 100);
	assert_int_equal(success, 90);
	/* And then it passes out of the window. */
	for (uint64_t now = 16000; now <= 90000; now += 5000)
		traffic_tick(t, now);
	assert_int_equal(requests(t, 90000, &success), -1);
	traffic_free(t);
}

/* Of 200 with each of these, which are good for gRPC. */
TEST(traffic_of_grpc_succeeds_by_its_status)
{
	static const struct {
		const char *grpc_status;
		int64_t     success;
	} cases[] = {
		{ "", 10 }, { "0", 10 }, { "5", 10 }, { "7", 10 },
		{ "unknown", 10 }, { "2", 0 }, { "14", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct slice service = SLICE("web");
		struct traffic *t = traffic_new();
		struct err err = ERR_INIT;
		int64_t success;

		traffic_tick(t, 1000);
		for (int n = 0; n <= 10; n += 10) {
			char *text = mem_printf("mesh-counters 1 BOOT\n"
			    "$outbound\n$default\n$web\n$pay\n$grpc\n$200\n$%s\n"
			    "#mesh_requests_total " WORKLOADS ",grpc_status\n"
			    "0 1 2 1 3 5 5 4 5 6 =%d\n", cases[i].grpc_status,
			    n);
			const struct traffic_report r = {
				.sender = SLICE("default/web-1"),
				.ns = SLICE("default"), .services = &service,
				.services_len = 1, .counters = slice_str(text),
				.uptime_ms = LONG_MS,
			};

			assert_int_equal(traffic_apply(t, &r, 2000 +
			    (uint64_t)n * 500, &err), 0);
			traffic_tick(t, 6000 + (uint64_t)n * 500);
			mem_free(text);
		}
		assert_int_equal(requests(t, 11000, &success), 10);
		if (success != cases[i].success)
			fail_msg("\"%s\": %lld", cases[i].grpc_status,
			    (long long)success);
		traffic_free(t);
	}
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
	assert_int_equal(requests(t, 11000, &success), 100);
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
	assert_int_equal(requests(t, 11000, &success), 8);
	assert_int_equal(traffic_apply(t, &(struct traffic_report){
		.sender = SLICE("x"), .counters = SLICE("nonsense") }, 1,
	    &err), -1);
	traffic_free(t);
}

TEST(traffic_from_before_the_first_report_counts_if_it_is_young)
{
	static const struct {
		uint64_t uptime_ms;	/* at 20000, shown since 1000 */
		int64_t  requests;
	} v[] = {
		{ 0, -1 }, { 5000, 50 }, { 19000, 50 }, { 19001, -1 },
		{ LONG_MS, -1 },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct traffic *t = traffic_new();
		int64_t success;

		for (uint64_t now = 1000; now < 20000; now += 5000)
			traffic_tick(t, now);
		report_aged(t, v[i].uptime_ms, "default/web-1", "outbound", 45,
		    5, 20000);
		assert_int_equal(requests(t, 20001, &success), v[i].requests);
		traffic_free(t);
	}
}

static double
window(struct traffic *t, uint64_t now_ms)
{
	struct conf_node *list;
	struct arena a;

	arena_init(&a);
	list = conf_list_new(&a);
	traffic_write(t, now_ms, list, NULL);
	assert_int_equal(conf_len(list), 1);
	const struct conf_node *seen = conf_get(conf_at(list, 0), "window");

	assert_int_equal(seen->kind, CONF_FLOAT);
	double seconds = seen->number;

	arena_fini(&a);
	return seconds;
}

TEST(traffic_of_a_new_pair_is_divided_by_the_time_that_it_was_seen)
{
	static const struct {
		uint64_t uptime_ms;	/* of the sender, at 62000 */
		uint64_t now_ms;
		double   seconds;	/* half a step before the last note
					 * without it */
	} v[] = {
		{ 500, 62000, 5 }, { 500, 65000, 6.5 }, { 500, 71000, 12.5 },
		{ 500, 117000, 58.5 }, { 500, 121000, 60 },
		{ 20500, 62000, 23.5 }, { 61000, 62000, 61 },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct traffic *t = traffic_new();
		uint64_t at = 1000;

		for (; at <= 62000; at += 5000)
			traffic_tick(t, at);
		report_aged(t, v[i].uptime_ms, "default/web-1", "outbound", 50,
		    0, 62000);
		for (; at <= v[i].now_ms; at += 5000)
			traffic_tick(t, at);
		assert_int_equal((int64_t)(1000 * window(t, v[i].now_ms)),
		    (int64_t)(1000 * v[i].seconds));
		traffic_free(t);
	}
}

TEST(traffic_after_an_empty_report_counts)
{
	struct traffic *t = traffic_new();
	const struct traffic_report idle = { .sender = SLICE("default/web-1"),
		.uptime_ms = LONG_MS };
	struct err err = ERR_INIT;
	int64_t success;

	traffic_tick(t, 1000);
	assert_int_equal(traffic_apply(t, &idle, 2000, &err), 0);
	report(t, "default/web-1", "outbound", 50, 0, 7000);
	/* At once, not at the next note. */
	assert_int_equal(requests(t, 7001, &success), 50);
	traffic_free(t);
}

/* An impostor's figures for other people's services show nowhere. */
TEST(traffic_is_believed_of_ones_own_services_alone)
{
	static const struct {
		const char *direction, *ns, *service;
		int64_t     refused;
	} v[] = {
		{ "outbound", "default", "web", 0 },
		{ "outbound", "default", "pay", 3 },
		{ "outbound", "other", "web", 3 },
		{ "inbound", "default", "pay", 0 },
		{ "inbound", "default", "web", 3 },
		{ "sideways", "default", "web", 3 },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct traffic *t = traffic_new();
		struct slice services[] = { slice_str(v[i].service) };
		char *text = counters_text(v[i].direction, 45, 5);
		struct err err = ERR_INIT;
		int64_t success;

		traffic_tick(t, 1000);
		assert_int_equal(traffic_apply(t, &(struct traffic_report){
			.sender = SLICE("default/web-1"),
			.ns = slice_str(v[i].ns), .services = services,
			.services_len = 1, .counters = slice_str(text),
			.uptime_ms = 1000 }, 2000, &err), v[i].refused);
		assert_int_equal(requests(t, 6000, &success),
		    v[i].refused > 0 ? -1 : 50);
		mem_free(text);
		traffic_free(t);
	}
}

TEST(traffic_of_one_sender_has_a_limit_of_pairs)
{
	struct traffic *t = traffic_new();
	struct slice services[] = { SLICE("web") };
	struct traffic_report r = { .sender = SLICE("default/web-1"),
	    .ns = SLICE("default"), .services = services, .services_len = 1 };
	struct err err = ERR_INIT;
	struct str text = { 0 };

	str_add(&text, "mesh-counters 1 BOOT\n$outbound\n$default\n$web\n"
	    "#mesh_request_duration_seconds " SERVICES "\n");
	for (int i = 0; i < TRAFFIC_PAIRS_MAX + 7; i++)
		str_addf(&text, "$s-%d\n0 1 2 1 %d =1 10000:1\n", i, i + 3);
	r.counters = str_slice(&text);
	assert_int_equal(traffic_apply(t, &r, 1000, &err), 7);
	assert_int_equal(traffic_apply(t, &r, 2000, &err), 7);
	str_fini(&text);
	traffic_free(t);
}

TEST(traffic_rows_have_an_order)
{
	struct traffic *t = traffic_new();
	struct slice services[] = { SLICE("web") };
	struct traffic_report r = { .sender = SLICE("default/web-1"),
	    .ns = SLICE("default"), .services = services, .services_len = 1,
	    .uptime_ms = 500 };
	struct err err = ERR_INIT;
	struct str text = { 0 };
	struct arena a = { 0 };
	struct conf_node *list = conf_list_new(&a);
	const char *last = "";

	/* Strings are numbered as they come: s-90 is 6, s-89 is 7. */
	str_add(&text, "mesh-counters 1 BOOT\n$outbound\n$default\n$web\n"
	    "$http\n$200\n$w\n");
	for (int i = 0; i < 40; i++)
		str_addf(&text, "$s-%d\n", 90 - i);
	str_add(&text, "#mesh_requests_total " WORKLOADS "\n");
	for (int i = 0; i < 40; i++)
		str_addf(&text, "0 1 2 1 %d 5 5 3 4 =1\n", 6 + i);
	r.counters = str_slice(&text);
	traffic_tick(t, 1000);
	assert_int_equal(traffic_apply(t, &r, 2000, &err), 0);
	traffic_write(t, 6000, list, NULL);
	assert_int_equal(conf_len(list), 40);
	CONF_FOREACH(e, list) {
		const char *name = conf_get_string(e->node, "destination");

		assert_true(strcmp(last, name) < 0);
		last = name;
	}
	arena_fini(&a);
	str_fini(&text);
	traffic_free(t);
}

/* --- windows -------------------------------------------------------------- */

static void
expect_counts(const struct traffic_window *w, uint64_t requests,
    uint64_t success)
{
	struct traffic_counts c;

	traffic_window_read(w, &c);
	assert_int_equal(c.requests, requests);
	assert_int_equal(c.success, success);
	assert_true(isnan(c.p99_ms) == (success == 0));
}

TEST(traffic_window_has_what_came_since_it_began)
{
	struct traffic *t = traffic_new();
	struct traffic_window *w, *other;

	traffic_tick(t, 1000);
	report(t, "default/web-1", "outbound", 10, 1, 2000);
	w = traffic_window_new(t, SLICE("default/pay"), 2500);
	other = traffic_window_new(t, SLICE("default/web"), 2500);
	expect_counts(w, 0, 0);
	report(t, "default/web-1", "outbound", 14, 2, 3000);
	expect_counts(w, 5, 4);
	/* The callee's view of the same requests. */
	report(t, "default/pay-1", "inbound", 14, 2, 3000);
	expect_counts(w, 5, 4);
	expect_counts(other, 0, 0);
	traffic_window_begin(w, 3500);
	expect_counts(w, 0, 0);
	report(t, "default/web-1", "outbound", 15, 2, 4000);
	expect_counts(w, 1, 1);
	traffic_window_free(w);
	traffic_window_free(other);
	traffic_free(t);
}

TEST(traffic_window_knows_the_callee_where_callers_are_silent)
{
	struct traffic *t = traffic_new();
	struct traffic_window *w;

	traffic_tick(t, 1000);
	report(t, "default/pay-1", "inbound", 10, 1, 2000);
	w = traffic_window_new(t, SLICE("default/pay"), 2500);
	report(t, "default/pay-1", "inbound", 12, 4, 3000);
	expect_counts(w, 5, 2);
	traffic_window_free(w);
	traffic_free(t);
}

/* Control was away, or the proxy: what it counted before is not news. */
TEST(traffic_window_leaves_out_what_is_older_than_itself)
{
	struct traffic *t = traffic_new();
	struct traffic_window *w;

	traffic_tick(t, 100000);
	w = traffic_window_new(t, SLICE("default/pay"), 100000);
	report(t, "default/web-1", "outbound", 1000, 500, 101000);
	expect_counts(w, 0, 0);
	/* One that started since then has nothing else to tell. */
	report_aged(t, 500, "default/web-2", "outbound", 3, 1, 101500);
	expect_counts(w, 4, 3);
	traffic_window_begin(w, 150000);
	report(t, "default/web-1", "outbound", 2000, 900, 151000);
	expect_counts(w, 0, 0);
	report(t, "default/web-1", "outbound", 2001, 900, 152000);
	expect_counts(w, 1, 1);
	traffic_window_free(w);
	traffic_free(t);
}

/* Bytes and datagrams of web calling pay. */
static void
report_streams(struct traffic *t, int tcp, int udp, uint64_t now_ms)
{
	char *text = mem_printf("mesh-counters 1 BOOT\n$outbound\n$default\n"
	    "$web\n$pay\n$w\n"
	    "#mesh_tcp_connections_opened_total " SERVICES ",source_workload\n"
	    "0 1 2 1 3 4 =%d\n"
	    "#mesh_tcp_received_bytes_total " SERVICES ",source_workload\n"
	    "0 1 2 1 3 4 =%d\n"
	    "#mesh_tcp_sent_bytes_total " SERVICES ",source_workload\n"
	    "0 1 2 1 3 4 =%d\n"
	    "#mesh_udp_sessions_opened_total " SERVICES ",source_workload\n"
	    "0 1 2 1 3 4 =%d\n"
	    "#mesh_udp_received_bytes_total " SERVICES ",source_workload\n"
	    "0 1 2 1 3 4 =%d\n", tcp, tcp * 10, tcp * 100, udp, udp * 7);
	const struct slice services[] = { SLICE("web") };
	const struct traffic_report r = {
		.sender = SLICE("default/web-1"), .ns = SLICE("default"),
		.services = services, .services_len = 1,
		.counters = slice_str(text), .uptime_ms = LONG_MS,
	};
	struct err err = ERR_INIT;

	assert_int_equal(traffic_apply(t, &r, now_ms, &err), 0);
	mem_free(text);
}

static void
expect_streams(struct traffic *t, uint64_t now_ms, const char *rows)
{
	struct arena a = { 0 };
	struct str said = { 0 };
	struct conf_node *list = conf_list_new(&a);

	traffic_write(t, now_ms, conf_list_new(&a), list);
	CONF_FOREACH(e, list)
		str_addf(&said, "%s>%s %s %d %d %d;",
		    conf_get_string(e->node, "source"),
		    conf_get_string(e->node, "destination"),
		    conf_get_string(e->node, "protocol"),
		    (int)conf_get_int(e->node, "opened", -1),
		    (int)conf_get_int(e->node, "bytesTo", -1),
		    (int)conf_get_int(e->node, "bytesFrom", -1));
	assert_string_equal(str_ptr(&said), rows);
	str_fini(&said);
	arena_fini(&a);
}

TEST(traffic_of_bytes_and_datagrams_is_of_the_last_minute)
{
	struct traffic *t = traffic_new();
	uint64_t now = 1000000;

	traffic_tick(t, now);
	report_streams(t, 1000, 1000, now += 1000);	/* of its life before */
	traffic_tick(t, now);
	report_streams(t, 1003, 1000, now += 5000);
	expect_streams(t, now, "default/web>default/pay tcp 3 30 300;");
	report_streams(t, 1003, 1002, now += 5000);
	expect_streams(t, now, "default/web>default/pay tcp 3 30 300;"
	    "default/web>default/pay udp 2 14 0;");
	/* A minute later nothing of it is left. */
	for (int i = 0; i < 14; i++) {
		report_streams(t, 1003, 1002, now += 5000);
		traffic_tick(t, now);
	}
	expect_streams(t, now, "");
	traffic_free(t);
}
