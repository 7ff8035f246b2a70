#ifndef POLICY_AUTHZ_MATCH_H
#define POLICY_AUTHZ_MATCH_H

#include "base/map.h"
#include "policy/authz.h"

/*
 * authz_match: one rule as it is compiled, and whether it matches; of authz
 * alone.  Everything lies in the arena of the structure.
 */

/* Fields that were looked for, so that each is put together once. */
#define AUTHZ_HEADERS_KEPT	16	/* more are looked for again */
struct authz_headers {
	struct {
		struct slice name, value;
	}      v[AUTHZ_HEADERS_KEPT];
	size_t len;
};

/* What facts say, cut up once for all rules. */
struct authz_view {
	const struct authz_facts *facts;
	struct authz_headers     *headers;	/* kept */
	struct slice              text[MODEL_AUTHZ_ATTRIBUTES];
};
void authz_view_init(struct authz_view *, struct authz_headers *,
    const struct authz_facts *);
/* False: nothing can be known of it. */
bool authz_view_knows(const struct authz_view *, enum model_authz_attribute);
/* name: of a header. */
struct slice authz_view_text(const struct authz_view *,
    enum model_authz_attribute, struct slice name);

enum authz_how { AUTHZ_EXACT, AUTHZ_PREFIX, AUTHZ_SUFFIX, AUTHZ_PRESENT,
	AUTHZ_TEMPLATE };
struct authz_value {
	enum authz_how how;
	struct slice   text;	/* without "*"; of a template all of it */
	bool           with_port;	/* of a host */
};
/* Whose a value is, which says what names without more mean. */
struct authz_origin {
	const char *namespace;	/* of the policy */
	const char *cluster_local;	/* as authz_new has it */
};
/* A value as rules from there mean it; copies. */
struct authz_value authz_value_read(struct arena *, enum model_authz_attribute,
    const struct authz_origin *, const char *text);

/* The values of one list. */
struct authz_set {
	struct authz_value *v;		/* those that are not in exact */
	size_t              len;
	struct map          exact;	/* when there are many */
	struct authz_range {
		uint8_t  bytes[16];
		unsigned bits;
	}                  *ranges;
	size_t              ranges_len;
	uint16_t           *ports;
	size_t              ports_len;
};

struct authz_test {
	enum model_authz_attribute attribute;
	struct slice               name;	/* of a header or a claim */
	bool                       has_is;
	struct authz_set           is, not;
};

/* A source, an operation, the conditions: all tests must hold. */
struct authz_terms {
	struct authz_test *tests;
	size_t             len;
};

struct authz_row {
	const struct model_object *policy;
	const char                *policy_name;	/* "ns/name" */
	struct authz_origin        origin;
	int                        rule;
	const char                *provider;	/* that CUSTOM asks; or NULL */
	bool                       is_strict;	/* ALLOW: the unknown fails */
	struct authz_terms        *from, *to, when;
	size_t                     from_len, to_len;
};

/* Fills all but policy_name; init's opposite gives back what is no arena's. */
void authz_row_init(struct authz_row *, struct arena *,
    const struct model_object *policy, int rule, const char *cluster_local);
void authz_row_fini(struct authz_row *);
/* What it is about that only HTTP has: "paths"; NULL: nothing. */
const char *authz_row_about_http(const struct authz_row *);
bool authz_row_matches(const struct authz_row *, const struct authz_view *);

#endif
