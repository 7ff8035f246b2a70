#include <string.h>

#include "policy/authz_index.h"

#define HEADERS_MAX	4	/* of which there are dimensions */
#define TEXT_MAX	4096	/* of a value that is looked up */
#define SMALL		4	/* rules that are gone through without more */
#define FEW		24	/* rules, up to which they are listed */

enum { EXACT, PREFIX, SUFFIX, TABLES };

/* Which rules ask for one value. */
struct hits {
	uint64_t *bits;		/* NULL: listed */
	uint16_t  few[FEW];
	size_t    len;
};

struct authz_dimension {
	enum model_authz_attribute by;
	struct slice               name;	/* of a header */
	uint64_t                   any[AUTHZ_WORDS];
	struct map                 tables[TABLES];	/* text: struct hits */
	uint16_t                  *lens[TABLES];	/* that are there, ascending */
	size_t                     lens_len[TABLES];
};

static const enum model_authz_attribute indexed[] = { MODEL_BY_PRINCIPAL,
	MODEL_BY_NAMESPACE, MODEL_BY_ACCOUNT, MODEL_BY_HOST, MODEL_BY_PORT,
	MODEL_BY_METHOD, MODEL_BY_PATH };
#define INDEXED	(sizeof(indexed) / sizeof(indexed[0]))

static void
set_bit(uint64_t *bits, size_t i)
{
	bits[i / 64] |= UINT64_C(1) << (i % 64);
}

/* --- making -------------------------------------------------------------------- */

static void
note_len(struct authz_dimension *d, int table, struct arena *a, size_t len)
{
	uint16_t *v = d->lens[table];
	size_t n = d->lens_len[table], at = 0;

	while (at < n && v[at] < len)
		at++;
	if (at < n && v[at] == len)
		return;
	uint16_t *grown = arena_alloc(a, sizeof(*grown) * (n + 1));

	if (n > 0)
		memcpy(grown, v, sizeof(*v) * at);
	grown[at] = (uint16_t)len;
	if (n > at)
		memcpy(grown + at + 1, v + at, sizeof(*v) * (n - at));
	d->lens[table] = grown;
	d->lens_len[table] = n + 1;
}

static void
hit(struct authz_dimension *d, int table, struct arena *a, struct slice text,
    size_t row)
{
	struct hits *h = map_get(&d->tables[table], text);

	if (h == NULL) {
		h = arena_zalloc(a, sizeof(*h));
		map_put(&d->tables[table], text, h);
		note_len(d, table, a, text.len);
	}
	if (h->bits == NULL && h->len < FEW) {
		h->few[h->len++] = (uint16_t)row;
		return;
	}
	if (h->bits == NULL) {
		h->bits = arena_zalloc(a, sizeof(*h->bits) * AUTHZ_WORDS);
		for (size_t i = 0; i < h->len; i++)
			set_bit(h->bits, h->few[i]);
	}
	set_bit(h->bits, row);
}

static void
ask_text(struct authz_dimension *d, struct arena *a, size_t row,
    const struct authz_value *v)
{
	static const int tables[] = { [AUTHZ_EXACT] = EXACT,
		[AUTHZ_PREFIX] = PREFIX, [AUTHZ_SUFFIX] = SUFFIX,
		[AUTHZ_TEMPLATE] = PREFIX };
	struct slice text = v->text;

	if (v->how == AUTHZ_TEMPLATE)
		text.len = (size_t)slice_find(text, '{');
	if (v->how == AUTHZ_PRESENT || v->with_port || text.len > TEXT_MAX ||
	    (v->how != AUTHZ_EXACT && text.len == 0))
		set_bit(d->any, row);
	else
		hit(d, tables[v->how], a, text, row);
}

static void
ask(struct authz_dimension *d, struct arena *a, size_t row,
    const struct authz_row *r, const struct model_authz_values *values)
{
	for (size_t i = 0; i < values->v_len; i++) {
		struct authz_value v;
		uint64_t n = 0;
		uint16_t port;

		if (d->by == MODEL_BY_PORT) {
			slice_u64(slice_str(values->v[i]), &n);
			port = (uint16_t)n;
			hit(d, EXACT, a, slice_of(&port, sizeof(port)), row);
			continue;
		}
		v = authz_value_read(a, d->by, &r->origin, values->v[i]);
		ask_text(d, a, row, &v);
	}
}

static bool
asks_all(const struct model_authz_side *sides, size_t n,
    enum model_authz_attribute by)
{
	if (by >= MODEL_OF_REQUEST)
		return false;
	for (size_t i = 0; i < n; i++)
		if (sides[i].terms.is[by].v_len == 0)
			return false;
	return n > 0;
}

/* The condition of a rule about the dimension's thing, or NULL. */
static const struct model_authz_condition *
condition(const struct authz_dimension *d, const struct model_authz_rule *rule)
{
	for (size_t i = 0; i < rule->when_len; i++) {
		enum model_authz_attribute by;
		struct slice name;

		if (rule->when[i].is.v_len > 0 &&
		    model_authz_key(rule->when[i].key, &by, &name) &&
		    by == d->by && slice_ieq(name, d->name))
			return &rule->when[i];
	}
	return NULL;
}

