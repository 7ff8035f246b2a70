#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/micro/micro.h"
#include "conf/yaml.h"
#include "policy/authz.h"

/*
 * Policies of one rule and of 1,000, each about a caller, a method and paths of
 * its own.  Each request asks for the next rule, by its caller or by another, so
 * that half of them are refused.
 */
#define RULES		1000
#define EACH		250	/* rules of a policy */

struct policies {
	struct authz      *table;
	struct authz_facts facts;
	unsigned int       rules, at;
	char               ids[RULES][64], paths[RULES][32];
};

static struct model_object *
policy(unsigned int from, unsigned int to)
{
	struct str s = { 0 };
	struct arena a = { 0 };
	struct err err = ERR_INIT;

	str_addf(&s, "apiVersion: security.istio.io/v1\n"
	    "kind: AuthorizationPolicy\nmetadata: {name: p%u, namespace: "
	    "default}\nspec:\n  rules:\n", from);
	for (unsigned int i = from; i < to; i++)
		str_addf(&s, "  - from: [{source: {principals: "
		    "[mesh.internal/ns/default/sa/caller-%u]}}]\n"
		    "    to: [{operation: {methods: [GET], paths: "
		    "['/service-%u/*']}}]\n", i, i);
	struct model_object *o = model_object_read(conf_yaml_read(&a,
	    str_slice(&s), "micro", &err), MODEL_STRICT, NULL, &err);

	check(o != NULL);
	arena_fini(&a);
	str_fini(&s);
	return o;
}

static void *
start(unsigned int rules)
{
	struct policies *p = mem_zalloc(sizeof(*p));
	struct model_object *v[RULES / EACH];
	size_t n = 0;

	for (unsigned int i = 0; i < rules; i += EACH)
		v[n++] = policy(i, i + EACH < rules ? i + EACH : rules);
	p->table = authz_new(v, n, AUTHZ_DENY_ALL, NULL);
	while (n > 0)
		model_object_unref(v[--n]);
	for (unsigned int i = 0; i < rules; i++) {
		snprintf(p->ids[i], sizeof(p->ids[i]),
		    "spiffe://mesh.internal/ns/default/sa/caller-%u", i);
		snprintf(p->paths[i], sizeof(p->paths[i]), "/service-%u/items/7",
		    i);
	}
	p->rules = rules;
	p->facts = (struct authz_facts){ .port = 80, .is_http = true,
		.sni = SLICE("80.web.default.mesh"), .method = SLICE("GET"),
		.host = SLICE("web.default.mesh") };
	return p;
}

static void *
start_one(void)
{
	return start(1);
}

static void *
start_many(void)
{
	return start(RULES);
}

static void
once(void *state)
{
	struct policies *p = state;
	unsigned int i = p->at / 2 % p->rules, other = (i + 1) % p->rules;
	bool is_other = p->at++ % 2 == 1 && p->rules > 1;
	struct authz_verdict v;

	p->facts.id = slice_str(p->ids[is_other ? other : i]);
	p->facts.path = slice_str(p->paths[i]);
	authz_decide(p->table, &p->facts, &v);
	check(v.answer.is_denied == is_other);
}

static void
stop(void *state)
{
	struct policies *p = state;

	authz_unref(p->table);
	mem_free(p);
}

const struct micro micro_policy[] = {
	{ "authorize-by-1-rule", start_one, once, stop },
	{ "authorize-by-1000-rules", start_many, once, stop },
};
const size_t micro_policy_len = sizeof(micro_policy) / sizeof(micro_policy[0]);
