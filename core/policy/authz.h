#ifndef POLICY_AUTHZ_H
#define POLICY_AUTHZ_H

#include "conf/node.h"
#include "model/authorization_policy.h"
#include "model/mesh_config.h"

/*
 * authz: the AuthorizationPolicies of one place (a workload, one service of it,
 * a gateway) as one decision structure.
 *
 * Life: authz_new -> authz_ref ... -> authz_decide -> authz_unref.
 * Immutable and counted; threads share it.  To decide allocates nothing itself.
 *
 * Order (Istio's): the providers of CUSTOM rules that match are asked, each
 * once; a DENY rule matches: refused; no ALLOW policy is there: what the mesh says
 * by default; an ALLOW rule: allowed; else refused.  AUDIT decides nothing.
 *
 * To ask is the caller's: the verdict says whom, and its answer is what holds
 * once all of them said yes.  As they may change the request, who asked decides
 * again then.  Where nobody can be asked it is authz_unasked.
 *
 * A rule matches when one of its from, one of its to and all of its when do; in
 * a source or operation all fields must hold, of a field one value.  A value is
 * exact, "abc*" a beginning, "*abc" an end, "*" anything that is there; a
 * path may have {*}, one segment, and {**}, any number of them.
 *
 * What cannot be known -- of bytes anything of HTTP -- never matches in an ALLOW
 * rule and always does in any other.  A caller without an identity has no
 * principal, namespace or account, and a request without a verified token no
 * request principal and no claim: none of the values, and none of the "not"
 * values either, so that to deny notRequestPrincipals ["*"] is to ask for one.
 * A caller of another trust domain has a principal and that domain, but neither
 * of the others, which are ours.
 *
 * A claim is a string or a list of strings, one of which must be the value;
 * what is neither is not there.
 *
 * Rules are looked for by what they ask of principal, namespace, account, host,
 * port, method, path and headers, and only those that are left are gone
 * through: rules that ask for somebody else cost a bit each.
 */
struct authz;

/* What the mesh says where no ALLOW policy speaks. */
enum authz_default { AUTHZ_DENY_ALL, AUTHZ_ALLOW_ALL, AUTHZ_ALLOW_IDENTITIES,
	AUTHZ_ALLOW_OWN,	/* identities of our trust domain */
	AUTHZ_ALLOW_NEAR };	/* those, and anybody of a private network */

enum authz_default authz_default_of(enum model_inbound_policy);

struct authz_ip {
	bool    is_known;
	uint8_t bytes[16];	/* of IPv4 as IPv4-mapped IPv6 */
};

/* What a verified token says. */
struct authz_token {
	struct slice            principal;	/* "ISS/SUB"; absent: it lacks one */
	const struct conf_node *claims;		/* a map */
};

/* Slices are borrowed; absent is empty.  What is no HTTP has none of that. */
struct authz_facts {
	struct slice    id;		/* SPIFFE ID, proven; empty: none */
	bool            is_foreign;	/* it is of another trust domain than ours */
	struct authz_ip source, remote, destination;
	uint16_t        port, app_port;	/* of the service; of what is behind it */
	struct slice    sni;
	bool            is_http;
	struct slice    method, path;	/* path as http/path.h has it */
	struct slice    host, authority;	/* lower case; without port, with */
	/*
	 * All lines of a field, joined by ", "; lower-case name; absent: none.  It
	 * is asked once for each field that rules name, and what it gives stays.
	 */
	struct slice  (*header)(void *arg, struct slice name);
	void           *header_arg;
	const struct authz_token *token;	/* NULL: it has none */
};

struct authz_answer {
	bool        is_denied;
	const char *policy;	/* "ns/name"; NULL: the default, or none allows */
	int         rule;	/* of the policy; with policy */
};

/* A provider, and the first rule that asks it. */
struct authz_ask {
	const char *provider;
	const char *policy;
	int         rule;
};

#define AUTHZ_AUDITS_MAX	4
#define AUTHZ_ASKS_MAX		4	/* more: the rule of the next one refuses */

struct authz_verdict {
	struct authz_answer answer;
	/* What it would be with the policies of a dry run in force. */
	bool                is_dry;	/* there are such, */
	struct authz_answer dry;	/* with is_dry */
	struct authz_answer dry_ask;	/* CUSTOM of those; policy NULL: none */
	bool                has_allow;	/* some ALLOW policy is in force */
	struct authz_answer audits[AUTHZ_AUDITS_MAX];	/* those that match */
	size_t              audits_len;
	struct authz_ask    asks[AUTHZ_ASKS_MAX];	/* in their order */
	size_t              asks_len;
};

/*
 * Takes a reference of each policy.  cluster_local: the trust domain that values
 * mean by that name; NULL: the one of that name.
 */
struct authz *authz_new(struct model_object *const *policies, size_t n,
    enum authz_default, const char *cluster_local);
struct authz *authz_ref(struct authz *);
void authz_unref(struct authz *);	/* NULL is allowed */
/* Whether it is what these would make. */
bool authz_is_of(const struct authz *, struct model_object *const *policies,
    size_t n, enum authz_default, const char *cluster_local);

/*
 * The providers that CUSTOM policies in force name, each once, whatever their
 * rules are about.  Borrowed.
 */
const char *const *authz_providers(const struct authz *, size_t *n);

/* The strings of the verdict live as long as the structure. */
void authz_decide(const struct authz *, const struct authz_facts *,
    struct authz_verdict *);
/*
 * What bytes have none of and the rule of an answer is about: "paths", "hosts" and
 * so on; NULL: it is about nothing of the kind, or a default.
 */
const char *authz_about_http(const struct authz *, const struct authz_answer *);
/* The answer if nobody is asked: the first rule that asks refuses. */
struct authz_answer authz_unasked(const struct authz_verdict *);

/* Text of an address; false: it is none. */
bool authz_ip_read(struct slice text, struct authz_ip *);

#endif
