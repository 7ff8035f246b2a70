#ifndef MODEL_EXTENSION_H
#define MODEL_EXTENSION_H

#include "model/object.h"
#include "model/refs.h"

/*
 * extension: our own kinds that act on requests: RateLimit, FaultInjection,
 * Compression, Cache.
 *
 * A route's ExtensionRef filter names one of them in its own namespace, and
 * then it acts on that rule; or its targetRefs name services, and then it acts
 * on all that is sent to them.
 */
enum model_limit_scope { MODEL_LIMIT_LOCAL, MODEL_LIMIT_GLOBAL };

struct model_rate_limit_spec {
	struct model_target_ref *targets;
	size_t                   targets_len;
	int                      scope;		/* enum model_limit_scope */
	struct model_limit {
		int64_t requests;	/* in per_ms */
		int64_t per_ms;
		int64_t burst;		/* -1: as many as requests */
		bool    by_identity;	/* a bucket for each caller's identity */
		bool    by_address;	/* for each caller's address */
		const char *by_header;	/* for each value of it; NULL */
	} *limits;			/* all of them hold */
	size_t                   limits_len;
	struct model_limit_override {
		const char *identity;	/* "NAMESPACE/ACCOUNT" */
		int64_t     requests;	/* instead, for limits by identity */
	} *overrides;
	size_t                   overrides_len;
	bool                     headers;	/* tells callers what is left */
	bool                     dry_run;	/* counts, refuses nobody */
};

/* Filters take the same words (core/filter), so their rows are shared. */
extern const struct conf_schema model_limit_schema, model_limit_override_schema,
    model_fault_delay_schema, model_fault_abort_schema,
    model_fault_throughput_schema;

struct model_fault_spec {
	struct model_target_ref *targets;
	size_t                   targets_len;
	struct model_fault_delay {
		int64_t duration_ms, percent;	/* parts per million */
	} *delay;
	struct model_fault_abort {
		int64_t status;			/* 0: grpc_status */
		int64_t grpc_status;		/* -1: status */
		int64_t percent;		/* parts per million */
	} *abort;
	struct model_fault_throughput {
		int64_t bytes;			/* in a second */
		int64_t percent;		/* parts per million */
	} *throughput;
	const char **callers;	/* "NAMESPACE/ACCOUNT", by header; none: nobody */
	size_t       callers_len;
	int64_t      max_active;	/* at a time in one proxy */
};

enum model_coding { MODEL_GZIP, MODEL_BROTLI };

struct model_compression_spec {
	struct model_target_ref *targets;
	size_t                   targets_len;
	int                     *codings;	/* enum model_coding, best first */
	size_t                   codings_len;	/* none: brotli, gzip */
	const char             **types;		/* none: those of text */
	size_t                   types_len;
	int64_t                  least;		/* bytes */
	int64_t                  gzip_level, brotli_quality;
};

struct model_cache_spec {
	struct model_target_ref *targets;
	size_t                   targets_len;
	int64_t                  max_bytes, max_object;
	int64_t                  default_ttl_ms, max_ttl_ms;
	int64_t                  revalidate_ms;	/* stale-while-revalidate */
	int64_t                  error_ms;	/* stale-if-error */
	bool                     collapse;	/* one request for many alike */
	bool                     status_header;	/* RFC 9211 */
	const char             **ignored_query;
	size_t                   ignored_query_len;
};

/* What the rows cannot say. */
int model_rate_limit_check(const struct model_rate_limit_spec *,
    const struct conf_place *);

int model_fault_abort_rule(const void *abort, const struct conf_place *);

const struct model_rate_limit_spec *model_rate_limit(const struct model_object *);
const struct model_fault_spec *model_fault_injection(const struct model_object *);
const struct model_compression_spec *model_compression(const struct model_object *);
const struct model_cache_spec *model_cache(const struct model_object *);
/* The one of the four that a reference means; NULL: none. */
const struct model_kind *model_extension_kind(const char *group,
    const char *kind);
/* The targets of any of the four; false: another kind. */
bool model_extension_targets(const struct model_object *,
    const struct model_target_ref **, size_t *n);

/* As model_backend_policy_is_for, for the four. */
bool model_extension_is_for(const struct model_object *, const char *namespace,
    const char *service, const char *port_name);
/*
 * Whether of two of one kind about the same only the first acts, as it is older;
 * targets are those by which they meet.
 */
bool model_extension_displaces(const struct model_object *first,
    const struct model_target_ref *, const struct model_object *second,
    const struct model_target_ref *);

/* Whether a filter of the route (any object may be asked) is that document. */
bool model_extension_is_used(const struct model_object *,
    const struct model_object *route);

/* For the rows of the four. */
extern const struct model_column model_extension_columns[];
struct model_subject;
bool model_extension_concerns(const struct model_subject *,
    const struct model_object *);

#define MODEL_EXTENSION_TARGETS(type)					\
	{ "targetRefs", CONF_STRUCT_T, CONF_LIST_AT(type, targets),	\
	    .schema = &model_target_ref_schema, .max_items = 16,	\
	    .text = "services on all of whose requests it acts; none: on the "	\
	    "rules that refer to it" }

#endif
