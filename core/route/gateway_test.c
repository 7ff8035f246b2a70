#include <stdio.h>

#include "base/str.h"
#include "base/unit.h"
#include "route/gateway.h"

#define HOSTS_MAX	8

/* "80 http *.a.b 0": port, protocol, hostname or "-", document */
static void
parse(const char *text, struct gateway_listener *out)
{
	static const struct {
		const char            *word;
		enum gateway_protocol protocol;
	} words[] = {
		{ "http", GATEWAY_HTTP }, { "https", GATEWAY_HTTPS },
		{ "tls", GATEWAY_TLS }, { "tcp", GATEWAY_TCP },
		{ "udp", GATEWAY_UDP },
	};
	struct slice rest = slice_str(text), part;
	uint64_t n = 0;

	*out = (struct gateway_listener){ .name = rest };
	assert_true(slice_cut(&rest, ' ', &part) && slice_u64(part, &n));
	out->port = (uint16_t)n;
	assert_true(slice_cut(&rest, ' ', &part));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_is(part, words[i].word))
			out->protocol = words[i].protocol;
	assert_true(slice_cut(&rest, ' ', &part));
	if (!slice_is(part, "-"))
		out->hostname = part;
	assert_true(slice_cut(&rest, ' ', &part) && slice_u64(part, &n));
	out->document = (unsigned int)n;
}

/* "80: a.b *.b - | 443: ... | lost: 2h 3p" */
static void
show(const struct gateway_plan *plan, const struct gateway_listener *all, size_t len,
    struct str *out)
{
	static const char marks[] = { ' ', 'h', 'p' };
	const char *between = "";

	for (size_t i = 0; i < plan->len; i++) {
		const struct gateway_port *p = &plan->ports[i];

		str_addf(out, "%s%s%u:", between,
		    p->protocol == GATEWAY_UDP ? "udp " : "", p->number);
		for (size_t k = 0; k < p->len; k++)
			str_addf(out, " %.*s", p->listeners[k]->hostname.len > 0 ?
			    (int)p->listeners[k]->hostname.len : 1,
			    p->listeners[k]->hostname.len > 0 ?
			    p->listeners[k]->hostname.ptr : "-");
		between = " | ";
	}
	for (size_t i = 0; i < len; i++)
		if (all[i].conflict != GATEWAY_DISTINCT)
			str_addf(out, " !%zu%c", i, marks[all[i].conflict]);
}

static const struct {
	const char *listeners[HOSTS_MAX];
	const char *plan;
} plans[] = {
	{ { NULL }, "" },
	{ { "80 http - 0" }, "80: -" },
	/* names before wildcards before none, longer ones first */
	{ { "80 http - 0", "80 http *.b 0", "80 http a.b 0",
	    "80 http *.a.b 0", "80 http x.a.b 0" },
	    "80: x.a.b a.b *.a.b *.b -" },
	/* the order of ports is their number's */
	{ { "443 https - 0", "80 http - 0" }, "80: - | 443: -" },
	/* passthrough beside termination */
	{ { "443 https a 0", "443 tls b 0" }, "443: a b" },
	/* TCP and UDP of one number are two ports */
	{ { "53 udp - 0", "53 tcp - 0" }, "53: - | udp 53: -" },
	/* of one document no one wins */
	{ { "80 http a 0", "80 http a 0", "80 http b 0" },
	    "80: b !0h !1h" },
	{ { "80 http a 0", "80 https b 0", "81 http - 0" },
	    "81: - !0p !1p" },
	{ { "80 tcp - 0", "80 http b 0" }, " !0p !1p" },
	{ { "80 tcp - 0", "80 tcp - 0" }, " !0p !1p" },
	{ { "80 udp - 0", "80 udp - 0" }, " !0p !1p" },
	/* the document in front wins */
	{ { "80 http a 0", "80 http a 1", "80 http b 1" },
	    "80: a b !1h" },
	{ { "80 http a 0", "80 https b 1" }, "80: a !1p" },
	/* who lost harms nobody behind */
	{ { "80 http a 0", "80 tcp - 1", "80 http b 2" },
	    "80: a b !1p" },
	{ { "80 http a 1", "80 http a 1", "80 http a 2" },
	    "80: a !0h !1h" },
	/* another protocol weighs more than the same name */
	{ { "80 http a 0", "80 http a 0", "80 https a 0" },
	    " !0p !1p !2p" },
};

