#include <string.h>

#include "base/arena.h"
#include "chain/proxy_status.h"
#include "pki/distrust.h"
#include "tls/tls.h"

/* What connections fail with besides certificates. */
static const struct {
	const char *details, *error;
} of_details[] = {
	{ "connect_timeout",	    "connection_timeout" },
	{ "connect_failed",	    "destination_unavailable" },
	{ "no_identity",	    "proxy_internal_error" },
	{ "tls_no_authority",	    "proxy_configuration_error" },
	{ "proxy_protocol_with_tls", "proxy_configuration_error" },
	{ "tls_alert",		    "tls_alert_received" },
};

static const char *const of_tls[TLS_FAILURES] = {
	[TLS_FAIL_TIMEOUT]	= "connection_timeout",
	[TLS_FAIL_BYTES]	= "tls_protocol_error",
	[TLS_FAIL_CLOSED]	= "tls_protocol_error",
	[TLS_FAIL_NOT_TLS]	= "tls_protocol_error",
	[TLS_FAIL_PROTOCOL]	= "tls_protocol_error",
	[TLS_FAIL_NO_CERT]	= "tls_certificate_error",
	[TLS_FAIL_CERT]		= "tls_certificate_error",
	[TLS_FAIL_WRONG_PEER]	= "tls_certificate_error",
	[TLS_FAIL_NO_ALPN]	= "tls_protocol_error",
	[TLS_FAIL_BUSY]		= "proxy_internal_error",
};

static const char *
connect_error(const char *details)
{
	for (size_t i = 0; i < sizeof(of_details) / sizeof(*of_details); i++)
		if (strcmp(of_details[i].details, details) == 0)
			return of_details[i].error;
	for (int f = 1; f < TLS_FAILURES; f++)
		if (of_tls[f] != NULL &&
		    strcmp(tls_failure_name((enum tls_failure)f), details) == 0)
			return of_tls[f];
	for (int d = 1; d < DISTRUST_COUNT; d++)
		if (strcmp(distrust_name((enum distrust)d), details) == 0)
			return "tls_certificate_error";
	return NULL;
}

const char *
proxy_status_error(enum response_flag flag, const char *details)
{
	const char *error = NULL;

	if (flag == FLAG_UF || flag == FLAG_UT)
		error = connect_error(details);
	return error != NULL ? error : response_flag_error(flag);
}

void
proxy_status_add(struct http_fields *fields, enum response_flag flag,
    const char *details)
{
	const char *error = proxy_status_error(flag, details);
	char *value;

	if (error == NULL)
		return;
	value = arena_printf(fields->arena,
	    "mesh; error=%s; details=\"%s\"", error, details);
	/* The words of TLS and certificates have dashes, no others do. */
	if (flag == FLAG_UF || flag == FLAG_UT)
		for (char *p = value; (p = strchr(p, '-')) != NULL;)
			*p = '_';
	http_fields_add(fields, SLICE("proxy-status"), slice_str(value));
}

struct slice
proxy_status_details(struct slice value)
{
	static const char begin[] = "details=\"";
	const char *at;
	struct slice rest;
	ptrdiff_t end;

	if (!slice_has_prefix(value, SLICE("mesh; error=")))
		return SLICE_NONE;
	at = memmem(value.ptr, value.len, begin, sizeof(begin) - 1);
	if (at == NULL)
		return SLICE_NONE;
	rest = slice_from(value, (size_t)(at - value.ptr) + sizeof(begin) - 1);
	end = slice_find(rest, '"');
	return end < 0 ? SLICE_NONE : slice_of(rest.ptr, (size_t)end);
}
