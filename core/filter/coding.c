#include "filter/coding.h"

static const struct {
	const char *name, *alias;	/* RFC 9110, section 8.4.1 */
} names[] = {
	[CODING_GZIP] = { "gzip", "x-gzip" }, [CODING_BROTLI] = { "br", "br" },
};

#define UNSAID	(-1)

/* What a caller says of each coding, in thousandths; UNSAID: nothing. */
struct weights {
	int of[CODING_NONE], identity, any;
};

struct slice
coding_name(enum coding c)
{
	return c == CODING_NONE ? SLICE_NONE : slice_str(names[c].name);
}

/* "0.75" is 750; what is no qvalue (RFC 9110, section 12.4.2) is 0. */
static int
qvalue(struct slice s)
{
	int q = 0, unit = 1000;

	if (s.len == 0 || s.len > 5 || (s.ptr[0] != '0' && s.ptr[0] != '1') ||
	    (s.len > 1 && s.ptr[1] != '.'))
		return 0;
	for (size_t i = 0; i < s.len; i++) {
		if (i == 1)
			continue;
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return 0;
		q += (s.ptr[i] - '0') * unit;
		unit /= 10;
	}
	return q <= 1000 ? q : 0;
}

/* Of the first q; 1000 without one. */
static int
weight(struct slice parameters)
{
	struct slice p;

	while (slice_cut(&parameters, ';', &p)) {
		p = slice_trim(p);
		if (p.len >= 2 && (p.ptr[0] | 0x20) == 'q' && p.ptr[1] == '=')
			return qvalue(slice_from(p, 2));
	}
	return 1000;
}

static void
note(struct weights *w, struct slice item)
{
	struct slice name;

	if (!slice_cut(&item, ';', &name))
		return;
	name = slice_trim(name);
	int q = weight(item);

	if (slice_is(name, "*"))
		w->any = q;
	else if (slice_ieq(name, SLICE("identity")))
		w->identity = q;
	for (size_t i = 0; i < CODING_NONE; i++)
		if (slice_ieq(name, slice_str(names[i].name)) ||
		    slice_ieq(name, slice_str(names[i].alias)))
			w->of[i] = q;
}

enum coding
coding_choose(const struct http_fields *f, const int *codings, size_t n)
{
	struct weights w = { .identity = UNSAID, .any = UNSAID };
	enum coding best = CODING_NONE;
	int best_q = 0;

	for (size_t i = 0; i < CODING_NONE; i++)
		w.of[i] = UNSAID;
	for (size_t i = 0; i < f->len; i++) {
		struct slice rest = f->v[i].value, item;

		if (f->v[i].id == FIELD_ACCEPT_ENCODING)
			while (slice_cut(&rest, ',', &item))
				note(&w, item);
	}
	for (size_t i = 0; i < n; i++) {
		int q = w.of[codings[i]] != UNSAID ? w.of[codings[i]] : w.any;

		if (q > best_q) {
			best_q = q;
			best = (enum coding)codings[i];
		}
	}
	/* Bytes as they are, where the caller says that it prefers them. */
	return best_q >= w.identity ? best : CODING_NONE;
}
