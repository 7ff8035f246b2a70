#include "base/mem.h"
#include "pki/bundle_set.h"

struct bundle_set *
bundle_set_new(void)
{
	struct bundle_set *s = mem_zalloc(sizeof(*s));

	refs_init(&s->refs);
	return s;
}

struct bundle_set *
bundle_set_ref(struct bundle_set *s)
{
	refs_take(&s->refs);
	return s;
}

void
bundle_set_unref(struct bundle_set *s)
{
	if (s == NULL || !refs_drop(&s->refs))
		return;
	for (size_t i = 0; i < s->len; i++)
		bundle_unref(s->v[i]);
	mem_free(s);
}

int
bundle_set_add(struct bundle_set *s, struct bundle *b, struct err *err)
{
	if (bundle_set_find(s, b->domain) != NULL)
		return err_set(err, ERR_CONFLICT, "there is a bundle of trust "
		    "domain %.*s already", SLICE_ARG(b->domain));
	if (b->len == 0)
		return 0;
	if (s->len == BUNDLE_SET_MAX)
		return err_set(err, ERR_TOO_LARGE, "expected at most %d trust "
		    "domains", BUNDLE_SET_MAX);
	s->v[s->len++] = bundle_ref(b);
	return 0;
}

const struct bundle *
bundle_set_find(const struct bundle_set *s, struct slice domain)
{
	for (size_t i = 0; s != NULL && i < s->len; i++)
		if (slice_eq(s->v[i]->domain, domain))
			return s->v[i];
	return NULL;
}

static bool
is_same(const struct bundle *a, const struct bundle *b)
{
	if (a->len != b->len || !slice_eq(a->jwks, b->jwks))
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (!bundle_has(b, a->roots[i].der))
			return false;
	return true;
}

bool
bundle_set_equal(const struct bundle_set *a, const struct bundle_set *b)
{
	size_t a_len = a == NULL ? 0 : a->len, b_len = b == NULL ? 0 : b->len;

	for (size_t i = 0; i < a_len; i++) {
		const struct bundle *other = bundle_set_find(b,
		    a->v[i]->domain);

		if (other == NULL || !is_same(a->v[i], other))
			return false;
	}
	return a_len == b_len;
}
