#include <string.h>

#include "base/clock.h"
#include "filter/ext_authz.h"
#include "model/closure.h"
#include "model/extension_provider.h"
#include "model/gateway.h"
#include "model/oidc_login.h"
#include "model/workload.h"
#include "modes/ctl/inquiry.h"
#include "modes/ctl/inquiry_arrival.h"
#include "modes/ctl/print.h"
#include "modes/ctl/rows.h"

/* --- reasons ---------------------------------------------------------------------- */

static const char *
reason(struct inquiry *q, const struct authz_verdict *v,
    const struct authz_answer *a)
{
	struct arena *arena = &q->c->arena;

	if (a->policy != NULL)
		return arena_printf(arena, "rule %d of %s", a->rule, a->policy);
	if (v->has_allow)
		return "no rule of an ALLOW policy matches";
	if (q->gateway != NULL)
		return "no ALLOW policy speaks: a gateway lets everybody in";
	return arena_printf(arena, "no ALLOW policy speaks, and "
	    "defaultInboundPolicy is %s", model_inbound_policy_name(q->mesh));
}

/* Whether a provider can be asked: of bytes only gRPC speaks. */
static const struct model_auth_provider *
askable(const struct inquiry *q, const struct authz_ask *ask)
{
	const struct model_extension_provider *p = model_extension_provider(
	    q->config, ask->provider);

	return p == NULL || (!q->facts.is_http && p->grpc == NULL) ? NULL :
	    model_auth_provider(p);
}

/* What proxies ask it; by HTTP that may be anything. */
static bool
is_question_to(const struct inquiry *q, const struct model_auth_provider *p,
    const struct authz_ask *ask)
{
	return q->service != NULL && model_extension_provider(q->config,
	    ask->provider)->grpc != NULL && q->facts.port == p->port &&
	    strcmp(p->service, q->to.name) == 0 &&
	    strcmp(p->namespace, q->to.namespace) == 0 &&
	    slice_is(q->facts.method, "POST") &&
	    slice_is(q->facts.path, EXT_AUTHZ_GRPC_PATH);
}

/* None is asked about questions to itself. */
static void
drop_own(const struct inquiry *q, struct authz_verdict *v)
{
	size_t kept = 0;

	for (size_t i = 0; i < v->asks_len; i++) {
		const struct model_auth_provider *p = askable(q, &v->asks[i]);

		if (p == NULL || !is_question_to(q, p, &v->asks[i]))
			v->asks[kept++] = v->asks[i];
	}
	v->asks_len = kept;
}

/* The rule that refuses as its provider cannot be asked, or NULL. */
static const struct authz_ask *
in_vain(const struct inquiry *q, const struct authz_verdict *v)
{
	for (size_t i = 0; i < v->asks_len; i++)
		if (askable(q, &v->asks[i]) == NULL)
			return &v->asks[i];
	return NULL;
}

static const char *
reason_of_asked(struct inquiry *q, const struct authz_verdict *v,
    const struct authz_answer *a, struct conf_node *asks)
{
	struct arena *arena = &q->c->arena;
	const char *text = "";

	for (size_t i = 0; i < v->asks_len; i++) {
		const struct authz_ask *ask = &v->asks[i];
		const char *one = arena_printf(arena, "asks provider %s by rule "
		    "%d of %s", ask->provider, ask->rule, ask->policy);

		conf_add_string(asks, one);
		text = arena_printf(arena, "%s%s, ", text, one);
	}
	return arena_printf(arena, "%sthen %s", text, reason(q, v, a));
}

/* "by rule 0 of default/x", ": no rule of an ALLOW policy matches" */
static const char *
by(struct inquiry *q, const struct authz_verdict *v, const struct authz_answer *a)
{
	if (a->policy != NULL)
		return arena_printf(&q->c->arena, " by %s", reason(q, v, a));
	return arena_printf(&q->c->arena, ": %s", a->is_denied &&
	    !v->answer.is_denied ? "no rule of an ALLOW policy matches" :
	    reason(q, v, a));
}

static bool
is_same(const struct authz_answer *a, const struct authz_answer *b)
{
	return a->is_denied == b->is_denied && a->rule == b->rule &&
	    (a->policy == NULL) == (b->policy == NULL) &&
	    (a->policy == NULL || strcmp(a->policy, b->policy) == 0);
}

/* --- rows ------------------------------------------------------------------------- */

/* What the policies of a dry run would have made of it. */
static void
add_dry(struct inquiry *q, struct conf_node *row, const struct authz_verdict *v)
{
	bool is_asked = v->dry_ask.policy != NULL && !v->dry.is_denied;
	const struct authz_answer *a = is_asked ? &v->dry_ask : &v->dry;
	struct conf_node *dry;

	if (!v->is_dry)
		return;
	dry = conf_set_map(row, "dryRun");
	conf_set_string(dry, "verdict", v->dry.is_denied ? "denied" : is_asked ?
	    "asked" : "allowed");
	conf_set_string(dry, "reason", is_asked ? arena_printf(&q->c->arena,
	    "asks a provider by %s", reason(q, v, a)) : reason(q, v, a));
	conf_set_string(dry, "text", !is_asked && is_same(a, &v->answer) ?
	    "dry run: would change nothing" : arena_printf(&q->c->arena,
	    "dry run: would %s%s", v->dry.is_denied ? "deny" : is_asked ?
	    "ask a provider" : "allow", by(q, v, a)));
}

