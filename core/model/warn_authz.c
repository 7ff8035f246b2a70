#include <stdio.h>
#include <string.h>

#include "model/authorization_rules.h"
#include "model/service.h"
#include "model/warn_impl.h"

/* warn_authz: rules of AuthorizationPolicies that look like some and are none. */

static const struct model_authorization_policy_spec *
spec_of(const struct warner *w)
{
	return &model_authorization_policy(w->object)->spec;
}

/* --- values that others take away ------------------------------------------------ */

static bool
has_patterns(enum model_authz_attribute a)
{
	return a != MODEL_BY_PORT && a != MODEL_BY_ACCOUNT && a != MODEL_BY_IP &&
	    a != MODEL_BY_REMOTE_IP && a != MODEL_BY_DESTINATION_IP;
}

/* Whether whatever matches v matches the pattern, too; if unsure: no. */
static bool
covers(enum model_authz_attribute a, const char *pattern, const char *v)
{
	struct slice p = slice_str(pattern), s = slice_str(v);

	if (strcmp(pattern, v) == 0)
		return true;
	if (!has_patterns(a) || model_authz_is_template(pattern) ||
	    model_authz_is_template(v))
		return false;
	if (slice_is(p, "*"))
		return true;
	if (p.ptr[p.len - 1] == '*' && s.ptr[0] != '*')
		return slice_has_prefix(s, slice_of(p.ptr, p.len - 1));
	return p.ptr[0] == '*' && s.ptr[s.len - 1] != '*' &&
	    slice_has_suffix(s, slice_from(p, 1));
}

static bool
is_covered(enum model_authz_attribute a, const char *v,
    const struct model_authz_values *by)
{
	for (size_t i = 0; i < by->v_len; i++)
		if (covers(a, by->v[i], v))
			return true;
	return false;
}

/* Reports each value that nothing has; outcome: what then becomes of it. */
static void
look_for_faults(struct warner *w, enum model_authz_attribute a, const char *path,
    const char *word, const struct model_authz_values *of, const char *outcome)
{
	struct arena room;

	arena_init(&room);
	for (size_t i = 0; i < of->v_len; i++) {
		const char *fault = warn_value_fault(a, of->v[i], &room);

		if (fault != NULL)
			warn_at(w, "%s.%s[%zu]: %s: %s", path, word, i, outcome,
			    fault);
	}
	arena_fini(&room);
}

/* The same, and reports a list of which nothing is left. */
static void
look_at_values(struct warner *w, enum model_authz_attribute a, const char *path,
    const char *word, const char *not_word, const struct model_authz_values *is,
    const struct model_authz_values *not)
{
	size_t taken = 0;

	look_for_faults(w, a, path, word, is, "matches nothing");
	look_for_faults(w, a, path, not_word, not, "takes nothing away");
	for (size_t i = 0; i < is->v_len; i++)
		taken += is_covered(a, is->v[i], not);
	if (is->v_len > 0 && taken == is->v_len)
		warn_at(w, "%s.%s: matches nothing, as %s takes all of it away",
		    path, word, not_word);
}

/* --- a source, an operation, a condition ------------------------------------------ */

/* The namespace in an exact principal; absent: it may be any. */
static struct slice
namespace_of(const char *principal)
{
	struct slice s = slice_str(principal), part, last = SLICE_NONE;

	if (strchr(principal, '*') != NULL)
		return SLICE_NONE;
	if (slice_has_prefix(s, SLICE("spiffe://")))
		s = slice_from(s, 9);
	for (int i = 0; i < 3; i++) {
		if (!slice_cut(&s, '/', &part) ||
		    (i == 1 && !slice_is(part, "ns")))
			return SLICE_NONE;
		last = part;
	}
	return last;
}

/* Identities of one namespace, and a demand for another. */
static bool
is_torn(const struct model_authz_terms *t)
{
	const struct model_authz_values *ids = &t->is[MODEL_BY_PRINCIPAL];
	const struct model_authz_values *names = &t->is[MODEL_BY_NAMESPACE];
	char text[256];

	for (size_t i = 0; i < ids->v_len; i++) {
		struct slice ns = namespace_of(ids->v[i]);

		if (ns.ptr == NULL || ns.len >= sizeof(text))
			return false;
		memcpy(text, ns.ptr, ns.len);
		text[ns.len] = '\0';
		if (is_covered(MODEL_BY_NAMESPACE, text, names))
			return false;
	}
	return ids->v_len > 0 && names->v_len > 0;
}

