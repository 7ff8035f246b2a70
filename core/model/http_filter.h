#ifndef MODEL_HTTP_FILTER_H
#define MODEL_HTTP_FILTER_H

#include "model/refs.h"

/*
 * http_filter: the filters that rules and backends of HTTPRoute and GRPCRoute
 * hold.  Of the pointers of a model_http_filter the one that its type names
 * is set, all others are NULL.
 */
enum model_filter_type {
	MODEL_REQUEST_HEADERS,
	MODEL_RESPONSE_HEADERS,
	MODEL_MIRROR,
	MODEL_EXTENSION,
	MODEL_REDIRECT,		/* not in GRPCRoute, nor are those below */
	MODEL_REWRITE,
	MODEL_CORS,
	MODEL_EXTERNAL_AUTH,
};

struct model_header_value {
	const char *name, *value;
};

/* One action for a name; set replaces, add appends. */
struct model_header_change {
	struct model_header_value *set, *add;
	size_t                     set_len, add_len;
	const char               **remove;
	size_t                     remove_len;
};

enum model_path_change { MODEL_REPLACE_FULL, MODEL_REPLACE_PREFIX };

struct model_path_modifier {
	int         type;	/* enum model_path_change */
	const char *full;	/* the one that type means is set */
	const char *prefix;	/* what the matched prefix becomes; may be "" */
};

struct model_redirect {
	const char                 *scheme;	/* "http", "https"; NULL: as asked */
	const char                 *hostname;	/* NULL: as asked */
	struct model_path_modifier *path;	/* NULL: as asked */
	uint16_t                    port;	/* 0: see conventions of the API */
	int64_t                     status;	/* 301, 302, 303, 307 or 308 */
};

struct model_rewrite {
	const char                 *hostname;	/* NULL: as it is */
	struct model_path_modifier *path;	/* NULL: as it is */
};

struct model_fraction {
	int64_t numerator, denominator;	/* denominator >= 1 */
};

struct model_mirror {
	struct model_object_ref backend;
	int64_t                 percent;	/* -1: not given */
	struct model_fraction  *fraction;	/* NULL: not given */
};

struct model_cors {
	const char **origins;
	size_t       origins_len;
	bool         credentials;
	const char **methods;
	size_t       methods_len;
	const char **headers;
	size_t       headers_len;
	const char **expose;
	size_t       expose_len;
	int64_t      max_age_s;
};

enum model_auth_protocol { MODEL_AUTH_HTTP, MODEL_AUTH_GRPC };

struct model_external_auth {
	int                     protocol;	/* enum model_auth_protocol */
	struct model_object_ref backend;
	struct model_auth_http {
		const char  *path;	/* put before the request's; NULL: none */
		const char **headers;	/* of the request, passed on */
		size_t       headers_len;
		const char **reply_headers;	/* of the reply, passed on */
		size_t       reply_headers_len;
	} *http;
	struct model_auth_grpc {
		const char **headers;
		size_t       headers_len;
	} *grpc;
	struct model_auth_body {
		int64_t max;	/* bytes */
	} *body;
};

struct model_http_filter {
	int                         type;	/* enum model_filter_type */
	struct model_header_change *request_headers, *response_headers;
	struct model_redirect      *redirect;
	struct model_rewrite       *rewrite;
	struct model_cors          *cors;
	struct model_mirror        *mirror;
	struct model_external_auth *external_auth;
	struct model_object_ref    *extension;	/* group, kind, name */
};

extern const struct conf_schema model_http_filter_schema,
    model_grpc_filter_schema;

#define MODEL_FILTERS_MAX	16

const char *model_filter_type_name(enum model_filter_type);	/* "CORS" */
/* The first filter of the type, or NULL. */
const struct model_http_filter *model_filter_find(const struct model_http_filter *,
    size_t n, enum model_filter_type);
/* What filters of one rule may not be together; the path is "filters". */
int model_filters_check(const struct model_http_filter *, size_t n,
    const struct conf_place *);
/* Parts per million of the requests that a mirror gets. */
uint32_t model_mirror_share(const struct model_mirror *);

#endif
