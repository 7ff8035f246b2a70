#include <stddef.h>

#include "chain/response_flag.h"

static const struct {
	const char *name;
	int         status;
	const char *error;
	const char *text;
} flags[RESPONSE_FLAGS] = {
	[FLAG_NONE] = { "-", 0, NULL, "Nothing went wrong." },
	[FLAG_UH]   = { "UH", 503, "destination_unavailable",
	    "No endpoint of the service is available." },
	[FLAG_UF]   = { "UF", 503, "connection_refused",
	    "The connection to the endpoint could not be made." },
	[FLAG_UO]   = { "UO", 503, "connection_limit_reached",
	    "A limit on connections or requests to the service was reached." },
	[FLAG_NR]   = { "NR", 404, "destination_not_found",
	    "No route or service matches the request." },
	[FLAG_NC]   = { "NC", 503, "destination_not_found",
	    "The route names a service that is not known." },
	[FLAG_URX]  = { "URX", 503, "destination_unavailable",
	    "All retries were used without an answer." },
	[FLAG_UT]   = { "UT", 504, "http_response_timeout",
	    "The service did not answer in time." },
	[FLAG_UC]   = { "UC", 502, "connection_terminated",
	    "The service closed the connection before its answer was complete." },
	[FLAG_UR]   = { "UR", 502, "connection_terminated",
	    "The service reset the exchange." },
	[FLAG_UPE]  = { "UPE", 502, "http_protocol_error",
	    "The answer of the service was not valid." },
	[FLAG_LR]   = { "LR", 502, "proxy_internal_error",
	    "The proxy gave up the exchange." },
	[FLAG_DC]   = { "DC", 0, NULL,
	    "The caller went away before the answer was complete." },
	[FLAG_DPE]  = { "DPE", 400, "http_request_error",
	    "The request was not valid." },
	[FLAG_SI]   = { "SI", 408, "connection_read_timeout",
	    "Nothing moved in the exchange for too long." },
	[FLAG_DT]   = { "DT", 504, "http_response_timeout",
	    "The exchange took longer than allowed." },
	[FLAG_DF]   = { "DF", 503, "dns_error",
	    "The name of the service could not be resolved." },
	[FLAG_RL]   = { "RL", 429, "http_request_denied",
	    "A rate limit was reached." },
	[FLAG_UAEX] = { "UAEX", 403, "http_request_denied",
	    "The caller may not do this." },
	[FLAG_DI]   = { "DI", 0, NULL, "A delay was injected." },
	[FLAG_FI]   = { "FI", 503, "proxy_internal_response",
	    "A fault was injected." },
	[FLAG_OM]   = { "OM", 503, "proxy_internal_error",
	    "The proxy is overloaded." },
	[FLAG_LIM]  = { "LIM", 413, "http_request_error",
	    "A limit on the size of the request was reached." },
	[FLAG_MIS]  = { "MIS", 421, "http_request_error",
	    "The request was meant for another service." },
};

const char *
response_flag_name(enum response_flag f)
{
	return flags[f].name;
}

int
response_flag_status(enum response_flag f)
{
	return flags[f].status;
}

const char *
response_flag_error(enum response_flag f)
{
	return flags[f].error;
}

const char *
response_flag_text(enum response_flag f)
{
	return flags[f].text;
}