static void
look_at_terms(struct warner *w, const struct model_authz_terms *t,
    const char *path)
{
	for (int i = 0; i < MODEL_OF_REQUEST; i++) {
		enum model_authz_attribute a = (enum model_authz_attribute)i;

		look_at_values(w, a, path, model_authz_word(a, false),
		    model_authz_word(a, true), &t->is[a], &t->not[a]);
	}
	if (is_torn(t))
		warn_at(w, "%s.namespaces: matches nobody, as none of the "
		    "principals is of these", path);
}

static bool
is_exact(const struct model_authz_values *v)
{
	for (size_t i = 0; i < v->v_len; i++)
		if (strchr(v->v[i], '*') != NULL)
			return false;
	return v->v_len > 0;
}

/* Two conditions of one key, with no value that fulfils both. */
static bool
are_apart(const struct model_authz_condition *a,
    const struct model_authz_condition *b, enum model_authz_attribute by)
{
	if (strcmp(a->key, b->key) != 0 || !is_exact(&a->is) ||
	    !is_exact(&b->is) || by == MODEL_BY_CLAIM || by == MODEL_BY_IP ||
	    by == MODEL_BY_REMOTE_IP || by == MODEL_BY_DESTINATION_IP)
		return false;
	for (size_t i = 0; i < a->is.v_len; i++)
		if (is_covered(by, a->is.v[i], &b->is))
			return false;
	return true;
}

static void
look_at_when(struct warner *w, const struct model_authz_rule *r, size_t rule)
{
	enum model_authz_attribute by;
	struct slice name;
	const char *fault;
	char path[64];

	for (size_t i = 0; i < r->when_len; i++) {
		const struct model_authz_condition *c = &r->when[i];

		if (!model_authz_key(c->key, &by, &name))
			continue;
		snprintf(path, sizeof(path), "rules[%zu].when[%zu]", rule, i);
		fault = by == MODEL_BY_HEADER ? warn_header_fault(name) : NULL;
		if (fault != NULL)
			warn_at(w, "%s.key: values match nothing, and notValues "
			    "take nothing away: %s", path, fault);
		look_at_values(w, by, path, "values", "notValues", &c->is, &c->not);
		for (size_t j = 0; j < i; j++)
			if (are_apart(c, &r->when[j], by))
				warn_at(w, "%s.values: never holds together with "
				    "when[%zu], which is about the same", path, j);
	}
}

void
warn_authz(struct warner *w)
{
	const struct model_authorization_policy_spec *s = spec_of(w);
	char path[64];

	for (size_t i = 0; i < s->rules_len; i++) {
		const struct model_authz_rule *r = &s->rules[i];

		for (size_t j = 0; j < r->from_len; j++) {
			snprintf(path, sizeof(path), "rules[%zu].from[%zu].source",
			    i, j);
			look_at_terms(w, &r->from[j].terms, path);
		}
		for (size_t j = 0; j < r->to_len; j++) {
			snprintf(path, sizeof(path), "rules[%zu].to[%zu].operation",
			    i, j);
			look_at_terms(w, &r->to[j].terms, path);
		}
		look_at_when(w, r, i);
	}
}

/* --- by the services that it is about ----------------------------------------------- */

#define SERVICES_MAX	16	/* of targetRefs; with more nothing is said */

struct services {
	const struct model_service *v[SERVICES_MAX];
	size_t                      len;
};

static bool
is_asked(const struct model_authz_values *ports, const struct model_service_port *p)
{
	uint64_t n;

	for (size_t i = 0; i < ports->v_len; i++)
		if (slice_u64(slice_str(ports->v[i]), &n) && (n == p->port ||
		    n == p->target.number))
			return true;
	/* What a name stands for is said by workloads. */
	return ports->v_len == 0 || (p->target.number == 0 &&
	    p->target.name != NULL);
}

