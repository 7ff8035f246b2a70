#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/refs.h"
#include "base/unset.h"
#include "policy/authz.h"
#include "policy/authz_index.h"

/* In the order in which they are decided by; rules lie in it. */
enum group { CUSTOM, DENY, ALLOW, DRY_CUSTOM, DRY_DENY, DRY_ALLOW, AUDIT, GROUPS };

struct authz {
	struct refs           refs;
	enum authz_default    fallback;
	const char           *cluster_local;	/* or NULL */
	struct arena          arena;
	struct model_object **policies;	/* as they were given; references */
	size_t                policies_len;
	struct authz_row     *rows;
	uint8_t              *groups;	/* of rows */
	size_t                rows_len;
	struct authz_index   *blocks;
	size_t                blocks_len;
	size_t                counts[GROUPS];	/* policies */
	const char          **providers;	/* of the policies */
	size_t                providers_len;
};

enum authz_default
authz_default_of(enum model_inbound_policy policy)
{
	static const enum authz_default words[] = {
		[MODEL_ALL_AUTHENTICATED] = AUTHZ_ALLOW_IDENTITIES,
		[MODEL_ALL_UNAUTHENTICATED] = AUTHZ_ALLOW_ALL,
		[MODEL_CLUSTER_AUTHENTICATED] = AUTHZ_ALLOW_OWN,
		[MODEL_CLUSTER_UNAUTHENTICATED] = AUTHZ_ALLOW_NEAR,
		[MODEL_DENY] = AUTHZ_DENY_ALL,
		[MODEL_AUDIT] = AUTHZ_ALLOW_IDENTITIES,
	};

	return words[policy];
}

static enum group
group_of(const struct model_object *o)
{
	static const enum group groups[] = { [MODEL_AUTHZ_ALLOW] = ALLOW,
		[MODEL_AUTHZ_DENY] = DENY, [MODEL_AUTHZ_AUDIT] = AUDIT,
		[MODEL_AUTHZ_CUSTOM] = CUSTOM };
	enum group g = groups[model_authorization_policy(o)->spec.action];

	return g == AUDIT || !model_authz_is_dry_run(o) ? g :
	    (enum group)(g + DRY_CUSTOM);
}

static int
by_turn(const void *a, const void *b)
{
	const struct model_object *x = *(struct model_object *const *)a,
	    *y = *(struct model_object *const *)b;
	int d = (int)group_of(x) - (int)group_of(y);

	return d != 0 ? d : model_object_by_age(x, y);
}

static size_t
rules_of(const struct model_object *o)
{
	return model_authorization_policy(o)->spec.rules_len;
}

static void
add_provider(struct authz *z, const struct model_object *o)
{
	const char *name = model_authorization_policy(o)->spec.provider->name;

	for (size_t i = 0; i < z->providers_len; i++)
		if (strcmp(z->providers[i], name) == 0)
			return;
	z->providers[z->providers_len++] = name;
}

static void
add_policy(struct authz *z, const struct model_object *o)
{
	const char *name = arena_strdup(&z->arena, model_object_name(o));
	enum group g = group_of(o);

	z->counts[g]++;
	if (g == CUSTOM)
		add_provider(z, o);
	for (size_t i = 0; i < rules_of(o); i++) {
		struct authz_row *r = &z->rows[z->rows_len];

		authz_row_init(r, &z->arena, o, (int)i, z->cluster_local);
		r->policy_name = name;
		z->groups[z->rows_len++] = (uint8_t)g;
	}
}

static void
add_blocks(struct authz *z)
{
	z->blocks = arena_zalloc(&z->arena, sizeof(*z->blocks) *
	    (z->rows_len / AUTHZ_BLOCK + 1));
	for (size_t at = 0; at < z->rows_len; at += AUTHZ_BLOCK)
		authz_index_init(&z->blocks[z->blocks_len++], &z->arena,
		    &z->rows[at], z->rows_len - at < AUTHZ_BLOCK ?
		    z->rows_len - at : AUTHZ_BLOCK);
}

struct authz *
authz_new(struct model_object *const *policies, size_t n,
    enum authz_default fallback, const char *cluster_local)
{
	struct authz *z = mem_zalloc(sizeof(*z));
	struct model_object **sorted = mem_zalloc_array(n + 1, sizeof(*sorted));
	size_t rules = 0;

