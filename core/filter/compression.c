#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "conf/schema.h"
#include "http/cache_control.h"
#include "filter/coder.h"
#include "filter/coding.h"
#include "filter/filters.h"

/*
 * compression: bodies of responses as brotli or gzip, for callers that take it.
 *
 * A body without a length is a stream: each piece goes out at once, whole.
 * One that says its length is made as short as it can be.  Nothing is held
 * back but what the coder has inside, so a slow caller stops the service as
 * without it.  What has a coding already is left alone, so where two proxies
 * of a way both have this filter, the first does the work.
 */
/*
 * Bytes that the coders of one coding may keep at once.  Who comes then gets
 * another coding that he takes, or bytes as they are.
 */
#define CODERS_MOST	((size_t)64 * 1024 * 1024)

struct compression {
	struct arena arena;
	int         *codings;	/* enum coding */
	const char **types;
	size_t       codings_len, types_len;
	int64_t      least, gzip_level, brotli_quality;
	atomic_size_t held[CODING_NONE];
};

struct state {
	enum coding   best, spare;	/* that the caller takes; spare: if no room */
	enum coding   coding;		/* of the coder */
	bool          is_asked;		/* the request went by here */
	bool          is_stream;	/* each piece goes out at once */
	struct slice  if_none_match;
	struct coder *coder;
};

static const char *const coding_words[] = {
	[CODING_GZIP] = "gzip", [CODING_BROTLI] = "br", NULL
};

static const int codings_default[] = { CODING_BROTLI, CODING_GZIP };

static const char *const types_default[] = {
	"text/*", "application/javascript", "application/json",
	"application/ld+json", "application/manifest+json",
	"application/problem+json", "application/rss+xml", "application/wasm",
	"application/xhtml+xml", "application/xml", "application/x-ndjson",
	"image/svg+xml",
};

static const struct conf_field fields[] = {
	{ "codings", CONF_ENUM_T, CONF_LIST_AT(struct compression, codings),
	    .words = coding_words, .max_items = 2,
	    .text = "which may be made, the best first; none: br, gzip" },
	{ "types", CONF_STRING_T, CONF_LIST_AT(struct compression, types),
	    .min = 1, .max = 128, .max_items = 64,
	    .text = "media types, text/* too; none: those of text" },
	{ "minimumSize", CONF_BYTES_T, CONF_AT(struct compression, least),
	    .min = 0, .max = 1073741824, .fallback = "256",
	    .text = "shorter bodies stay as they are" },
	{ "gzipLevel", CONF_INT_T, CONF_AT(struct compression, gzip_level),
	    .min = 1, .max = 9, .fallback = "4", .text = "effort of gzip" },
	{ "brotliQuality", CONF_INT_T,
	    CONF_AT(struct compression, brotli_quality), .min = 0, .max = 11,
	    .fallback = "4", .text = "effort of brotli" },
	{ 0 },
};

const struct conf_schema filter_compression_schema = {
	"compression", sizeof(struct compression), fields, NULL
};

static void
release(void *shared)
{
	struct compression *c = shared;

	arena_fini(&c->arena);
	mem_free(c);
}

static int
configure(void **shared, const struct conf_node *node, struct err *err)
{
	struct compression *c = mem_zalloc(sizeof(*c));
	struct arena arena;

	arena_init(&arena);
	if (conf_decode(node != NULL ? node : conf_map_new(&arena),
	    &filter_compression_schema, &arena, c, err) != 0) {
		arena_fini(&arena);
		mem_free(c);
		return -1;
	}
	for (size_t i = 0; i < c->types_len; i++)
		c->types[i] = arena_strdup(&arena, c->types[i]);
	if (c->codings_len == 0) {
		c->codings_len = sizeof(codings_default) /
		    sizeof(codings_default[0]);
		c->codings = arena_alloc(&arena, sizeof(codings_default));
		memcpy(c->codings, codings_default, sizeof(codings_default));
	}
	c->arena = arena;
	*shared = c;
	return 0;
}

/* The number of coders changes; the rest is as configured. */
static struct compression *
compression_of(const void *shared)
{
	union { const void *from; struct compression *to; } u = { shared };

	return u.to;
}

/* --- whether ------------------------------------------------------------------ */