static void
add_token(struct conf_node *row, const struct inquiry_token *t)
{
	struct conf_node *token;

	if (t->why == NULL)
		return;
	token = conf_set_map(row, "token");
	conf_set_string(token, "is", inquiry_token_word(t->is));
	if (t->policy != NULL)
		conf_set_string(token, "policy", t->policy);
	if (t->fault != NULL)
		conf_set_string(token, "fault", t->fault);
	conf_set_string(token, "text", t->why);
}

static void
add_end(struct inquiry *q, struct conf_node *row, const char *verdict,
    const char *why)
{
	conf_set_string(row, "verdict", verdict);
	conf_set_string(row, "reason", why);
	q->denied += strcmp(verdict, "denied") == 0;
	q->open += strcmp(verdict, "asked") == 0 ||
	    strcmp(verdict, "undecided") == 0;
}

/* What holds if every provider says yes. */
static void
add_verdict(struct inquiry *q, struct conf_node *row,
    const struct authz_verdict *v, bool is_open)
{
	const struct authz_ask *vain = in_vain(q, v);
	const struct authz_answer a = vain == NULL ? v->answer :
	    (struct authz_answer){ true, vain->policy, vain->rule };
	bool is_asked = vain == NULL && v->asks_len > 0;

	add_end(q, row, a.is_denied ? "denied" : is_open ? "undecided" :
	    is_asked ? "asked" : "allowed", is_asked ? reason_of_asked(q, v,
	    &a, conf_set_list(row, "asks")) : reason(q, v, &a));
	if (a.policy != NULL) {
		conf_set_string(row, "policy", a.policy);
		conf_set_int(row, "rule", a.rule);
	}
}

static void
add_audits(struct inquiry *q, struct conf_node *row,
    const struct authz_verdict *v)
{
	struct conf_node *audits;

	if (v->audits_len > 0)
		audits = conf_set_list(row, "audits");
	for (size_t i = 0; i < v->audits_len; i++)
		conf_add_string(audits, reason(q, v, &v->audits[i]));
}

/* --- one proxy -------------------------------------------------------------------- */

static struct slice
header_of(void *arg, struct slice name)
{
	return asked_header(arg, name, SLICE(", "));
}

/* Those of the kind that are about it; the array is in the arena. */
static struct model_object **
about(struct inquiry *q, const struct model_authz_place *place,
    bool (*is_for)(const struct model_object *,
    const struct model_authz_place *), size_t *n)
{
	const struct model_set *set = &q->traffic.set;
	struct model_object **v = arena_alloc(&q->c->arena,
	    (set->len + 1) * sizeof(*v));

	*n = 0;
	for (size_t i = 0; i < set->len; i++)
		if (is_for(set->objects[i], place))
			v[(*n)++] = set->objects[i];
	return v;
}

static bool
is_policy_for(const struct model_object *o, const struct model_authz_place *place)
{
	return o->kind == &model_authorization_policy_kind &&
	    model_authz_is_for(o, place);
}

/* Of several about all of one Gateway the oldest counts. */
const struct model_object *
inquiry_login(struct inquiry *q, const char *namespace, const char *gateway)
{
	const struct model_object **all, *oldest = NULL;
	size_t n = traffic_of_kind(&q->traffic, &model_oidc_login_kind, &all);

	for (size_t i = 0; gateway != NULL && i < n; i++)
		if (model_oidc_login_is_for_all(all[i], namespace, gateway) &&
		    (oldest == NULL || model_object_by_age(all[i], oldest) < 0))
			oldest = all[i];
	return oldest;
}

/* The closest to where the request has come to; of equals the oldest. */
static const struct model_object *
login_there(struct inquiry *q)
{
	const struct model_object **all, *best = NULL;
	size_t n = traffic_of_kind(&q->traffic, &model_oidc_login_kind, &all);
	int closest = -1;

	for (size_t i = 0; q->gateway != NULL && i < n; i++) {
		const struct model_oidc_login_spec *s = model_oidc_login(all[i]);

		for (size_t k = 0; k < s->targets_len; k++) {
			int by = model_oidc_closeness(all[i], &s->targets[k],
			    &q->came);

			if (by < 0 || by < closest || (by == closest &&
			    model_object_by_age(all[i], best) >= 0))
				continue;
			closest = by;
			best = all[i];
		}
	}
	return best;
}

