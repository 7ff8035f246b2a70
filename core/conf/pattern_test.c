#include "base/unit.h"
#include "conf/pattern.h"

static const struct {
	enum conf_pattern pattern;
	const char       *text;
	bool              good;
} cases[] = {
	{ CONF_LABEL, "a", true },
	{ CONF_LABEL, "a-1", true },
	{ CONF_LABEL, "", false },
	{ CONF_LABEL, "-a", false },
	{ CONF_LABEL, "a-", false },
	{ CONF_LABEL, "a.b", false },
	{ CONF_LABEL, "A", false },
	{ CONF_LABEL, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    true },
	{ CONF_LABEL, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    false },
	{ CONF_SUBDOMAIN, "a.b-c.d", true },
	{ CONF_SUBDOMAIN, "a..b", false },
	{ CONF_SUBDOMAIN, "a.", false },
	{ CONF_SUBDOMAIN, ".a", false },
	{ CONF_HOSTNAME, "*.example.com", true },
	{ CONF_HOSTNAME, "example.com", true },
	{ CONF_HOSTNAME, "*", false },
	{ CONF_HOSTNAME, "*.", false },
	{ CONF_HOSTNAME, "a.*.com", false },
	{ CONF_HOSTNAME, "10.0.0.1", false },
	{ CONF_HEADER_NAME, "x-Request-ID", true },
	{ CONF_HEADER_NAME, "a b", false },
	{ CONF_HEADER_NAME, "", false },
	{ CONF_HEADER_NAME, ":path", false },
	{ CONF_IP, "10.0.0.1", true },
	{ CONF_IP, "::1", true },
	{ CONF_CIDR, "10.0.0.0/8", true },
	{ CONF_CIDR, "10.0.0.1", true },
	{ CONF_CIDR, "2001:db8::/128", true },
	{ CONF_CIDR, "10.0.0.0/33", false },
	{ CONF_CIDR, "10.0.0.0/", false },
	{ CONF_CIDR, "::/129", false },
	{ CONF_CIDR, "/8", false },
	{ CONF_IP, "10.0.0.256", false },
	{ CONF_IP, "10.0.0", false },
	{ CONF_IP, "fe80::1%eth0", false },
	{ CONF_HOST, "db.example.com", true },
	{ CONF_HOST, "2001:db8::1", true },
	{ CONF_HOST, "a b", false },
	{ CONF_HOST_PORT, "127.0.0.1:80", true },
	{ CONF_HOST_PORT, "[::1]:80", true },
	{ CONF_HOST_PORT, "localhost:65535", true },
	{ CONF_HOST_PORT, "localhost:65536", false },
	{ CONF_HOST_PORT, ":80", false },
	{ CONF_HOST_PORT, "localhost", false },
	{ CONF_HOST_PORT, "localhost:", false },
	{ CONF_HOST_PORT, "[10.0.0.1]:80", false },
	{ CONF_HOST_PORT, "[::1:80", false },
	{ CONF_HOST_PORT, "::1:80", false },
	{ CONF_HOST_PORT, "a:0", false },
	{ CONF_HOST_PORT, "a:+1", false },
	{ CONF_LISTEN, ":80", true },
	{ CONF_LISTEN, "127.0.0.1:0", true },
	{ CONF_LISTEN, "[::]:7710", true },
	{ CONF_LISTEN, "80", false },
	{ CONF_PATH, "/var/lib/mesh", true },
	{ CONF_PATH, "", false },
	{ CONF_PATH, "a\nb", false },
	{ CONF_SERVICE_NAME, "default/web", true },
	{ CONF_SERVICE_NAME, "web", false },
	{ CONF_SERVICE_NAME, "/web", false },
	{ CONF_SERVICE_NAME, "a/b/c", false },
	{ CONF_TRUST_DOMAIN, "mesh.internal", true },
	{ CONF_TRUST_DOMAIN, "Mesh", false },
	{ CONF_TRUST_DOMAIN, "", false },
	{ CONF_LABEL_KEY, "app", true },
	{ CONF_LABEL_KEY, "app.kubernetes.io/name", true },
	{ CONF_LABEL_KEY, "App_1", true },
	{ CONF_LABEL_KEY, "", false },
	{ CONF_LABEL_KEY, "/a", false },
	{ CONF_LABEL_KEY, "a/", false },
	{ CONF_LABEL_KEY, "UP/a", false },
	{ CONF_LABEL_VALUE, "", true },
	{ CONF_LABEL_VALUE, "v1.0_x", true },
	{ CONF_LABEL_VALUE, "_x", false },
	{ CONF_PRECISE_HOSTNAME, "a.b", true },
	{ CONF_PRECISE_HOSTNAME, "*.a.b", false },
	{ CONF_GROUP, "", true },
	{ CONF_GROUP, "*", false },
	{ CONF_KIND, "XBackend-2", true },
	{ CONF_KIND, "2X", false },
	{ CONF_KIND, "X-", false },
	{ CONF_URL_PATH, "/a/%20b:@", true },
	{ CONF_URL_PATH, "/a%2", false },
	{ CONF_URL_PATH, "/[]", false },
	{ CONF_FIELD_VALUE, "a b\tc", true },
	{ CONF_FIELD_VALUE, "a\nb", false },
	{ CONF_FIELD_VALUE, " a", false },
	{ CONF_CONTROLLER, "a.b/c/d", true },
	{ CONF_CONTROLLER, "a.b", false },
	{ CONF_CONTROLLER, "a.b/", false },
	{ CONF_ORIGIN, "*", true },
	{ CONF_ORIGIN, "https://*.a.b:8443", true },
	{ CONF_ORIGIN, "https://a.b/", false },
	{ CONF_ORIGIN, "a.b", false },
	{ CONF_BASE64, "", true },
	{ CONF_BASE64, "YWI=\n", true },
	{ CONF_BASE64, "YWI", false },
	{ CONF_BASE64, "Y=I=", false },
	{ CONF_SECRET_KEY, "tls.crt", true },
	{ CONF_SECRET_KEY, "..", false },
};

TEST(pattern_tables)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (conf_pattern_match(cases[i].pattern,
		    slice_str(cases[i].text)) != cases[i].good)
			fail_msg("%s as %s", cases[i].text,
			    conf_pattern_expected(cases[i].pattern));
}

TEST(pattern_splits_host_and_port)
{
	struct slice host;
	uint16_t port;

	assert_true(conf_host_port(SLICE("[2001:db8::1]:7710"), &host, &port));
	assert_true(slice_is(host, "2001:db8::1"));
	assert_int_equal(port, 7710);
	assert_true(conf_host_port(SLICE(":80"), &host, &port));
	assert_int_equal(host.len, 0);
	assert_int_equal(port, 80);
}
