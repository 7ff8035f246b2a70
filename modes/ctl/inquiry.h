#ifndef CTL_INQUIRY_H
#define CTL_INQUIRY_H

#include "model/oidc_login.h"
#include "modes/ctl/asked.h"
#include "modes/ctl/asked_token.h"
#include "modes/ctl/inquiry_token.h"
#include "modes/ctl/traffic.h"
#include "policy/authz.h"

/*
 * inquiry: whether somebody may do something, and by what, as each proxy that
 * would be asked decides it (policy/authz.h, policy/authn.h): revocations, then
 * tokens, then logins, then policies.
 * Life: cmd_authz fills it -> inquiry_decide -> inquiry_print.
 *
 * A verdict is allowed or denied where proxies alone have the say, asked where a
 * provider has it, and undecided where keys are missing that they have.
 */
struct inquiry {
	struct ctl                *c;
	struct traffic             traffic;
	struct traffic_name        to;
	const struct model_object *service, *gateway;	/* one of them */
	struct asked               asked;
	struct asked_token         token;
	struct authz_facts         facts;	/* but header and token */
	enum model_inbound_policy  mesh;
	const char                *cluster_local;	/* as authz_new has it */
	const struct model_object *config;	/* MeshConfig, or NULL */
	const char                *revoked;	/* the caller: when; or NULL */
	struct model_oidc_place    came;	/* at a Gateway */
	struct conf_node          *rows;
	size_t                     denied, open;
};

void inquiry_decide(struct inquiry *);
void inquiry_print(struct inquiry *);
/* The OIDCLogin by which people come in at a Gateway, or NULL. */
const struct model_object *inquiry_login(struct inquiry *, const char *namespace,
    const char *gateway);

#endif
