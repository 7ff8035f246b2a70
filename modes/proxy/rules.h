#ifndef PROXY_RULES_H
#define PROXY_RULES_H

#include "chain/l7.h"
#include "modes/proxy/rule_book.h"
#include "upstream/cluster.h"

/*
 * rules: which cluster, or which answer, the routes of a service or listener
 * have for a request.
 *
 * A rule_set is a book and the clusters that its backends are in one snapshot,
 * so a flap of an endpoint compiles no book.  An exchange keeps the book and
 * the cluster that it was given.
 *
 * Life: rule_book_make -> rule_set_bind -> rules_route ... -> rule_set_fini.
 */
struct rule_set {
	struct rule_book   *book;	/* counted */
	struct cluster    **clusters;	/* by slot, counted; NULL: missing */
	struct rule_extra **extras;	/* by slot; NULL: there are none at all */
};

/* What a rule or a backend runs besides the listener's chain. */
struct rule_extra {
	struct l7_chain *own;		/* counted; its ExtensionRefs; or NULL */
	struct l7_chain *policies;	/* counted; of a backend's service; or NULL */
	bool             is_missing;	/* an ExtensionRef leads nowhere: 500 */
};

/* How a set finds what its routes refer to. */
struct rule_world {
	/* NULL: the port is not there, or not allowed: requests get 500. */
	const struct service_port *(*port)(void *arg,
	    const struct model_object *route, const struct service_name *,
	    uint16_t port);
	void                       *arg;
	struct extensions          *extensions;
};

/* Takes book.  The set lies in the arena. */
struct rule_set *rule_set_bind(struct arena *, struct rule_book *book,
    const struct rule_world *);
void rule_set_fini(struct rule_set *);	/* NULL is allowed */

struct extensions;
struct service_port;
struct sticky;

/* What the rules make of a request; lives in the stream's arena. */
struct rule_choice {
	struct rule_book          *book;	/* counted; with rule */
	const struct rule         *rule;	/* NULL: none takes it, 404 */
	const struct rule_backend *backend;	/* NULL: see status */
	struct cluster            *cluster;	/* counted; of backend */
	struct sticky             *sticky;	/* NULL: the rule keeps no sessions */
	struct cluster           **mirrors;	/* counted; who gets a copy */
	size_t                     mirrors_len;
	struct l7_chain           *behind[4];	/* the set's */
	int                        behind_len;
	struct slice               prefix;	/* the rule's path, if a prefix */
	int                        status;	/* answered here; 0: go on */
	enum response_flag         flag;
	const char                *details;
	struct http_head          *reply;	/* with status; NULL: flag's words */
};

/* port: of the listener or service, for redirects.  Sets the summary's route. */
struct rule_choice *rules_choose(const struct rule_set *, struct l7_ctx *,
    const struct http_head *, uint16_t port);
/* The same, for another exchange: without mirrors and session. */
struct rule_choice *rule_choice_again(const struct rule_choice *,
    struct arena *);
/* Drops what the choice holds. */
void rule_choice_fini(struct rule_choice *);
/* It goes nowhere: this is the answer.  Keeps details. */
void rule_choice_answer(struct rule_choice *, int status, enum response_flag,
    const char *details);
/* Answers as the choice says (status is not 0). */
void rule_choice_reply(struct l7_ctx *, const struct rule_choice *);

/*
 * Where a connection goes by TLSRoutes and TCPRoutes, by the server name that
 * its client asks for ("": none).  Gives a counted cluster; NULL: it is refused,
 * *why says why.
 */
struct cluster *rules_stream(const struct rule_set *, struct slice sni,
    const char **why);
/*
 * The same for datagrams of a session that went to `before` (NULL: none yet),
 * and stays there as long as some backend leads there.
 */
struct cluster *rules_stream_again(const struct rule_set *,
    const struct cluster *before, const char **why);
/* Whether the server name counts: some route is a TLSRoute. */
bool rules_ask_name(const struct rule_set *);

/* rules_choose as a listener's route() does it: a job of the router, or a reply. */
void rules_route(const struct rule_set *, struct l7_chain *, struct l7_ctx *,
    struct http_head *, uint16_t port, struct l7_route *out);

#endif