	refs_init(&z->refs);
	z->fallback = fallback;
	if (cluster_local != NULL)
		z->cluster_local = arena_strdup(&z->arena, cluster_local);
	z->policies_len = n;
	z->policies = arena_alloc(&z->arena, sizeof(*z->policies) * n + 1);
	for (size_t i = 0; i < n; i++) {
		sorted[i] = z->policies[i] = model_object_ref(policies[i]);
		rules += rules_of(policies[i]);
	}
	qsort(sorted, n, sizeof(*sorted), by_turn);
	z->rows = arena_alloc(&z->arena, sizeof(*z->rows) * rules + 1);
	z->groups = arena_alloc(&z->arena, rules + 1);
	z->providers = arena_alloc(&z->arena, sizeof(*z->providers) * n + 1);
	for (size_t i = 0; i < n; i++)
		add_policy(z, sorted[i]);
	add_blocks(z);
	mem_free(sorted);
	return z;
}

struct authz *
authz_ref(struct authz *z)
{
	refs_take(&z->refs);
	return z;
}

void
authz_unref(struct authz *z)
{
	if (z == NULL || !refs_drop(&z->refs))
		return;
	for (size_t i = 0; i < z->rows_len; i++)
		authz_row_fini(&z->rows[i]);
	for (size_t i = 0; i < z->blocks_len; i++)
		authz_index_fini(&z->blocks[i]);
	for (size_t i = 0; i < z->policies_len; i++)
		model_object_unref(z->policies[i]);
	arena_fini(&z->arena);
	mem_free(z);
}

bool
authz_is_of(const struct authz *z, struct model_object *const *policies,
    size_t n, enum authz_default fallback, const char *cluster_local)
{
	if (z->fallback != fallback || z->policies_len != n ||
	    !slice_eq(slice_str(z->cluster_local), slice_str(cluster_local)))
		return false;
	for (size_t i = 0; i < n; i++)
		if (z->policies[i] != policies[i])
			return false;
	return true;
}

const char *const *
authz_providers(const struct authz *z, size_t *n)
{
	*n = z->providers_len;
	return z->providers;
}

/* --- decisions ------------------------------------------------------------------ */

struct search {
	const struct authz     *table;
	struct authz_view       view;
	const struct authz_row *found[GROUPS];	/* the first of each */
	struct authz_verdict   *out;
};

static struct authz_answer
answer(bool is_denied, const struct authz_row *by)
{
	return (struct authz_answer){ is_denied,
	    by == NULL ? NULL : by->policy_name, by == NULL ? 0 : by->rule };
}

static bool
is_asked(const struct authz_verdict *v, const char *provider)
{
	for (size_t i = 0; i < v->asks_len; i++)
		if (strcmp(v->asks[i].provider, provider) == 0)
			return true;
	return false;
}

/* True: nothing that is still to come counts. */
static bool
note(struct search *s, const struct authz_row *r, enum group g)
{
	struct authz_verdict *v = s->out;

	if (g == AUDIT) {
		if (v->audits_len < AUTHZ_AUDITS_MAX)
			v->audits[v->audits_len++] = answer(false, r);
		return false;
	}
	if (g == CUSTOM && v->asks_len < AUTHZ_ASKS_MAX) {
		if (!is_asked(v, r->provider))
			v->asks[v->asks_len++] = (struct authz_ask){
				r->provider, r->policy_name, r->rule };
		return false;
	}
	if (g == CUSTOM && is_asked(v, r->provider))
		return false;
	s->found[g] = r;
	return g <= ALLOW && !v->is_dry && s->table->counts[AUDIT] == 0;
}

static bool
go_through(struct search *s, const struct authz_row *rows,
    const uint8_t *groups, uint64_t bits)
{
	for (; bits != 0; bits &= bits - 1) {
		int i = __builtin_ctzll(bits);
		enum group g = groups[i];

		if (s->found[g] == NULL && authz_row_matches(&rows[i],
		    &s->view) && note(s, &rows[i], g))
			return true;
	}
	return false;
}

