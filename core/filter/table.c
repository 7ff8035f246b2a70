#include <string.h>

#include "filter/filters.h"

const struct filter_row filter_table[] = {
	{ "limit", &filter_l4_limit, NULL, &filter_limit_schema,
	    "connections, bytes and idle time of a listener's connections" },
	{ "authz", &filter_authz, NULL, &filter_authz_schema,
	    "which identities may connect" },
	{ "request_id", NULL, &filter_request_id, NULL,
	    "gives every request an x-request-id" },
	{ "metrics", NULL, &filter_metrics, NULL,
	    "counts requests, times and sizes" },
	{ "access_log", NULL, &filter_access_log, &filter_access_log_schema,
	    "writes a line of JSON for each exchange" },
	{ "headers", NULL, &filter_headers, &filter_headers_schema,
	    "sets, adds and removes fields of requests and responses" },
	{ "limit", NULL, &filter_limit, &filter_limit_schema,
	    "size of request heads and bodies" },
	{ "rate_limit", NULL, &filter_rate_limit, &filter_rate_limit_schema,
	    "how many requests may come in a time" },
	{ "fault", NULL, &filter_fault, &filter_fault_schema,
	    "delays requests, or answers them with an error" },
	{ "compression", NULL, &filter_compression, &filter_compression_schema,
	    "bodies of responses as gzip for callers that take it" },
	{ "cache", NULL, &filter_cache, &filter_cache_schema,
	    "answers again what was answered before (RFC 9111)" },
	{ "grpc_web", NULL, &filter_grpc_web, NULL,
	    "lets browsers call services of gRPC" },
	{ 0 },
};

const struct filter_row *
filter_find_l4(const char *name)
{
	for (const struct filter_row *r = filter_table; r->name != NULL; r++)
		if (r->l4 != NULL && strcmp(r->name, name) == 0)
			return r;
	return NULL;
}

const struct filter_row *
filter_find_l7(const char *name)
{
	for (const struct filter_row *r = filter_table; r->name != NULL; r++)
		if (r->l7 != NULL && strcmp(r->name, name) == 0)
			return r;
	return NULL;
}
