#include <string.h>

#include "base/check.h"
#include "chain/proxy_status.h"
#include "filter/ext_authz.h"
#include "http/twin.h"
#include "route/query.h"

#define NAME_MAX_LEN	256	/* bytes */

/* --- names ----------------------------------------------------------------------- */

static bool
matches(struct slice pattern, struct slice name)
{
	size_t last = pattern.len - 1;

	if (pattern.len == 0)
		return false;
	if (pattern.ptr[last] == '*')
		return slice_has_prefix(name, slice_of(pattern.ptr, last));
	if (pattern.ptr[0] == '*')
		return slice_has_suffix(name, slice_from(pattern, 1));
	return slice_eq(name, pattern);
}

/* Likewise of a name, or one that some applications take for such a one. */
static bool
matches_twin(struct slice pattern, struct slice name)
{
	size_t last = pattern.len - 1;

	if (pattern.len < 2 || name.len < last)
		return pattern.len == 1 && twin_is(name, pattern);
	if (pattern.ptr[last] == '*')
		return twin_is(slice_of(name.ptr, last),
		    slice_of(pattern.ptr, last));
	if (pattern.ptr[0] == '*')
		return twin_is(slice_from(name, name.len - last),
		    slice_from(pattern, 1));
	return twin_is(name, pattern);
}

bool
ext_authz_has(const struct ext_authz_names *n, struct slice name)
{
	for (size_t i = 0; i < n->len; i++)
		if (matches(slice_str(n->v[i]), name))
			return true;
	return false;
}

bool
ext_authz_names(const struct ext_authz_names *n, struct slice name)
{
	for (size_t i = 0; i < n->len; i++)
		if (matches(slice_str(n->v[i]), name) &&
		    strcmp(n->v[i], "*") != 0)
			return true;
	return false;
}

/* Of the mesh, of a hop, or no field at all. */
static bool
is_ours(struct slice name)
{
	static const char *const names[] = { "host", "expect", "trailer",
		"forwarded", "proxy-status", "x-forwarded-client-cert",
		"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
		EXT_AUTHZ_PRINCIPAL };

	if (http_field_id(name) >= FIELD_CONNECTION ||
	    slice_has_prefix(name, SLICE(":")) ||
	    slice_has_prefix(name, SLICE("x-mesh-")))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_is(name, names[i]))
			return true;
	return false;
}

bool
ext_authz_reserves(const struct ext_authz_names *n,
    const struct http_field *f)
{
	if (f->id == FIELD_AUTHORIZATION || f->id == FIELD_COOKIE)
		return false;
	for (size_t i = 0; i < n->len; i++)
		if (strcmp(n->v[i], "*") != 0 &&
		    matches_twin(slice_str(n->v[i]), f->name))
			return true;
	return false;
}

size_t
ext_authz_clear(const struct ext_authz_names *n, struct arena *a,
    struct http_fields *f)
{
	size_t removed = 0;

	for (size_t i = 0; i < f->len;) {
		struct slice name = f->v[i].name;

		if (ext_authz_reserves(n, &f->v[i]) &&
		    !is_ours(twin_plain(a, name)))
			removed += http_fields_remove(f, name);
		else
			i++;
	}
	return removed;
}

/* --- questions ------------------------------------------------------------------- */

bool
ext_authz_is_question(const struct ext_authz_settings *s, struct slice method,
    struct slice path)
{
	return s->is_grpc ? slice_is(method, "POST") &&
	    slice_is(path, EXT_AUTHZ_GRPC_PATH) :
	    slice_has_prefix(path, s->path);
}

/* --- reading --------------------------------------------------------------------- */

void
ext_authz_fail(struct ext_authz_answer *a, const char *why)
{
	*a = (struct ext_authz_answer){ .result = EXT_AUTHZ_ERROR, .why = why };
}

void
ext_authz_spoil(struct ext_authz_answer *a, const char *why)
{
	ext_authz_fail(a, why);
	a->is_malformed = true;
}

static struct slice
details_of(struct slice status)
{
	struct slice details = proxy_status_details(status);

	return details.ptr != NULL ? details : SLICE("refused");
}

/* "connection refused" of "mesh; error=connection_refused; ..." */
static const char *
error_of(struct slice status, struct arena *arena)
{
	struct slice word;
	char *text;

	status = slice_from(status, sizeof("mesh; error=") - 1);
	slice_cut(&status, ';', &word);
	text = arena_printf(arena, "%.*s", SLICE_ARG(word));
	for (char *p = text; *p != '\0'; p++)
		*p = *p == '_' ? ' ' : *p;
	return text;
}

bool
ext_authz_is_refused(const struct http_fields *f, struct arena *arena,
    struct ext_authz_answer *out)
{
	struct slice status = http_fields_find(f, SLICE("proxy-status"));

	if (!slice_has_prefix(status, SLICE("mesh; error=")))
		return false;
	ext_authz_fail(out, arena_printf(arena, "it could not be asked: %s (%.*s, "
	    "says its sidecar or ours)", error_of(status, arena),
	    SLICE_ARG(details_of(status))));
	/* The sidecar did get an answer, and could not follow it. */
	out->is_malformed = slice_has_prefix(status,
	    SLICE("mesh; error=http_protocol_error;"));
	return true;
}

