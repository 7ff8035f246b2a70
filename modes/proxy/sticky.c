#include <stdio.h>

#include "modes/proxy/affinity.h"
#include "modes/proxy/sticky.h"
#include "upstream/hash.h"

#define TOKEN_LEN	(16 + 1 + 8 + 1 + 8)	/* hash-created-used */

static struct slice
made_up_name(struct slice owner, struct arena *a)
{
	return slice_str(arena_printf(a, "mesh-session-%08x",
	    (unsigned)(hash_bytes(owner) & 0xffffffff)));
}

static bool
read_hex(struct slice text, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
		*out = *out << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return true;
}

static bool
is_over(int64_t since_s, int64_t limit_ms, int64_t now_s)
{
	return limit_ms >= 0 && (now_s - since_s) * 1000 > limit_ms;
}

static bool
read_token(struct slice text, int64_t now_s, struct sticky *out)
{
	const struct session_settings *p = &out->set;
	uint64_t created, used;

	if (text.len != TOKEN_LEN || text.ptr[16] != '-' ||
	    text.ptr[25] != '-' ||
	    !read_hex(slice_of(text.ptr, 16), &out->hash) ||
	    !read_hex(slice_of(text.ptr + 17, 8), &created) ||
	    !read_hex(slice_of(text.ptr + 26, 8), &used))
		return false;
	out->created_s = (int64_t)created;
	return !is_over((int64_t)created, p->absolute_ms, now_s) &&
	    !is_over((int64_t)used, p->idle_ms, now_s);
}

static uint64_t
hash_of(struct slice owner, struct slice host)
{
	return hash_mix(hash_bytes(owner) ^ hash_mix(hash_bytes(host)));
}

static bool
is_good(const struct endpoint *e)
{
	return (endpoint_marks(e->state) &
	    (MARK_MISSED | MARK_OUT | MARK_UNHEALTHY)) == 0;
}

struct sticky *
sticky_begin(const struct session_settings *set, struct slice owner,
    struct arena *a, const struct http_head *head, int64_t now_s)
{
	struct sticky *s = arena_zalloc(a, sizeof(*s));
	struct slice token;

	s->set = *set;
	s->owner = owner;
	if (set->name.len == 0)
		s->set.name = made_up_name(owner, a);
	token = set->kind == SESSION_COOKIE ?
	    affinity_cookie(head, s->set.name) :
	    http_fields_find(&head->fields, arena_lower(a, s->set.name));
	if (!read_token(token, now_s, s)) {
		s->hash = 0;
		s->created_s = now_s;
	}
	return s;
}

bool
sticky_seek(struct sticky *s, const struct cluster *c)
{
	if (s->hash == 0 || c == NULL)
		return false;
	for (size_t i = 0; i < c->len && s->endpoint == NULL; i++)
		if (hash_of(s->owner, c->v[i].host) == s->hash &&
		    is_good(&c->v[i]))
			s->endpoint = &c->v[i];
	return s->endpoint != NULL;
}

static void
set_cookie(const struct sticky *s, struct arena *a, const char *token,
    int64_t age_s, const struct http_head *request, struct http_head *response)
{
	char age[32] = "";

	if (s->set.is_permanent && s->set.absolute_ms >= 0)
		snprintf(age, sizeof(age), "; Max-Age=%lld",
		    (long long)(s->set.absolute_ms / 1000 - age_s));
	http_fields_add_id(&response->fields, FIELD_SET_COOKIE,
	    slice_str(arena_printf(a, "%.*s=%s; Path=%.*s%s; HttpOnly;"
	    " SameSite=Lax%s", SLICE_ARG(s->set.name), token,
	    SLICE_ARG(s->set.path), age,
	    slice_is(request->scheme, "https") ? "; Secure" : "")));
}

void
sticky_answer(const struct sticky *s, struct arena *a,
    const struct http_head *request, struct slice host, int64_t now_s,
    struct http_head *response)
{
	char token[TOKEN_LEN + 1];
	uint64_t hash = hash_of(s->owner, host);

	if (hash == s->hash && s->set.idle_ms < 0)
		return;
	/* With another endpoint another session begins. */
	int64_t created_s = hash == s->hash ? s->created_s : now_s;

	snprintf(token, sizeof(token), "%016llx-%08x-%08x",
	    (unsigned long long)hash, (unsigned)created_s, (unsigned)now_s);
	if (s->set.kind == SESSION_HEADER)
		http_fields_set(&response->fields, arena_lower(a, s->set.name),
		    arena_dup(a, slice_str(token)));
	else
		set_cookie(s, a, token, now_s - created_s, request, response);
}