static void
search(struct search *s)
{
	const struct authz *z = s->table;

	for (size_t b = 0; b < z->blocks_len; b++) {
		uint64_t bits[AUTHZ_WORDS];
		size_t words = (z->blocks[b].rows + 63) / 64;

		authz_index_find(&z->blocks[b], &s->view, bits);
		for (size_t k = 0; k < words; k++) {
			size_t at = b * AUTHZ_BLOCK + k * 64;

			if (go_through(s, &z->rows[at], &z->groups[at],
			    bits[k]))
				return;
		}
	}
}

static bool
is_private(const struct authz_ip *ip)
{
	const uint8_t *b = ip->bytes;
	static const uint8_t v4[12] = { [10] = 0xff, [11] = 0xff },
	    loopback[16] = { [15] = 1 };

	if (!ip->is_known)
		return false;
	if (memcmp(b, v4, sizeof(v4)) != 0)
		return (b[0] & 0xfe) == 0xfc || memcmp(b, loopback, 16) == 0;
	b += 12;
	return b[0] == 10 || b[0] == 127 || (b[0] == 172 && b[1] >> 4 == 1) ||
	    (b[0] == 192 && b[1] == 168) || (b[0] == 100 && b[1] >> 6 == 1);
}

static bool
denies_by_default(const struct authz *z, const struct authz_facts *f)
{
	switch (z->fallback) {
	case AUTHZ_ALLOW_ALL:
		return false;
	case AUTHZ_ALLOW_IDENTITIES:
		return f->id.len == 0;
	case AUTHZ_ALLOW_OWN:
		return f->id.len == 0 || f->is_foreign;
	case AUTHZ_ALLOW_NEAR:
		return (f->id.len == 0 || f->is_foreign) &&
		    !is_private(&f->source);
	default:
		return true;
	}
}

/* with_dry: as if the policies of a dry run were in force, too. */
static struct authz_answer
decide(const struct search *s, bool with_dry)
{
	const struct authz_row *by[ALLOW + 1] = { s->found[CUSTOM] };
	bool has_allow = s->table->counts[ALLOW] > 0;

	for (int g = DENY; g <= ALLOW; g++)
		by[g] = s->found[g] != NULL || !with_dry ? s->found[g] :
		    s->found[g + DRY_CUSTOM];
	if (with_dry)
		has_allow |= s->table->counts[DRY_ALLOW] > 0;
	if (by[CUSTOM] != NULL || by[DENY] != NULL)
		return answer(true, by[CUSTOM] != NULL ? by[CUSTOM] : by[DENY]);
	if (!has_allow)
		return answer(denies_by_default(s->table, s->view.facts), NULL);
	return answer(by[ALLOW] == NULL, by[ALLOW]);
}

static void
init_verdict(struct authz_verdict *v, const struct authz *z)
{
	v->answer = v->dry = v->dry_ask = (struct authz_answer){ 0 };
	v->is_dry = z->counts[DRY_CUSTOM] + z->counts[DRY_DENY] +
	    z->counts[DRY_ALLOW] > 0;
	v->has_allow = z->counts[ALLOW] > 0;
	v->audits_len = v->asks_len = 0;
}

void
authz_decide(const struct authz *z, const struct authz_facts *f,
    struct authz_verdict *out)
{
	UNSET struct authz_headers headers;
	UNSET struct search s;

	init_verdict(out, z);
	s.table = z;
	s.out = out;
	memset(s.found, 0, sizeof(s.found));
	s.view.facts = f;
	if (z->rows_len > 0) {
		authz_view_init(&s.view, &headers, f);
		search(&s);
	}
	out->answer = decide(&s, false);
	if (out->is_dry)
		out->dry = decide(&s, true);
	if (s.found[DRY_CUSTOM] != NULL)
		out->dry_ask = answer(true, s.found[DRY_CUSTOM]);
}

const char *
authz_about_http(const struct authz *z, const struct authz_answer *by)
{
	for (size_t i = 0; by->policy != NULL && i < z->rows_len; i++)
		if (z->rows[i].rule == by->rule &&
		    strcmp(z->rows[i].policy_name, by->policy) == 0)
			return authz_row_about_http(&z->rows[i]);
	return NULL;
}

struct authz_answer
authz_unasked(const struct authz_verdict *v)
{
	const struct authz_ask *ask = &v->asks[0];

	return v->asks_len == 0 ? v->answer :
	    (struct authz_answer){ true, ask->policy, ask->rule };
}