static bool
is_of_type(struct slice type, struct slice pattern)
{
	if (!slice_has_suffix(pattern, SLICE("/*")))
		return slice_ieq(type, pattern);
	pattern.len--;
	return type.len >= pattern.len &&
	    slice_ieq(slice_of(type.ptr, pattern.len), pattern);
}

static bool
is_worth_it(const struct compression *c, const struct http_head *h)
{
	const char *const *types = c->types_len > 0 ?
	    (const char *const *)c->types : types_default;
	size_t n = c->types_len > 0 ? c->types_len :
	    sizeof(types_default) / sizeof(types_default[0]);
	struct slice rest = http_fields_get(&h->fields, FIELD_CONTENT_TYPE);
	struct slice type;

	if ((h->content_length >= 0 && h->content_length < c->least) ||
	    !slice_cut(&rest, ';', &type))
		return false;
	for (size_t i = 0; i < n; i++)
		if (is_of_type(slice_trim(type), slice_str(types[i])))
			return true;
	return false;
}

/* Fields that speak of the very bytes; they would no longer be true. */
static bool
is_bound(const struct http_fields *f)
{
	static const char *const names[] = {
		"content-range", "content-md5", "content-digest", "repr-digest",
		"digest", NULL
	};

	for (size_t i = 0; names[i] != NULL; i++)
		if (http_fields_find(f, slice_str(names[i])).ptr != NULL)
			return true;
	return false;
}

static bool
is_kept_as_it_is(const struct http_fields *f)
{
	struct cache_control c;

	cache_control_read(&c, f);
	return c.no_transform;
}

static bool
may_change(const struct http_head *request, const struct http_head *h, bool end)
{
	bool is_head = request->method_id == METHOD_HEAD;

	if (http_status_has_no_body(h->status) || h->status == 205 ||
	    h->status == 206 || request->method_id == METHOD_CONNECT)
		return false;
	/* Only of a length that it says can one tell what a GET would give. */
	if (is_head ? h->content_length < 0 : end)
		return false;
	return http_fields_get(&h->fields, FIELD_CONTENT_ENCODING).ptr == NULL &&
	    !is_bound(&h->fields) && !is_kept_as_it_is(&h->fields);
}

/* --- what changes ------------------------------------------------------------- */

static void
add_vary(struct http_fields *f)
{
	if (!cache_control_lists(f, SLICE("vary"), SLICE("*")) &&
	    !cache_control_lists(f, SLICE("vary"), SLICE("accept-encoding")))
		http_fields_add(f, SLICE("vary"), SLICE("accept-encoding"));
}

/* Other bytes under the same name: no longer byte for byte (RFC 9110, 8.8.1). */
static void
weaken_etag(struct arena *a, struct http_fields *f)
{
	struct slice etag = http_fields_find(f, SLICE("etag"));

	if (etag.ptr != NULL && !slice_has_prefix(etag, SLICE("W/")))
		http_fields_set(f, SLICE("etag"), slice_str(arena_printf(a,
		    "W/%.*s", SLICE_ARG(etag))));
}

/*
 * The caller asked whether what we made weak has changed; the service, which
 * compares weakly, answers with the name that it knows.  The caller's cache
 * looks for ours (RFC 9111, section 4.3.4).
 */
static void
mend_not_modified(struct l7_ctx *ctx, struct http_head *h)
{
	const struct state *s = ctx->state;
	struct slice etag = http_fields_find(&h->fields, SLICE("etag"));
	struct slice rest = s->if_none_match, item;

	if (etag.ptr == NULL)
		return;
	while (slice_cut(&rest, ',', &item)) {
		item = slice_trim(item);
		if (!slice_has_prefix(item, SLICE("W/")) ||
		    !slice_eq(slice_from(item, 2), etag))
			continue;
		weaken_etag(l7_arena(ctx), &h->fields);
		add_vary(&h->fields);
		return;
	}
}

static int
effort_of(const struct compression *c, enum coding coding)
{
	return (int)(coding == CODING_BROTLI ? c->brotli_quality : c->gzip_level);
}

/* Room for one more coder; false: there is none. */
static bool
take_room(struct compression *c, enum coding coding)
{
	size_t n = coder_most(coding, effort_of(c, coding));

	if (atomic_fetch_add_explicit(&c->held[coding], n,
	    memory_order_relaxed) + n <= CODERS_MOST)
		return true;
	atomic_fetch_sub_explicit(&c->held[coding], n, memory_order_relaxed);
	return false;
}

