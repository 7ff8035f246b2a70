#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "pki/revoked.h"
#include "pki/spiffe.h"

struct revoked *
revoked_new(void)
{
	struct revoked *r = mem_zalloc(sizeof(*r));

	refs_init(&r->refs);
	arena_init(&r->memory);
	return r;
}

struct revoked *
revoked_ref(struct revoked *r)
{
	refs_take(&r->refs);
	return r;
}

void
revoked_unref(struct revoked *r)
{
	if (r == NULL || !refs_drop(&r->refs))
		return;
	arena_fini(&r->memory);
	mem_free(r->v);
	mem_free(r);
}

/* Where the id is, or belongs. */
static size_t
place_of(const struct revoked *r, struct slice id, bool *is_there)
{
	size_t low = 0, high = r->len;

	*is_there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = slice_cmp(r->v[middle].id, id);

		if (order == 0) {
			*is_there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int
revoked_add(struct revoked *r, const struct revoked_entry *e, struct err *err)
{
	bool is_there;
	size_t at = place_of(r, e->id, &is_there);

	if (is_there) {
		if (r->v[at].not_before < e->not_before)
			r->v[at].not_before = e->not_before;
		if (r->v[at].until < e->until)
			r->v[at].until = e->until;
		return 0;
	}
	if (r->len == REVOKED_MAX)
		return err_set(err, ERR_TOO_LARGE, "%d identities are revoked "
		    "already, more are not kept", REVOKED_MAX);
	if (r->v == NULL)
		r->v = mem_zalloc_array(REVOKED_MAX, sizeof(*r->v));
	memmove(&r->v[at + 1], &r->v[at], (r->len - at) * sizeof(*r->v));
	r->v[at] = *e;
	r->v[at].id = arena_dup(&r->memory, e->id);
	r->len++;
	return 0;
}

int
revoked_add_all(struct revoked *r, const struct revoked *from, int64_t now,
    struct err *err)
{
	for (size_t i = 0; from != NULL && i < from->len; i++)
		if (from->v[i].until > now &&
		    revoked_add(r, &from->v[i], err) < 0)
			return -1;
	return 0;
}

bool
revoked_has(const struct revoked *r, struct slice id, int64_t not_before)
{
	bool is_there;
	size_t at;

	if (r == NULL)
		return false;
	at = place_of(r, id, &is_there);
	return is_there && not_before <= r->v[at].not_before;
}

bool
revoked_equal(const struct revoked *a, const struct revoked *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (!slice_eq(a->v[i].id, b->v[i].id) ||
		    a->v[i].not_before != b->v[i].not_before ||
		    a->v[i].until != b->v[i].until)
			return false;
	return true;
}

/* --- as text ------------------------------------------------------------- */

void
revoked_text(struct str *out, const struct revoked *r)
{
	for (size_t i = 0; r != NULL && i < r->len; i++)
		str_addf(out, "%" PRId64 " %" PRId64 " %.*s\n",
		    r->v[i].not_before, r->v[i].until, SLICE_ARG(r->v[i].id));
}

static bool
read_time(struct slice *line, int64_t *out)
{
	struct slice word;
	uint64_t n;

	if (!slice_cut(line, ' ', &word) || !slice_u64(word, &n) ||
	    n > INT64_MAX)
		return false;
	*out = (int64_t)n;
	return true;
}

static int
read_line(struct revoked *r, struct slice line, struct err *err)
{
	struct revoked_entry e = { 0 };
	struct spiffe id;

	if (!read_time(&line, &e.not_before) || !read_time(&line, &e.until) ||
	    !spiffe_parse(&id, line))
		return err_set(err, ERR_DATA, "a revoked identity: expected "
		    "two times and a SPIFFE ID");
	e.id = line;
	return revoked_add(r, &e, err);
}

struct revoked *
revoked_read(struct slice text, struct err *err)
{
	struct revoked *r = revoked_new();
	struct slice line;

	while (text.len > 0 && slice_cut(&text, '\n', &line))
		if (read_line(r, line, err) < 0) {
			revoked_unref(r);
			return NULL;
		}
	return r;
}
