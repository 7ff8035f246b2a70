#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/traffic_seen.h"

#define LABELS	"direction,source_namespace,source_service,"		\
    "destination_namespace,destination_service,source_workload,"	\
    "destination_workload,protocol,response_code,response_flags,security"

/* Of web, and batch in plain text, calling pay: so often, and refused by a policy. */
static void
report(struct traffic *t, int web, int batch, int refused, uint64_t now_ms)
{
	static const struct slice services[] = { { "pay", 3 } };
	char *text = mem_printf("mesh-counters 1 BOOT\n$inbound\n$default\n$web\n"
	    "$pay\n$http\n$200\n$-\n$w\n$batch\n$UAEX\n$403\n"
	    "$mutual_tls\n$none\n"
	    "#mesh_requests_total " LABELS "\n"
	    "0 1 2 1 3 7 7 4 5 6 11 =%d\n0 1 8 1 3 7 7 4 5 6 12 =%d\n"
	    "0 1 8 1 3 7 7 4 10 9 11 =%d\n", web, batch, refused);
	const struct traffic_report r = {
		.sender = SLICE("default/pay-1"), .ns = SLICE("default"),
		.services = services, .services_len = 1,
		.counters = slice_str(text), .uptime_ms = now_ms,
	};
	struct err err = ERR_INIT;

	if (traffic_apply(t, &r, now_ms, &err) != 0)
		fail_msg("%s", err.text);
	mem_free(text);
}

static void
expect(struct traffic *t, uint64_t now_ms, const char *wanted)
{
	struct arena a = { 0 };
	struct conf_node *list = conf_list_new(&a);
	struct str s = { 0 };

	traffic_seen_write(t, SLICE("default/pay"), now_ms, list);
	CONF_FOREACH(e, list)
		str_addf(&s, "%s %lld ", conf_get_string(e->node, "source"),
		    (long long)conf_get_int(e->node, "secondsAgo", -1));
	CONF_FOREACH(e, list)
		if (conf_get(e->node, "plaintextSecondsAgo") != NULL)
			str_addf(&s, "plain %lld", (long long)conf_get_int(e->node,
			    "plaintextSecondsAgo", -1));
	assert_string_equal(str_ptr(&s), wanted);
	str_fini(&s);
	arena_fini(&a);
}

TEST(traffic_seen_is_who_was_let_in_and_when_last)
{
	struct traffic *t = traffic_new();

	traffic_tick(t, 1000);
	expect(t, 1000, "");
	report(t, 3, 0, 7, 2000);
	traffic_tick(t, 6000);
	expect(t, 8000, "default/web 2 ");
	report(t, 3, 1, 9, 10000);
	traffic_tick(t, 11000);
	expect(t, 20000, "default/batch 9 default/web 14 plain 9");
	/* It lasts as long as it says. */
	traffic_tick(t, 6000 + TRAFFIC_SEEN_MS + 1);
	expect(t, 6000 + TRAFFIC_SEEN_MS + 1, "default/batch 604795 plain 604795");
	traffic_free(t);
}