/* The ports that an operation is about. */
struct asked {
	size_t   len, of_requests;
	uint16_t requests, bytes;	/* the first of either, or 0 */
};

static struct asked
count_ports(const struct services *s, const struct model_authz_values *ports)
{
	struct asked n = { .len = 0 };

	for (size_t i = 0; i < s->len; i++)
		for (size_t j = 0; j < s->v[i]->spec.ports_len; j++) {
			const struct model_service_port *p =
			    &s->v[i]->spec.ports[j];
			bool is_bytes = !model_port_takes_requests(p);
			uint16_t *first = is_bytes ? &n.bytes : &n.requests;

			if (!is_asked(ports, p))
				continue;
			n.len++;
			n.of_requests += !is_bytes;
			if (*first == 0)
				*first = p->port;
		}
	return n;
}

static const char *
request_word(const struct model_authz_terms *t)
{
	static const enum model_authz_attribute of_requests[] = {
		MODEL_BY_METHOD, MODEL_BY_PATH, MODEL_BY_HOST };

	for (size_t i = 0; i < sizeof(of_requests) / sizeof(of_requests[0]); i++)
		for (int not = 0; not < 2; not++)
			if ((not ? t->not : t->is)[of_requests[i]].v_len > 0)
				return model_authz_word(of_requests[i], not);
	return NULL;
}

static void
tell_of_ports(struct warner *w, const struct model_authz_values *ports,
    const char *path)
{
	struct str list = { 0 };

	for (size_t i = 0; i < ports->v_len && i < 8; i++)
		str_addf(&list, "%s%s", i == 0 ? "" : i + 1 == ports->v_len ?
		    " or " : ", ", ports->v[i]);
	warn_at(w, "%s.ports: matches nothing, as no Service of targetRefs has "
	    "port %s", path, str_ptr(&list));
	str_fini(&list);
}

static void
look_at_ports(struct warner *w, const struct services *s,
    const struct model_authz_terms *t, const char *path)
{
	const char *word = request_word(t);
	int action = spec_of(w)->action;
	const struct asked n = count_ports(s, &t->is[MODEL_BY_PORT]);
	bool is_deny = action == MODEL_AUTHZ_DENY;

	if (n.len == 0)
		tell_of_ports(w, &t->is[MODEL_BY_PORT], path);
	else if (n.of_requests == 0 && word != NULL &&
	    action == MODEL_AUTHZ_ALLOW)
		warn_at(w, "%s.%s: allows nothing, as these ports carry bytes and "
		    "not requests", path, word);
	else if (n.of_requests == 0 && word != NULL && is_deny)
		warn_at(w, "%s.%s: is not known of bytes, which is what these ports "
		    "carry: every connection is refused", path, word);
	else if (n.of_requests < n.len && word != NULL && is_deny)
		warn_at(w, "%s.%s: is not known of bytes, which port %u carries: "
		    "every connection there is refused; ports, as [\"%u\"], leaves "
		    "it alone", path, word, n.bytes, n.requests);
}

void
warn_authz_targets(struct warner *w)
{
	const struct model_authorization_policy_spec *s = spec_of(w);
	struct services found = { .len = 0 };
	char path[64];

	for (size_t i = 0; i < s->targets_len; i++) {
		const struct model_target_ref *t = &s->targets[i];
		const struct model_object *o;

		snprintf(path, sizeof(path), s->target != NULL ? "targetRef" :
		    "targetRefs[%zu]", i);
		o = warn_look(w, path, t->group, t->kind, NULL, t->name);
		if (o != NULL && o->kind == &model_service_kind &&
		    model_service(o)->spec.ports_len > 0 &&
		    found.len < SERVICES_MAX)
			found.v[found.len++] = model_service(o);
	}
	/* Where one is not known, nothing can be said of all of them. */
	if (found.len == 0 || found.len != s->targets_len)
		return;
	for (size_t i = 0; i < s->rules_len; i++)
		for (size_t j = 0; j < s->rules[i].to_len; j++) {
			snprintf(path, sizeof(path), "rules[%zu].to[%zu].operation",
			    i, j);
			look_at_ports(w, &found, &s->rules[i].to[j].terms, path);
		}
}
