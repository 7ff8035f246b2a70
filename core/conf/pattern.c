#include <arpa/inet.h>
#include <string.h>

#include "conf/pattern.h"

static bool
is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

static bool
is_text(struct slice s)
{
	return s.len <= 4096;
}

static bool
is_label(struct slice s)
{
	if (s.len == 0 || s.len > 63 || !is_lower_alnum(s.ptr[0]) ||
	    !is_lower_alnum(s.ptr[s.len - 1]))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_lower_alnum(s.ptr[i]) && s.ptr[i] != '-')
			return false;
	return true;
}

static bool
is_subdomain(struct slice s)
{
	struct slice part;

	if (s.len == 0 || s.len > 253)
		return false;
	while (slice_cut(&s, '.', &part))
		if (!is_label(part))
			return false;
	return true;
}

static bool
is_ip(struct slice s)
{
	unsigned char addr[16];
	char text[INET6_ADDRSTRLEN];

	if (s.len == 0 || s.len >= sizeof(text))
		return false;
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	return inet_pton(AF_INET, text, addr) == 1 ||
	    inet_pton(AF_INET6, text, addr) == 1;
}

static bool
is_cidr(struct slice s)
{
	struct slice ip;
	uint64_t bits = 0;

	slice_cut(&s, '/', &ip);
	if (!is_ip(ip) || s.ptr == NULL)
		return is_ip(ip);
	return s.len <= 3 && slice_u64(s, &bits) &&
	    bits <= (slice_find(ip, ':') < 0 ? 32 : 128);
}

static bool
is_hostname(struct slice s)
{
	if (slice_has_prefix(s, SLICE("*.")))
		return s.len <= 253 && is_subdomain(slice_from(s, 2));
	return is_subdomain(s) && !is_ip(s);
}

static bool
is_header_name(struct slice s)
{
	if (s.len == 0 || s.len > 256)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) &&
		    (s.ptr[i] == '\0' || strchr("!#$%&'*+-.^_`|~", s.ptr[i]) == NULL))
			return false;
	return true;
}

static bool
is_host(struct slice s)
{
	return is_ip(s) || is_subdomain(s);
}

bool
conf_host_port(struct slice s, struct slice *host, uint16_t *port)
{
	size_t colon = s.len;
	uint64_t number;

	while (colon > 0 && s.ptr[colon - 1] != ':')
		colon--;
	if (colon == 0 || s.len - colon > 5 ||
	    !slice_u64(slice_from(s, colon), &number) || number > UINT16_MAX)
		return false;
	*host = slice_of(s.ptr, colon - 1);
	*port = (uint16_t)number;
	if (host->len == 0)
		return true;
	if (host->ptr[0] != '[')
		return is_host(*host) && slice_find(*host, ':') < 0;
	if (host->len < 2 || host->ptr[host->len - 1] != ']')
		return false;
	*host = slice_of(host->ptr + 1, host->len - 2);
	return is_ip(*host) && slice_find(*host, ':') >= 0;
}

#define LOW_PORTS	1024

bool
conf_is_low_port(const char *listen)
{
	struct slice host;
	uint16_t port;

	return listen != NULL && conf_host_port(slice_str(listen), &host,
	    &port) && port > 0 && port < LOW_PORTS;
}

static bool
is_host_port(struct slice s)
{
	struct slice host;
	uint16_t port;

	return conf_host_port(s, &host, &port) && host.len > 0 && port > 0;
}

static bool
is_listen(struct slice s)
{
	struct slice host;
	uint16_t port;

	return conf_host_port(s, &host, &port);
}

static bool
is_path(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
			return false;
	return s.len > 0 && s.len < 4096;
}

static bool
is_service_name(struct slice s)
{
	ptrdiff_t slash = slice_find(s, '/');

	return slash > 0 && is_label(slice_of(s.ptr, (size_t)slash)) &&
	    is_label(slice_from(s, (size_t)slash + 1));
}

