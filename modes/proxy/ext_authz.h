#ifndef PROXY_EXT_AUTHZ_H
#define PROXY_EXT_AUTHZ_H

#include "base/refs.h"
#include "filter/ext_authz.h"
#include "modes/proxy/worker.h"

/*
 * ext_authz: a question to a provider of authorization, from one worker.
 *
 * Life: ext_authz_ask -> done once, or ext_authz_cancel and no call.
 * done is never called from inside the two.
 *
 * The provider is a service like any other: its endpoints are balanced, its
 * connections pooled, members of the mesh are spoken to over mutual TLS.  Within
 * the time that settings give it a question is sent once, or, if a connection
 * that was idle turns out to be closed, once more.  No answer is an answer, too:
 * ERROR, with the reason in a few words.
 *
 * A provider is made anew for each snapshot; questions under way keep theirs.
 */
/* On the link alone: this is a question, which a provider is not asked about. */
#define EXT_AUTHZ_QUESTION	"x-mesh-question"

struct ext_authz_provider {
	struct refs               refs;
	struct arena              arena;
	struct ext_authz_settings settings;
	struct slice              name;	/* for log and counters */
	struct slice              authority;	/* gRPC */
	struct slice              service;	/* "ns/name" */
	uint16_t                  port;		/* of that */
	struct cluster           *cluster;	/* counted; NULL: none such */
};

struct model_extension_provider;
struct model_external_auth;
struct ext_authz_ask;

/* Both copy what they keep; a reference of the cluster (NULL allowed) is taken. */
struct ext_authz_provider *ext_authz_provider_new(
    const struct model_extension_provider *, struct cluster *);
/* Of a route's filter; namespace: of the route. */
struct ext_authz_provider *ext_authz_provider_of_filter(
    const struct model_external_auth *, const char *namespace,
    struct cluster *);
struct ext_authz_provider *ext_authz_provider_ref(struct ext_authz_provider *);
void ext_authz_provider_unref(struct ext_authz_provider *);	/* NULL allowed */

typedef void ext_authz_done(void *arg, const struct ext_authz_answer *);

/*
 * Copies the question but for its head, which stays as it is until the answer.
 * The answer lies in the arena.  Keeps arg.
 */
struct ext_authz_ask *ext_authz_ask(struct proxy_worker *,
    struct ext_authz_provider *, const struct ext_authz_question *,
    struct arena *, ext_authz_done *done, void *arg);
void ext_authz_cancel(struct ext_authz_ask *);	/* NULL allowed */

#endif