static void
drop_coder(struct compression *c, struct state *s)
{
	if (s->coder == NULL)
		return;
	coder_free(s->coder);
	s->coder = NULL;
	atomic_fetch_sub_explicit(&c->held[s->coding],
	    coder_most(s->coding, effort_of(c, s->coding)),
	    memory_order_relaxed);
}

static bool
start_coder(struct compression *c, struct state *s, int64_t size)
{
	if (!take_room(c, s->coding)) {
		s->coding = s->spare;
		if (s->coding == CODING_NONE || !take_room(c, s->coding))
			return false;
	}
	s->is_stream = size < 0;
	s->coder = coder_new(s->coding, effort_of(c, s->coding), size);
	return true;
}

static void
begin(struct l7_ctx *ctx, struct http_head *h, bool end)
{
	struct state *s = ctx->state;

	s->coding = s->best;
	if (!end && !start_coder(compression_of(ctx->shared), s,
	    h->content_length))
		return;
	h->content_length = -1;
	http_fields_set_id(&h->fields, FIELD_CONTENT_ENCODING,
	    coding_name(s->coding));
	http_fields_remove(&h->fields, SLICE("accept-ranges"));
	weaken_etag(l7_arena(ctx), &h->fields);
}

/* --- the hooks ---------------------------------------------------------------- */

static void
choose(const struct compression *c, struct state *s,
    const struct http_fields *f)
{
	int others[CODING_NONE];
	size_t n = 0;

	s->best = coding_choose(f, c->codings, c->codings_len);
	for (size_t i = 0; i < c->codings_len; i++)
		if (c->codings[i] != (int)s->best && n < CODING_NONE)
			others[n++] = c->codings[i];
	s->spare = coding_choose(f, others, n);
}

static void
ask(struct l7_ctx *ctx, const struct http_head *h)
{
	struct state *s = ctx->state;

	/* Before HTTP/1.1 a body of unknown length cannot be seen to be whole. */
	if (h->minor == 0 || is_kept_as_it_is(&h->fields))
		return;
	s->is_asked = true;
	s->if_none_match = http_fields_find(&h->fields,
	    SLICE("if-none-match"));
	choose(ctx->shared, s, &h->fields);
}

static enum verdict
head(struct l7_ctx *ctx, enum dir dir, struct http_head *h, bool end)
{
	const struct compression *c = ctx->shared;
	const struct state *s = ctx->state;

	if (dir == DIR_UP) {
		ask(ctx, h);
		return PASS;
	}
	if (!s->is_asked)
		return PASS;
	if (h->status == 304)
		mend_not_modified(ctx, h);
	if (!may_change(l7_request(ctx), h, end) || !is_worth_it(c, h))
		return PASS;
	add_vary(&h->fields);
	if (s->best != CODING_NONE)
		begin(ctx, h, end);
	return PASS;
}

static enum verdict
body(struct l7_ctx *ctx, enum dir dir, struct buf *b, bool end)
{
	struct state *s = ctx->state;
	struct buf out = { 0 };

	if (dir == DIR_UP || s->coder == NULL || (buf_len(b) == 0 && !end))
		return PASS;
	coder_run(s->coder, b, &out, end ? CODER_END :
	    s->is_stream ? CODER_FLUSH : CODER_MORE);
	buf_move(b, &out);
	if (end)
		drop_coder(compression_of(ctx->shared), s);
	return PASS;
}

static enum verdict
trailers(struct l7_ctx *ctx, enum dir dir, struct http_fields *t)
{
	struct state *s = ctx->state;
	struct buf none = { 0 }, out = { 0 };

	(void)t;
	if (dir == DIR_UP || s->coder == NULL)
		return PASS;
	coder_run(s->coder, &none, &out, CODER_END);
	drop_coder(compression_of(ctx->shared), s);
	l7_emit(ctx, DIR_DOWN, &out);
	return PASS;
}

static void
done(struct l7_ctx *ctx, const struct l7_summary *sum)
{
	(void)sum;
	drop_coder(compression_of(ctx->shared), ctx->state);
}

const struct l7_filter filter_compression = {
	.base = { .name = "compression", .state_size = sizeof(struct state),
	    .configure = configure, .release = release },
	.head = head, .body = body, .trailers = trailers, .done = done,
};
