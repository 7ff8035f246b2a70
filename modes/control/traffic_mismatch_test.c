#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/traffic_mismatch.h"

#define LABELS "direction,source_namespace,source_service,"		\
    "destination_namespace,destination_service,port,declared,speaker,spoken"

/* web speaks TLS to pay; its sender is believed about web alone. */
static int64_t
report(struct traffic *t, const char *service, int times, uint64_t now_ms)
{
	char *text = mem_printf("mesh-counters 1 BOOT\n$outbound\n$default\n"
	    "$web\n$pay\n$80\n$http\n$caller\n$tls\n"
	    "#mesh_protocol_mismatches_total " LABELS "\n"
	    "0 1 2 1 3 4 5 6 7 =%d\n", times);
	const struct slice services[] = { slice_str(service) };
	const struct traffic_report r = {
		.sender = SLICE("default/web-1"), .ns = SLICE("default"),
		.services = services, .services_len = 1,
		.counters = slice_str(text), .uptime_ms = 1000,
	};
	struct err err = ERR_INIT;
	int64_t refused = traffic_apply(t, &r, now_ms, &err);

	mem_free(text);
	return refused;
}

/* "destination port declared speaker spoken source count" of the only row. */
static void
expect(struct traffic *t, uint64_t now_ms, const char *row)
{
	struct arena a = { 0 };
	struct conf_node *list = conf_list_new(&a);

	traffic_mismatches_write(t, now_ms, list);
	assert_int_equal(conf_len(list), row != NULL);
	if (row != NULL) {
		const struct conf_node *n = conf_at(list, 0);

		assert_string_equal(arena_printf(&a, "%s %s %s %s %s %s %d",
		    conf_get_string(n, "destination"),
		    conf_get_string(n, "port"), conf_get_string(n, "declared"),
		    conf_get_string(n, "speaker"),
		    conf_get_string(n, "spoken"), conf_get_string(n, "source"),
		    (int)conf_get_int(n, "count", 0)), row);
	}
	arena_fini(&a);
}

TEST(traffic_mismatch_is_shown_while_it_goes_on)
{
	const uint64_t start = 5000000;
	struct traffic *t = traffic_new();

	expect(t, start, NULL);
	assert_int_equal(report(t, "web", 1, start), 0);
	traffic_tick(t, start);
	expect(t, start, "default/pay 80 http caller tls default/web 1");
	/* It is known, and does not go on. */
	for (uint64_t now = start; now <= start + TRAFFIC_MISMATCH_MS;
	    now += TRAFFIC_STEP_MS) {
		assert_int_equal(report(t, "web", 1, now), 0);
		traffic_tick(t, now);
	}
	expect(t, start + TRAFFIC_MISMATCH_MS,
	    "default/pay 80 http caller tls default/web 1");
	expect(t, start + TRAFFIC_MISMATCH_MS + 1, NULL);
	/* There it is again. */
	assert_int_equal(report(t, "web", 2, start + 700000), 0);
	expect(t, start + 700000,
	    "default/pay 80 http caller tls default/web 2");
	traffic_free(t);
}

TEST(traffic_mismatch_of_others_is_not_believed)
{
	struct traffic *t = traffic_new();

	assert_int_equal(report(t, "shop", 1, 5000), 1);
	expect(t, 5000, NULL);
	traffic_free(t);
}
