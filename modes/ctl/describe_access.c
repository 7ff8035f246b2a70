#include "model/authorization_policy.h"
#include "model/peer_authentication.h"
#include "model/request_authentication.h"
#include "model/workload.h"
#include "modes/ctl/about.h"
#include "modes/ctl/describe.h"
#include "modes/ctl/problems.h"

/* describe_access: who may call the service, and as whom he is known. */

static const struct model_kind *const kinds[] = {
	&model_authorization_policy_kind, &model_request_authentication_kind,
	&model_peer_authentication_kind, NULL,
};

int
describe_access_load(struct describe *v, struct err *err)
{
	/* Those of a root namespace are about this one, too. */
	for (size_t i = 0; kinds[i] != NULL; i++)
		if (traffic_load(&v->traffic, kinds[i], NULL, err) < 0)
			return -1;
	return traffic_load(&v->traffic, &model_workload_kind,
	    v->service->head->meta.namespace, err);
}

/* "ACTION DENY, FOR service/web, RULES 1": as a list of the kind has it. */
static void
add_says(struct str *out, const struct model_object *o)
{
	for (const struct model_column *c = o->kind->columns; c->title != NULL;
	    c++) {
		str_addf(out, "%s%s ", out->len > 0 ? ", " : "", c->title);
		c->print(out, o);
	}
}

static void
add_policy(struct describe *v, struct conf_node *list, const struct model_object *o)
{
	struct conf_node *row = conf_add_map(list);
	struct str text = { 0 };

	conf_set_string(row, "kind", o->kind->kind);
	conf_set_string(row, "name", describe_is_own(v, o) ?
	    o->head->meta.name : model_object_name(o));
	/* Rules and modes may name some. */
	conf_set_string(row, "port", "all");
	add_says(&text, o);
	describe_text(row, "says", &text);
	problems_of_status(v->c, o, v->problems);
	v->about[v->len++] = o;
}

void
describe_access(struct describe *v, struct conf_node *list)
{
	const struct model_object **all;

	for (size_t k = 0; kinds[k] != NULL; k++) {
		size_t n = traffic_of_kind(&v->traffic, kinds[k], &all);

		for (size_t i = 0; i < n; i++)
			if (about_service(&v->traffic, v->service, all[i]))
				add_policy(v, list, all[i]);
	}
}
