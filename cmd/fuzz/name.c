#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "conf/pattern.h"
#include "conf/units.h"
#include "link/sni.h"
#include "net/addr.h"
#include "pki/spiffe.h"

static void
read_addr(struct slice text)
{
	struct addr a, again;
	struct err err = ERR_INIT;
	char out[ADDR_TEXT_MAX];
	struct slice host;
	int port;

	addr_split(text, &host, &port, &err);
	if (addr_parse(text, &a, &err) != 0)
		return;
	addr_format(&a, out);
	if (a.sa.sa_family == AF_UNIX)
		return;
	check(addr_parse(slice_str(out), &again, &err) == 0);
	check(addr_eq(&a, &again));
}

static void
read_sni(struct slice text)
{
	struct service_name s, again;
	uint16_t port, port_again;
	char out[SNI_MAX];

	service_name_parse(text, SLICE("default"), &s);
	if (!sni_parse(text, &s, &port))
		return;
	sni_format(&s, port, out);
	check(slice_ieq(slice_str(out), text));
	check(sni_parse(slice_str(out), &again, &port_again));
	check(service_name_eq(&s, &again) && port == port_again);
}

static void
read_spiffe(struct slice text)
{
	struct spiffe id;

	if (!spiffe_parse(&id, text))
		return;
	check(slice_eq(id.text, text) && spiffe_domain_ok(id.domain));
	spiffe_dns_allowed(&id, text);
	if (id.kind == SPIFFE_WORKLOAD)
		check(spiffe_label_ok(id.ns) && spiffe_label_ok(id.name));
}

static void
read_units(struct slice text)
{
	char out[CONF_DURATION_TEXT];
	int64_t n, again;
	struct slice host;
	uint16_t port;

	if (conf_duration_read(text, &n)) {
		conf_duration_text(out, n);
		check(n >= 0);
		if (conf_duration_read(slice_str(out), &again))
			check(again == n);
	}
	if (conf_bytes_read(text, &n))
		check(n >= 0);
	conf_time_read(text, &n);
	for (int i = CONF_TEXT; i <= CONF_LABEL_VALUE; i++)
		conf_pattern_match((enum conf_pattern)i, text);
	if (conf_host_port(text, &host, &port))
		check(conf_pattern_match(CONF_LISTEN, text));
}

int
fuzz_name(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);

	read_addr(text);
	read_sni(text);
	read_spiffe(text);
	read_units(text);
	return 0;
}
