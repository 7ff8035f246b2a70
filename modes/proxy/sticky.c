#include <stdio.h>

#include "modes/proxy/affinity.h"
#include "modes/proxy/sticky.h"
#include "upstream/hash.h"

#define TOKEN_LEN	(16 + 1 + 8 + 1 + 8)	/* hash-created-used */

static struct slice
name_of(const struct model_persistence *p, const struct rule *r,
    struct arena *a)
{
	const char *own = p->type == MODEL_SESSION_COOKIE ? p->cookie.name :
	    p->header.name;

	if (own == NULL)
		own = p->name;
	/* Two rules must not share a session. */
	return own != NULL ? slice_str(own) : slice_str(arena_printf(a,
	    "mesh-session-%08x", (unsigned)(hash_bytes(r->name) & 0xffffffff)));
}

static struct slice
lower(struct arena *a, struct slice name)
{
	char *s = arena_alloc(a, name.len + 1);

	for (size_t i = 0; i < name.len; i++)
		s[i] = (char)(name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ?
		    name.ptr[i] | 0x20 : name.ptr[i]);
	return slice_of(s, name.len);
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
read_token(struct slice text, const struct model_persistence *p, int64_t now_s,
    struct sticky *out)
{
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
hash_of(const struct rule *r, struct slice host)
{
	return hash_mix(hash_bytes(r->name) ^ hash_mix(hash_bytes(host)));
}

static bool
is_good(const struct endpoint *e)
{
	return (endpoint_marks(e->state) &
	    (MARK_MISSED | MARK_OUT | MARK_UNHEALTHY)) == 0;
}

static const struct endpoint *
endpoint_named(const struct rule *r, const struct cluster *c, uint64_t hash)
{
	for (size_t i = 0; c != NULL && i < c->len; i++)
		if (hash_of(r, c->v[i].host) == hash && is_good(&c->v[i]))
			return &c->v[i];
	return NULL;
}

const struct rule_backend *
sticky_find(const struct rule_set *set, struct arena *a,
    const struct http_head *head, int64_t now_s, struct rule_choice *c)
{
	const struct rule *r = c->rule;
	const struct model_persistence *p = r->doc->persistence;
	struct slice token;

	if (p == NULL)
		return NULL;
	c->sticky = arena_zalloc(a, sizeof(*c->sticky));
	c->sticky->name = name_of(p, r, a);
	token = p->type == MODEL_SESSION_COOKIE ?
	    affinity_cookie(head, c->sticky->name) :
	    http_fields_find(&head->fields, lower(a, c->sticky->name));
	if (!read_token(token, p, now_s, c->sticky)) {
		c->sticky->hash = 0;
		c->sticky->created_s = now_s;
		return NULL;
	}
	for (size_t i = 0; i < r->backends_len; i++) {
		const struct rule_backend *b = &r->backends[i];

		c->sticky->endpoint = endpoint_named(r, set->clusters[b->slot],
		    c->sticky->hash);
		if (c->sticky->endpoint != NULL)
			return b;
	}
	return NULL;
}

void
sticky_answer(const struct rule_choice *c, struct arena *a,
    const struct http_head *request, struct slice host, int64_t now_s,
    struct http_head *response)
{
	const struct model_persistence *p = c->rule->doc->persistence;
	const struct sticky *s = c->sticky;
	char token[TOKEN_LEN + 1], age[32] = "";
	uint64_t hash;

	if (s == NULL)
		return;
	hash = hash_of(c->rule, host);
	if (hash == s->hash && p->idle_ms < 0)
		return;
	/* With another endpoint another session begins. */
	int64_t created_s = hash == s->hash ? s->created_s : now_s;

	snprintf(token, sizeof(token), "%016llx-%08x-%08x",
	    (unsigned long long)hash, (unsigned)created_s, (unsigned)now_s);
	if (p->type == MODEL_SESSION_HEADER) {
		http_fields_set(&response->fields, lower(a, s->name),
		    arena_dup(a, slice_str(token)));
		return;
	}
	if (p->cookie.life == MODEL_COOKIE_PERMANENT && p->absolute_ms >= 0)
		snprintf(age, sizeof(age), "; Max-Age=%lld",
		    (long long)(p->absolute_ms / 1000 - (now_s - created_s)));
	http_fields_add_id(&response->fields, FIELD_SET_COOKIE,
	    slice_str(arena_printf(a, "%.*s=%s; Path=%s%s; HttpOnly;"
	    " SameSite=Lax%s", SLICE_ARG(s->name), token,
	    p->cookie.path == NULL ? "/" : p->cookie.path, age,
	    slice_is(request->scheme, "https") ? "; Secure" : "")));
}