/* Parameters are put into a URL as they come: unreserved and "%41" alone. */
static bool
is_query_part(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c <= ' ' || c >= 0x7f || c == '&' || c == '#' || c == '=')
			return false;
	}
	return s.len <= 4096;
}

static bool
is_good(enum ext_authz_op op, struct slice name, struct slice value)
{
	if (op == EXT_AUTHZ_QUERY_SET || op == EXT_AUTHZ_QUERY_REMOVE)
		return name.len > 0 && is_query_part(name) &&
		    is_query_part(value);
	return name.len <= NAME_MAX_LEN && http_is_token(name) &&
	    http_is_field_value(value);
}

/* Doubles where a power of two is reached. */
static void
push(struct ext_authz_answer *a, struct arena *arena,
    struct ext_authz_change change)
{
	struct ext_authz_change *more;

	if (a->len == 0 || (a->len >= 16 && (a->len & (a->len - 1)) == 0)) {
		more = arena_alloc(arena, (a->len == 0 ? 16 : 2 * a->len) *
		    sizeof(*more));
		if (a->len > 0)
			memcpy(more, a->changes, a->len * sizeof(*more));
		a->changes = more;
	}
	change.name = arena_dup(arena, change.name);
	change.value = arena_dup(arena, change.value);
	a->changes[a->len++] = change;
}

void
ext_authz_take_out(struct ext_authz_answer *a, struct arena *arena,
    struct slice name)
{
	name = arena_lower(arena, name);
	if (a->result != EXT_AUTHZ_ERROR && !is_ours(twin_plain(arena, name)))
		push(a, arena, (struct ext_authz_change){
		    .op = EXT_AUTHZ_REMOVE, .name = name, .value = SLICE("") });
}

void
ext_authz_add(struct ext_authz_answer *a, struct arena *arena,
    enum ext_authz_op op, bool is_down, struct slice name, struct slice value)
{
	if (a->result == EXT_AUTHZ_ERROR)
		return;
	if (op < EXT_AUTHZ_QUERY_SET) {
		name = arena_lower(arena, name);
		if (is_ours(twin_plain(arena, name)))
			return;
	}
	if (!is_good(op, name, value)) {
		ext_authz_spoil(a, "its answer has a malformed field");
		return;
	}
	if (a->said == EXT_AUTHZ_CHANGES_MAX) {
		ext_authz_spoil(a, "its answer has too many fields");
		return;
	}
	push(a, arena, (struct ext_authz_change){ op, is_down, name, value });
	a->said++;
}

/* --- what it does ------------------------------------------------------------------- */

/* The name is in the form that it has in a URL, as the parameters of callers are. */
static struct slice
without(struct arena *a, struct slice query, struct slice name)
{
	char *decoded = arena_alloc(a, name.len);
	size_t len;

	query_decode(name, decoded, name.len, &len);
	return query_without(a, query, slice_of(decoded, len));
}

static void
change_query(const struct ext_authz_change *c, struct arena *a,
    struct http_head *h)
{
	struct slice left = without(a, h->query, c->name);

	if (c->op == EXT_AUTHZ_QUERY_SET) {
		const struct slice parts[] = { left, left.ptr == NULL ?
		    SLICE("") : SLICE("&"), c->name, SLICE("="), c->value };

		left = arena_join(a, parts, 5);
	}
	h->query = left;
}

static void
change_field(const struct ext_authz_change *c, struct http_fields *f)
{
	bool is_there = http_fields_find(f, c->name).ptr != NULL;

	switch (c->op) {
	case EXT_AUTHZ_SET_ABSENT:
		if (is_there)
			return;
		break;
	case EXT_AUTHZ_SET_PRESENT:
		if (!is_there)
			return;
		break;
	case EXT_AUTHZ_ADD:
		http_fields_add(f, c->name, c->value);
		return;
	case EXT_AUTHZ_REMOVE:
		http_fields_remove(f, c->name);
		return;
	default:
		break;
	}
	http_fields_set(f, c->name, c->value);
}

void
ext_authz_change_request(const struct ext_authz_answer *a,
    struct arena *arena, struct http_head *h)
{
	/* What the caller says in another spelling, and not what it says. */
	for (size_t i = 0; i < a->len; i++)
		if (!a->changes[i].is_down && (a->changes[i].op ==
		    EXT_AUTHZ_SET || a->changes[i].op == EXT_AUTHZ_REMOVE))
			twin_remove(&h->fields,
			    a->changes[i].name);
	for (size_t i = 0; i < a->len; i++) {
		const struct ext_authz_change *c = &a->changes[i];

		if (c->is_down)
			continue;
		if (c->op >= EXT_AUTHZ_QUERY_SET)
			change_query(c, arena, h);
		else
			change_field(c, &h->fields);
	}
}

void
ext_authz_change_response(const struct ext_authz_answer *a,
    struct http_head *h)
{
	for (size_t i = 0; i < a->len; i++)
		if (a->changes[i].is_down)
			change_field(&a->changes[i], &h->fields);
}

struct http_head *
ext_authz_denial(const struct ext_authz_answer *a, struct arena *arena,
    struct buf *body)
{
	struct http_head *h = arena_alloc(arena, sizeof(*h));

	check(a->result == EXT_AUTHZ_DENY);
	http_head_init(h, arena);
	h->status = a->status;
	ext_authz_change_response(a, h);
	if (!http_status_has_no_body(a->status))
		buf_add_slice(body, a->body);
	return h;
}
