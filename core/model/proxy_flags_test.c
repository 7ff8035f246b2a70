#include "base/unit.h"
#include "conf/json.h"
#include "model/control.h"
#include "model/proxy.h"

static const struct {
	const char *flag, *value;
	const char *json;	/* NULL: refused */
} cases[] = {
	{ "--app", "127.0.0.1:8080",
	    "{\"apps\":[{\"address\":\"127.0.0.1:8080\"}]}" },
	{ "--app", "80=127.0.0.1:8080/http", "{\"apps\":[{\"port\":80,"
	    "\"address\":\"127.0.0.1:8080\",\"protocol\":\"http\"}]}" },
	{ "--app", "[::1]:9/tcp",
	    "{\"apps\":[{\"address\":\"[::1]:9\",\"protocol\":\"tcp\"}]}" },
	{ "--app", "a:1/h2", "{\"apps\":[{\"address\":\"a:1\","
	    "\"protocol\":\"h2\"}]}" },
	{ "--app", "a:1/auto", "{\"apps\":[{\"address\":\"a:1\","
	    "\"protocol\":\"auto\"}]}" },
	{ "--protocol", "auto", "{\"protocol\":\"auto\"}" },
	{ "--app", "127.0.0.1", NULL },
	{ "--app", "0=a:1", NULL },
	{ "--app", "65536=a:1", NULL },
	{ "--app", "53=a:1/udp", "{\"apps\":[{\"port\":53,"
	    "\"address\":\"a:1\",\"protocol\":\"udp\"}]}" },
	{ "--app", "a:1/sctp", NULL },
	{ "--app", "a:1/udp/proxy-v2", NULL },
	{ "--app", "a:1/tcp/proxy-v2", "{\"apps\":[{\"address\":\"a:1\","
	    "\"protocol\":\"tcp\",\"proxyProtocol\":\"v2\"}]}" },
	{ "--app", "a:1/proxy-v3", NULL },
	{ "--app", "a:1/", NULL },
	{ "--app", "=a:1", NULL },
	{ "--upstream", "127.0.0.1:8001=default/payments",
	    "{\"upstreams\":[{\"listen\":\"127.0.0.1:8001\","
	    "\"service\":\"default/payments\"}]}" },
	{ "--upstream", ":1=a/b:80", "{\"upstreams\":[{\"listen\":\":1\","
	    "\"service\":\"a/b\",\"port\":80}]}" },
	{ "--upstream", ":1=a/b:53/udp", "{\"upstreams\":[{\"listen\":\":1\","
	    "\"service\":\"a/b\",\"port\":53,\"protocol\":\"udp\"}]}" },
	{ "--upstream", ":1=a/b/udp", "{\"upstreams\":[{\"listen\":\":1\","
	    "\"service\":\"a/b\",\"protocol\":\"udp\"}]}" },
	{ "--upstream", ":1=a/udp", "{\"upstreams\":[{\"listen\":\":1\","
	    "\"service\":\"a/udp\"}]}" },
	{ "--upstream", ":1=a/b:53/tcp", NULL },
	{ "--upstream", ":1=a", NULL },
	{ "--upstream", ":1", NULL },
	{ "--upstream", ":1=", NULL },
	{ "--upstream", "x=a/b", NULL },
	{ "--upstream", ":1=a/b:", NULL },
	{ "--upstream", ":1=a/b:x", NULL },
	{ "--label", "app=web", "{\"labels\":{\"app\":\"web\"}}" },
	{ "--label", "app=", "{\"labels\":{\"app\":\"\"}}" },
	{ "--label", "app", NULL },
	{ "--label", "=x", NULL },
	{ "--service", "default/orders", "{\"service\":\"default/orders\"}" },
	{ "--app-user", "33", "{\"appUsers\":[33]}" },
	{ "--app-user", "www-data", NULL },
	{ "--workload-api-user", "0", "{\"workloadApiUsers\":[0]}" },
	{ "--workload-api-user", "4294967296", NULL },
	{ "--workload-api-socket", "/run/w.sock",
	    "{\"workloadApiSocket\":\"/run/w.sock\"}" },
	{ "--expose", "80=:8080",
	    "{\"exposed\":[{\"port\":80,\"listen\":\":8080\"}]}" },
	{ "--expose", "80=[::1]:8080",
	    "{\"exposed\":[{\"port\":80,\"listen\":\"[::1]:8080\"}]}" },
	{ "--expose", "80", NULL },
	{ "--expose", "80=", NULL },
	{ "--expose", "0=:80", NULL },
	{ "--expose", "web=:80", NULL },
	{ "--expose", "65536=:80", NULL },
	{ "--permissive", "", "{\"permissive\":true}" },
	{ "--drain-time", "5s", "{\"drainTime\":\"5s\"}" },
};

TEST(proxy_flags_become_its_document)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a = { 0 };
		struct err err = ERR_INIT;
		struct str s = { 0 };
		struct conf_node *into = conf_map_new(&a);
		char *argv[] = { arena_strdup(&a, cases[i].flag),
		    arena_strdup(&a, cases[i].value), NULL };
		int at = 0;
		int result = conf_flags_take(&model_proxy_flags, argv, &at, into,
		    &err);

		if (cases[i].json == NULL) {
			assert_int_equal(result, -1);
			assert_int_equal(err.kind, ERR_USAGE);
		} else {
			assert_int_equal(result, 1);
			conf_json_write(&s, into);
			assert_string_equal(str_ptr(&s), cases[i].json);
		}
		str_fini(&s);
		arena_fini(&a);
	}
}

static void
note(void *arg, const char *flag, const char *value, const struct conf_field *f)
{
	(void)value;
	(void)f;
	str_addf(arg, "%s ", flag);
}

TEST(daemons_have_these_flags)
{
	struct str s = { 0 };

	conf_flags_each(&model_proxy_flags, note, &s);
	assert_string_equal(str_ptr(&s), "service control token-file host-key-file "
	    "host-cert-file trust-bundle-file ca-hash app protocol app-health "
	    "zone label advertise upstream gateway listen-address trusted-hops "
	    "proxy-protocol-from app-user workload-api-socket workload-api-user "
	    "expose "
	    "permissive standalone state-dir inbound-listen outbound-listen admin-listen "
	    "admin-socket hosts-file resolv-conf ca-file sandbox workers drain-time "
	    "connect-timeout "
	    "response-timeout "
	    "balancer log-level log-format access-log ");
	str_clear(&s);
	conf_flags_each(&model_control_flags, note, &s);
	assert_string_equal(str_ptr(&s), "data-dir api-listen admin-listen socket "
	    "socket-group trust-domain ca-cert-file ca-key-file "
	    "secret-key-file certificate-lifetime bundle-refresh-hint "
	    "federation-listen federation-cert-file federation-key-file "
	    "federation-ca-file oidc-issuer oidc-audience oidc-jwks "
	    "oidc-jwks-uri oidc-username-claim oidc-groups-claim oidc-ca-file "
	    "initial-inbound-policy sandbox log-level log-format "
	    "access-log ");
	str_fini(&s);
}