static void
judge_policies(struct inquiry *q, struct conf_node *row,
    const struct model_authz_place *place, struct inquiry_token *t)
{
	struct authz_verdict verdict;
	size_t n;
	struct model_object **v = about(q, place, is_policy_for, &n);
	struct authz *z = authz_new(v, n, q->gateway != NULL ?
	    AUTHZ_ALLOW_ALL : authz_default_of(q->mesh), q->cluster_local);

	q->facts.token = t->token;
	q->facts.header = header_of;
	q->facts.header_arg = &t->seen;
	authz_decide(z, &q->facts, &verdict);
	drop_own(q, &verdict);
	add_verdict(q, row, &verdict, t->is == INQUIRY_TOKEN_UNKNOWN);
	add_dry(q, row, &verdict);
	add_audits(q, row, &verdict);
	authz_unref(z);
}

/* What is refused before any document about callers is read, or NULL. */
static const char *
refusal(struct inquiry *q, const struct model_object *workload)
{
	return q->revoked == NULL ? inquiry_arrival_refusal(q, workload) :
	    arena_printf(&q->c->arena, "the identity was revoked at %s, and has "
	    "not joined again", q->revoked);
}

/* In the order of proxies: trust, tokens, logins, policies.  NULL: see there. */
static void
decide(struct inquiry *q, const struct model_object *workload)
{
	const struct conf_pairs *labels = workload != NULL ?
	    &workload->head->meta.labels : q->service == NULL ? NULL :
	    &model_service(q->service)->spec.selector;
	const struct model_authz_place place = { .namespace = q->to.namespace,
		.labels = labels,
		.service = q->service != NULL ? q->to.name : NULL,
		.gateway = q->gateway != NULL ? q->to.name : NULL,
		.gateway_class = q->gateway != NULL ?
		    model_gateway(q->gateway)->spec.class_name : NULL,
	};
	struct inquiry_token t = { .c = q->c, .asked = &q->asked,
		.typed = &q->token, .seen = q->asked,
		.login = login_there(q), .now_s = clock_wall_s() };
	struct conf_node *row = conf_add_map(q->rows);
	const char *why = refusal(q, workload);

	conf_set_string(row, "workload", workload == NULL ? "-" :
	    model_object_name(workload));
	if (why != NULL) {
		add_end(q, row, "denied", why);
		return;
	}
	t.policies = about(q, &place, model_request_authentication_is_for,
	    &t.policies_len);
	if (q->facts.is_http)
		inquiry_token_judge(&t);
	if (t.is == INQUIRY_TOKEN_REFUSED || t.is == INQUIRY_TOKEN_LOGIN)
		add_end(q, row, "denied", t.why);
	else
		judge_policies(q, row, &place, &t);
	add_token(row, &t);
	inquiry_token_fini(&t);
}

/* --- all of them ------------------------------------------------------------------ */

/* Whether the workload takes the calls that are asked about. */
static bool
is_asked(const struct inquiry *q, const struct model_object *workload)
{
	const char *account =
	    model_workload(workload)->spec.service_account;

	if (q->service != NULL)
		return model_workload_backs(workload, q->service);
	return account != NULL && strncmp(account, MODEL_GATEWAY_ACCOUNT,
	    strlen(MODEL_GATEWAY_ACCOUNT)) == 0 && strcmp(account +
	    strlen(MODEL_GATEWAY_ACCOUNT), q->to.name) == 0;
}

void
inquiry_decide(struct inquiry *q)
{
	const struct model_object **all;
	size_t n = traffic_of_kind(&q->traffic, &model_workload_kind, &all), asked = 0;

	for (size_t i = 0; i < n; i++) {
		if (!is_asked(q, all[i]))
			continue;
		decide(q, all[i]);
		asked++;
	}
	if (asked == 0)
		decide(q, NULL);
}

/* The sentences of a row as one, for tables. */
static void
add_summary(struct inquiry *q, struct conf_node *row)
{
	const char *token = conf_get_string(conf_get(row, "token"), "text");
	const char *dry = conf_get_string(conf_get(row, "dryRun"), "text");
	const char *why = conf_get_string(row, "reason");
	bool is_all = token != NULL && strcmp(token, why) == 0;

	conf_set_string(row, "summary", arena_printf(&q->c->arena, "%s%s%s%s%s",
	    why, token != NULL && !is_all ? "; " : "", token != NULL && !is_all ?
	    token : "", dry != NULL ? "; " : "", dry != NULL ? dry : ""));
}

void
inquiry_print(struct inquiry *q)
{
	static const struct rows_column columns[] = {
		{ "WORKLOAD", "workload", ROWS_TEXT, false },
		{ "VERDICT", "verdict", ROWS_TEXT, false },
		{ "BECAUSE", "summary", ROWS_TEXT, false },
		{ "AUDITED-BY", "audits", ROWS_TEXT, true },
		{ 0 },
	};

	/* For programs that would say everything twice. */
	if (print_node(q->c, q->rows))
		return;
	CONF_FOREACH(e, q->rows)
		add_summary(q, e->node);
	rows_print(q->c, q->rows, columns, "workloads");
}