/* False: the rule does not ask. */
static bool
add_row(struct authz_dimension *d, struct arena *a, size_t row,
    const struct authz_row *r)
{
	const struct model_authz_rule *rule =
	    &model_authorization_policy(r->policy)->spec.rules[r->rule];
	bool is_source = d->by < MODEL_OF_SOURCE;
	const struct model_authz_side *sides = is_source ? rule->from : rule->to;
	size_t n = is_source ? rule->from_len : rule->to_len;
	const struct model_authz_condition *c;

	if (asks_all(sides, n, d->by)) {
		for (size_t i = 0; i < n; i++)
			ask(d, a, row, r, &sides[i].terms.is[d->by]);
		return true;
	}
	c = condition(d, rule);
	if (c != NULL) {
		ask(d, a, row, r, &c->is);
		return true;
	}
	set_bit(d->any, row);
	return false;
}

static void
dimension_fini(struct authz_dimension *d)
{
	for (int i = 0; i < TABLES; i++)
		map_fini(&d->tables[i], NULL);
}

static void
add_dimension(struct authz_index *x, struct arena *a,
    const struct authz_row *rows, size_t n, enum model_authz_attribute by,
    struct slice name)
{
	struct authz_dimension *d = &x->v[x->len];
	bool is_asked = false;

	*d = (struct authz_dimension){ .by = by, .name = name };
	for (size_t i = 0; i < n; i++)
		is_asked |= add_row(d, a, i, &rows[i]);
	if (is_asked)
		x->len++;
	else
		dimension_fini(d);
}

static void
add_headers(struct authz_index *x, struct arena *a,
    const struct authz_row *rows, size_t n)
{
	struct slice names[HEADERS_MAX];
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < rows[i].when.len; k++) {
			const struct authz_test *t = &rows[i].when.tests[k];
			bool is_known = t->attribute != MODEL_BY_HEADER ||
			    len == HEADERS_MAX;

			for (size_t j = 0; j < len && !is_known; j++)
				is_known = slice_eq(names[j], t->name);
			if (is_known)
				continue;
			names[len++] = t->name;
			add_dimension(x, a, rows, n, MODEL_BY_HEADER, t->name);
		}
}

void
authz_index_init(struct authz_index *x, struct arena *a,
    const struct authz_row *rows, size_t n)
{
	x->rows = n;
	if (n <= SMALL)
		return;
	x->v = arena_alloc(a, sizeof(*x->v) * (INDEXED + HEADERS_MAX));
	for (size_t i = 0; i < INDEXED; i++)
		add_dimension(x, a, rows, n, indexed[i], SLICE(""));
	add_headers(x, a, rows, n);
}

void
authz_index_fini(struct authz_index *x)
{
	for (size_t i = 0; i < x->len; i++)
		dimension_fini(&x->v[i]);
}

/* --- looking ------------------------------------------------------------------- */

static void
take(const struct authz_dimension *d, int table, struct slice text,
    uint64_t *bits, size_t words)
{
	const struct hits *h = map_get(&d->tables[table], text);

	if (h == NULL)
		return;
	if (h->bits != NULL)
		for (size_t i = 0; i < words; i++)
			bits[i] |= h->bits[i];
	else
		for (size_t i = 0; i < h->len; i++)
			set_bit(bits, h->few[i]);
}

static void
look(const struct authz_dimension *d, struct slice text, uint64_t *bits,
    size_t words)
{
	if (d->tables[EXACT].len > 0)
		take(d, EXACT, text, bits, words);
	for (size_t i = 0; i < d->lens_len[PREFIX] &&
	    d->lens[PREFIX][i] <= text.len; i++)
		take(d, PREFIX, slice_of(text.ptr, d->lens[PREFIX][i]), bits,
		    words);
	for (size_t i = 0; i < d->lens_len[SUFFIX] &&
	    d->lens[SUFFIX][i] <= text.len; i++)
		take(d, SUFFIX, slice_from(text, text.len -
		    d->lens[SUFFIX][i]), bits, words);
}

static void
look_dimension(const struct authz_dimension *d, const struct authz_view *v,
    uint64_t *bits, size_t words)
{
	const struct authz_facts *f = v->facts;
	struct slice text;

	if (d->by == MODEL_BY_PORT) {
		take(d, EXACT, slice_of(&f->port, sizeof(f->port)), bits, words);
		if (f->app_port != 0)
			take(d, EXACT, slice_of(&f->app_port,
			    sizeof(f->app_port)), bits, words);
		return;
	}
	text = authz_view_text(v, d->by, d->name);
	if (text.ptr != NULL)
		look(d, text, bits, words);
}

void
authz_index_find(const struct authz_index *x, const struct authz_view *v,
    uint64_t out[AUTHZ_WORDS])
{
	size_t words = (x->rows + 63) / 64;
	bool is_first = true;

	for (size_t i = 0; i < x->len; i++) {
		const struct authz_dimension *d = &x->v[i];
		uint64_t bits[AUTHZ_WORDS];

		/* Of what nobody knows, rules think as they like. */
		if (!authz_view_knows(v, d->by))
			continue;
		memcpy(bits, d->any, sizeof(*bits) * words);
		look_dimension(d, v, bits, words);
		for (size_t k = 0; k < words; k++)
			out[k] = is_first ? bits[k] : out[k] & bits[k];
		is_first = false;
	}
	for (size_t k = 0; is_first && k < words; k++)
		out[k] = ~UINT64_C(0);
	if (is_first && x->rows % 64 > 0)
		out[words - 1] = (UINT64_C(1) << (x->rows % 64)) - 1;
}