static bool
is_trust_domain(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_lower_alnum(s.ptr[i]) && strchr("-._", s.ptr[i]) == NULL)
			return false;
	return s.len > 0 && s.len <= 255;
}

static bool
is_qualified(struct slice s)
{
	if (s.len == 0 || s.len > 63 || !is_alnum(s.ptr[0]) ||
	    !is_alnum(s.ptr[s.len - 1]))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && s.ptr[i] != '-' && s.ptr[i] != '_' &&
		    s.ptr[i] != '.')
			return false;
	return true;
}

static bool
is_label_key(struct slice s)
{
	ptrdiff_t slash = slice_find(s, '/');

	if (slash < 0)
		return is_qualified(s);
	return is_subdomain(slice_of(s.ptr, (size_t)slash)) &&
	    is_qualified(slice_from(s, (size_t)slash + 1));
}

static bool
is_label_value(struct slice s)
{
	return s.len == 0 || is_qualified(s);
}

static bool
is_precise_hostname(struct slice s)
{
	return is_subdomain(s) && !is_ip(s);
}

static bool
is_group(struct slice s)
{
	return s.len == 0 || is_subdomain(s);
}

static bool
is_kind(struct slice s)
{
	if (s.len == 0 || s.len > 63 || s.ptr[0] == '-' || s.ptr[s.len - 1] == '-' ||
	    (s.ptr[0] >= '0' && s.ptr[0] <= '9'))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && s.ptr[i] != '-')
			return false;
	return true;
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	    (c >= 'A' && c <= 'F');
}

/* Letters and digits, those of others, and "%" with two hex digits. */
static bool
is_encoded(struct slice s, const char *others)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '%') {
			if (i + 2 >= s.len || !is_hex(s.ptr[i + 1]) ||
			    !is_hex(s.ptr[i + 2]))
				return false;
			i += 2;
		} else if (!is_alnum(s.ptr[i]) && (s.ptr[i] == '\0' ||
		    strchr(others, s.ptr[i]) == NULL)) {
			return false;
		}
	}
	return s.len > 0;
}

static bool
is_url_path(struct slice s)
{
	return s.len <= 1024 && is_encoded(s, "-/._~!$&'()*+,;=:@");
}

static bool
is_field_value(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (((unsigned char)s.ptr[i] < 0x20 && s.ptr[i] != '\t') ||
		    s.ptr[i] == 0x7f)
			return false;
	return s.len > 0 && s.len <= 4096 && slice_trim(s).len == s.len;
}

static bool
is_controller(struct slice s)
{
	ptrdiff_t slash = slice_find(s, '/');

	return slash > 0 && s.len <= 253 &&
	    is_subdomain(slice_of(s.ptr, (size_t)slash)) &&
	    is_encoded(slice_from(s, (size_t)slash + 1), "/-._~!$&'()*+,;=:");
}

static bool
is_scheme(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && s.ptr[i] != '+' && s.ptr[i] != '-' &&
		    s.ptr[i] != '.')
			return false;
	return s.len > 1 && !(s.ptr[0] >= '0' && s.ptr[0] <= '9') &&
	    is_alnum(s.ptr[0]);
}

static bool
is_origin(struct slice s)
{
	ptrdiff_t colon = slice_find(s, ':');
	struct slice host, rest;
	uint16_t port;

	if (slice_is(s, "*"))
		return true;
	if (colon < 0 || s.len > 253 || !is_scheme(slice_of(s.ptr, (size_t)colon)) ||
	    !slice_has_prefix(slice_from(s, (size_t)colon), SLICE("://")))
		return false;
	rest = slice_from(s, (size_t)colon + 3);
	if (slice_has_prefix(rest, SLICE("*.")))
		rest = slice_from(rest, 2);
	return is_host(rest) || slice_is(rest, "*") ||
	    (conf_host_port(rest, &host, &port) && host.len > 0 && port > 0);
}