TEST(ports_open_for_listeners_that_can_be_told_apart)
{
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		struct gateway_listener all[HOSTS_MAX];
		struct gateway_plan plan;
		struct str shown = { 0 };
		struct arena a;
		size_t n = 0;

		for (; n < HOSTS_MAX && plans[i].listeners[n] != NULL; n++)
			parse(plans[i].listeners[n], &all[n]);
		arena_init(&a);
		gateway_plan(&a, all, n, &plan);
		show(&plan, all, n, &shown);
		assert_string_equal(str_ptr(&shown), plans[i].plan);
		str_fini(&shown);
		arena_fini(&a);
	}
}

TEST(a_host_means_the_most_specific_listener)
{
	static const char *const listeners[] = {
		"80 http - 0", "80 http *.example.com 0",
		"80 http very.specific.com 0", "80 http *.foo.example.com 0",
	};
	static const struct {
		const char *host;
		int         listener;
	} cases[] = {
		{ "very.specific.com", 2 }, { "a.very.specific.com", 0 },
		{ "a.example.com", 1 }, { "a.b.example.com", 1 },
		{ "a.foo.example.com", 3 }, { "foo.example.com", 1 },
		{ "example.com", 0 }, { ".example.com", 0 }, { "", 0 },
		{ "xexample.com", 0 },
	};
	struct gateway_listener all[4];
	struct gateway_plan plan;
	struct arena a;

	for (size_t i = 0; i < 4; i++)
		parse(listeners[i], &all[i]);
	arena_init(&a);
	gateway_plan(&a, all, 4, &plan);
	assert_int_equal(plan.len, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_ptr_equal(gateway_find(&plan.ports[0],
		    slice_str(cases[i].host)), &all[cases[i].listener]);
	arena_fini(&a);
}

TEST(a_host_of_no_listener_is_not_found)
{
	struct gateway_listener all[2];
	struct gateway_plan plan;
	struct arena a;

	parse("443 https *.org 0", &all[0]);
	parse("443 https a.net 0", &all[1]);
	arena_init(&a);
	gateway_plan(&a, all, 2, &plan);
	assert_null(gateway_find(&plan.ports[0], SLICE("b.net")));
	assert_null(gateway_find(&plan.ports[0], SLICE("org")));
	assert_null(gateway_find(&plan.ports[0], SLICE_NONE));
	arena_fini(&a);
}

TEST(a_host_of_another_listener_than_the_server_name_is_misdirected)
{
	static const struct {
		struct slice        sni, host;
		enum gateway_answer answer;
		int                 listener;
	} cases[] = {
		{ SLICE("x.org"), SLICE("y.org"), GATEWAY_MEANT, 0 },
		{ SLICE("x.org"), SLICE("a.org"), GATEWAY_MISDIRECTED, 1 },
		{ SLICE("a.org"), SLICE("x.org"), GATEWAY_MISDIRECTED, 0 },
		{ SLICE("a.org"), SLICE("a.org"), GATEWAY_MEANT, 1 },
		{ SLICE("a.org"), SLICE("a.net"), GATEWAY_NOBODY, -1 },
		{ SLICE(""), SLICE("a.org"), GATEWAY_MISDIRECTED, 1 },
		{ SLICE_NONE, SLICE("a.org"), GATEWAY_MEANT, 1 },
	};
	const struct gateway_listener *l;
	struct gateway_listener all[2];
	struct gateway_plan plan;
	struct arena a;

	parse("443 https *.org 0", &all[0]);
	parse("443 https a.org 0", &all[1]);
	arena_init(&a);
	gateway_plan(&a, all, 2, &plan);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(gateway_meant(&plan.ports[0], cases[i].sni,
		    cases[i].host, &l), cases[i].answer);
		assert_ptr_equal(l, cases[i].listener < 0 ? NULL :
		    &all[cases[i].listener]);
	}
	arena_fini(&a);
}

TEST(conflicts_have_the_reasons_of_gateway_api)
{
	assert_null(gateway_conflict_reason(GATEWAY_DISTINCT));
	assert_string_equal(gateway_conflict_reason(GATEWAY_HOST_CONFLICT),
	    "HostnameConflict");
	assert_string_equal(gateway_conflict_reason(
	    GATEWAY_PROTOCOL_CONFLICT), "ProtocolConflict");
}
