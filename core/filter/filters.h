#ifndef FILTER_FILTERS_H
#define FILTER_FILTERS_H

#include "chain/l7.h"
#include "filter/table.h"

/*
 * filters: the objects that the files of this folder define, for table.c.
 * Their configuration, in words, is in mesh-filters(7).
 */
extern const struct l4_filter filter_l4_limit, filter_authz;
extern const struct l7_filter filter_request_id, filter_metrics,
    filter_access_log, filter_headers, filter_limit, filter_rate_limit,
    filter_fault, filter_compression, filter_cache, filter_grpc_web;

extern const struct conf_schema filter_limit_schema, filter_authz_schema,
    filter_headers_schema, filter_access_log_schema,
    filter_rate_limit_schema, filter_fault_schema, filter_compression_schema,
    filter_cache_schema;

#endif
