#include <string.h>

#include "model/authorization_policy.h"
#include "model/mesh_config.h"
#include "modes/ctl/checks_impl.h"
#include "modes/ctl/traffic.h"

/* check_policies: a mesh that begins refuses everybody, which shall be known. */

static enum model_inbound_policy
default_of(struct traffic *t)
{
	const struct model_object **found;

	return traffic_of_kind(t, &model_mesh_config_kind, &found) == 0 ?
	    MODEL_ALL_AUTHENTICATED : (enum model_inbound_policy)
	    model_mesh_config(found[0])->spec.inbound_policy;
}

static size_t
count_allowing(struct traffic *t)
{
	const struct model_object **found;
	size_t n = traffic_of_kind(t, &model_authorization_policy_kind, &found),
	    allowing = 0;

	for (size_t i = 0; i < n; i++) {
		const struct model_authorization_policy_spec *s =
		    &model_authorization_policy(found[i])->spec;

		allowing += s->action == MODEL_AUTHZ_ALLOW &&
		    s->rules_len > 0 && !model_authz_is_dry_run(found[i]);
	}
	return allowing;
}

void
check_policies(struct ctl *c, struct checks *k)
{
	struct traffic t = { 0 };
	struct err err = ERR_INIT;
	enum model_inbound_policy word;
	struct check_line *l;

	traffic_open_control(&t, c);
	if (traffic_load(&t, &model_mesh_config_kind, NULL, &err) < 0 ||
	    traffic_load(&t, &model_authorization_policy_kind, NULL, &err) < 0) {
		/* A control of before there were policies has none. */
		if (err.kind != ERR_NOT_FOUND) {
			l = checks_add(k, "policies", CHECK_ERROR,
			    "who may call whom");
			l->why = arena_strdup(&c->arena, err.text);
		}
	} else if ((word = default_of(&t)) == MODEL_DENY &&
	    count_allowing(&t) == 0) {
		l = checks_add(k, "policies", CHECK_WARNING,
		    "who may call whom");
		l->why = "defaultInboundPolicy of the MeshConfig is deny, and no "
		    "AuthorizationPolicy allows anything";
		l->hint = "mesh ctl allow CALLER SERVICE";
	} else {
		/* Not a fault, but nobody shall be surprised by it. */
		checks_add(k, "policies", CHECK_SUCCESS, arena_printf(&c->arena,
		    "where no policy allows, defaultInboundPolicy is %s",
		    model_inbound_policy_name(word)));
	}
	traffic_close(&t);
}