static bool
is_base64(struct slice s)
{
	size_t n = 0, pad = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '\n' || c == '\r')
			continue;
		n++;
		if (c == '=')
			pad++;
		else if (pad > 0 || (!is_alnum(c) && c != '+' && c != '/'))
			return false;
	}
	return n % 4 == 0 && pad <= 2 && s.len <= 1u << 20;
}

static bool
is_long_text(struct slice s)
{
	return s.len <= 1u << 20;
}

static bool
is_secret_key(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && strchr("-._", s.ptr[i]) == NULL)
			return false;
	return s.len > 0 && s.len <= 253 && !slice_is(s, ".") && !slice_is(s, "..");
}

static const struct {
	bool      (*match)(struct slice);
	const char *expected;
} patterns[] = {
	[CONF_TEXT] = { is_text, "at most 4096 bytes" },
	[CONF_LABEL] = { is_label,
	    "a label (a-z, 0-9 and - inside, at most 63 characters)" },
	[CONF_SUBDOMAIN] = { is_subdomain,
	    "a name (a-z, 0-9, - and . inside, at most 253 characters)" },
	[CONF_HOSTNAME] = { is_hostname,
	    "a host name, \"*.\" may lead it, no IP address" },
	[CONF_HEADER_NAME] = { is_header_name, "the name of an HTTP field" },
	[CONF_IP] = { is_ip, "an IP address" },
	[CONF_CIDR] = { is_cidr, "an IP address or a range, as 10.0.0.0/8" },
	[CONF_HOST] = { is_host, "an IP address or a host name" },
	[CONF_HOST_PORT] = { is_host_port,
	    "HOST:PORT ([ADDRESS]:PORT for IPv6)" },
	[CONF_LISTEN] = { is_listen,
	    "ADDRESS:PORT or :PORT ([ADDRESS]:PORT for IPv6)" },
	[CONF_PATH] = { is_path, "the path of a file" },
	[CONF_SERVICE_NAME] = { is_service_name, "NAMESPACE/NAME" },
	[CONF_TRUST_DOMAIN] = { is_trust_domain,
	    "a trust domain (a-z, 0-9, -, . and _, at most 255 characters)" },
	[CONF_LABEL_KEY] = { is_label_key,
	    "a label's key ([DOMAIN/]NAME, NAME at most 63 characters)" },
	[CONF_LABEL_VALUE] = { is_label_value,
	    "a label's value (A-Z, a-z, 0-9, -, _ and ., at most 63 characters)" },
	[CONF_PRECISE_HOSTNAME] = { is_precise_hostname,
	    "a host name without \"*\", no IP address" },
	[CONF_GROUP] = { is_group, "the group of an API, \"\" for core" },
	[CONF_KIND] = { is_kind, "the name of a kind" },
	[CONF_URL_PATH] = { is_url_path,
	    "the path of a URL (RFC 3986, at most 1024 bytes)" },
	[CONF_FIELD_VALUE] = { is_field_value,
	    "the value of an HTTP field, without control characters" },
	[CONF_CONTROLLER] = { is_controller, "DOMAIN/PATH" },
	[CONF_ORIGIN] = { is_origin, "\"*\" or SCHEME://HOST[:PORT]" },
	[CONF_TOKEN_OR_STAR] = { is_header_name, "the name of an HTTP field, or \"*\"" },
	[CONF_BASE64] = { is_base64, "base64, at most 1 MiB" },
	[CONF_LONG_TEXT] = { is_long_text, "at most 1 MiB" },
	[CONF_SECRET_KEY] = { is_secret_key,
	    "a key (A-Z, a-z, 0-9, -, _ and ., at most 253 characters)" },
};

bool
conf_pattern_match(enum conf_pattern p, struct slice s)
{
	return patterns[p].match(s);
}

const char *
conf_pattern_expected(enum conf_pattern p)
{
	return patterns[p].expected;
}
