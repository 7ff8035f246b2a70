#include <stdio.h>

#include "base/random.h"
#include "conf/json.h"
#include "http/cookies.h"
#include "modes/proxy/affinity.h"
#include "modes/proxy/login_session.h"
#include "pki/base64.h"

#define WAY_NAME_LEN	8	/* letters of its state */

/* --- cookies ---------------------------------------------------------------------- */

static struct slice
name_of(const struct login_cookies *k, int piece, struct arena *a)
{
	return piece == 0 ? k->name : slice_str(arena_printf(a, "%.*s-%d",
	    SLICE_ARG(k->name), piece));
}

static struct slice
way_name(const struct login_cookies *k, struct slice state, struct arena *a)
{
	return slice_str(arena_printf(a, "%.*s-login-%.*s", SLICE_ARG(k->name),
	    WAY_NAME_LEN, state.ptr));
}

/* value absent: it ends. */
static void
set_cookie(const struct login_cookies *k, struct slice name, struct slice value,
    int64_t max_age_s, struct http_fields *to, struct arena *a)
{
	const char *age = value.ptr == NULL ? "; Max-Age=0; "
	    "Expires=Thu, 01 Jan 1970 00:00:00 GMT" : max_age_s > 0 ?
	    arena_printf(a, "; Max-Age=%lld", (long long)max_age_s) : "";

	http_fields_add_id(to, FIELD_SET_COOKIE, slice_str(arena_printf(a,
	    "%.*s=%.*s%.*s%s", SLICE_ARG(name), (int)value.len,
	    value.ptr == NULL ? "" : value.ptr, SLICE_ARG(k->attributes),
	    age)));
}

static struct slice
find_cookie(const struct http_fields *f, struct slice name)
{
	const struct http_head h = { .fields = *f };

	return affinity_cookie(&h, name);
}

/* --- what stands in them ---------------------------------------------------------- */

static struct slice
locked(const struct login_cookies *k, const struct conf_node *root,
    const char *place, struct arena *a)
{
	struct str json = { 0 }, bytes = { 0 }, text = { 0 };

	conf_json_write(&json, root);
	wrap_close(&bytes, str_slice(&json), slice_str(place), k->key);
	base64_add(&text, BASE64_URL, str_slice(&bytes));
	struct slice s = arena_dup(a, str_slice(&text));

	str_fini(&json);
	str_fini(&bytes);
	str_fini(&text);
	return s;
}

/* NULL: it is none of ours. */
static const struct conf_node *
opened(const struct login_cookies *k, struct slice text, const char *place,
    struct arena *a)
{
	size_t room = base64_room(text.len) + 1;
	char *bytes = arena_alloc(a, room);
	ptrdiff_t n = base64_decode(bytes, room, BASE64_URL, text);
	const struct conf_node *root = NULL;
	struct err err = ERR_INIT;
	struct str plain = { 0 };

	if (n > 0 && wrap_open(&plain, slice_of(bytes, (size_t)n),
	    slice_str(place), k->key, &err) == 0)
		root = conf_json_read(a, arena_dup(a, str_slice(&plain)),
		    "cookie", &err);
	str_fini(&plain);
	return root;
}

static struct slice
text_of(const struct conf_node *root, const char *name)
{
	const struct conf_node *n = conf_get(root, name);

	return n == NULL ? SLICE("") : n->text;
}

/* --- sessions --------------------------------------------------------------------- */

bool
login_session_put(const struct login_cookies *k, const struct login_session *s,
    bool in_one_line, struct http_fields *to, struct arena *a)
{
	size_t max = in_one_line ? LOGIN_LINE_MAX : LOGIN_PIECES *
	    LOGIN_PIECE_MAX;
	struct slice text = SLICE_NONE;

	if (s != NULL) {
		struct conf_node *root = conf_map_new(a);

		conf_set(root, "claims", conf_copy(a, s->claims));
		conf_set_int(root, "until", s->until_s);
		if (s->refresh.len > 0)
			conf_set_slice(root, "refresh", s->refresh);
		if (s->access.len > 0)
			conf_set_slice(root, "access", s->access);
		text = locked(k, root, "session", a);
		if (text.len > max)
			return false;
	}
	for (int i = 0; i < LOGIN_PIECES; i++) {
		size_t n = text.len < LOGIN_PIECE_MAX ? text.len :
		    LOGIN_PIECE_MAX;

		set_cookie(k, name_of(k, i, a), n > 0 ? slice_of(text.ptr, n) :
		    SLICE_NONE, 0, to, a);
		text = slice_from(text, n);
	}
	return true;
}

bool
login_session_get(const struct login_cookies *k, const struct http_fields *f,
    struct arena *a, struct login_session *s)
{
	struct slice pieces[LOGIN_PIECES];
	const struct conf_node *root;
	int n = 0;

	for (; n < LOGIN_PIECES; n++) {
		pieces[n] = find_cookie(f, name_of(k, n, a));
		if (pieces[n].len == 0)
			break;
	}
	root = n == 0 ? NULL : opened(k, arena_join(a, pieces, (size_t)n),
	    "session", a);
	if (root == NULL)
		return false;
	*s = (struct login_session){
		.claims = conf_get(root, "claims"),
		.until_s = conf_get_int(root, "until", 0),
		.refresh = text_of(root, "refresh"),
		.access = text_of(root, "access"),
	};
	return s->claims != NULL;
}

/* --- logins under way ------------------------------------------------------------- */

static struct slice
drawn(struct arena *a, size_t len)
{
	struct str text = { 0 };
	char bytes[64];

	random_bytes(bytes, len);
	base64_add(&text, BASE64_URL, slice_of(bytes, len));
	struct slice s = arena_dup(a, str_slice(&text));

	str_fini(&text);
	return s;
}

void
login_way_new(struct login_way *w, struct slice back, int64_t now_s,
    struct arena *a)
{
	struct str state = { 0 };
	char bytes[LOGIN_STATE_LEN / 2];

	random_bytes(bytes, sizeof(bytes));
	str_add_hex(&state, bytes, sizeof(bytes));
	*w = (struct login_way){ .verifier = drawn(a, 32),
	    .nonce = drawn(a, 16), .back = back, .since_s = now_s };
	memcpy(w->state, state.ptr, LOGIN_STATE_LEN);
	str_fini(&state);
}

static const char *
way_place(struct slice state, struct arena *a)
{
	return arena_printf(a, "login %.*s", SLICE_ARG(state));
}

bool
login_way_put(const struct login_cookies *k, const struct login_way *w,
    struct http_fields *to, struct arena *a)
{
	struct slice state = slice_str(w->state);
	struct conf_node *root = conf_map_new(a);

	conf_set_slice(root, "verifier", w->verifier);
	conf_set_slice(root, "nonce", w->nonce);
	conf_set_slice(root, "back", w->back);
	conf_set_int(root, "since", w->since_s);
	struct slice text = locked(k, root, way_place(state, a), a);

	if (text.len > LOGIN_PIECE_MAX)
		return false;
	set_cookie(k, way_name(k, state, a), text, LOGIN_WAY_S, to, a);
	return true;
}

static bool
is_hex(struct slice s, size_t len)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == '\0' || strchr("0123456789abcdef",
		    s.ptr[i]) == NULL)
			return false;
	return s.len == len;
}

/* The next name of a way in a request's cookies; *rest: those behind it. */
static bool
next_way(struct slice *rest, struct slice prefix, struct slice *name)
{
	while (slice_cut(rest, ';', name)) {
		struct slice pair = slice_trim(*name);

		if (slice_has_prefix(pair, prefix) && slice_cut(&pair, '=',
		    name) && is_hex(slice_from(*name, prefix.len),
		    WAY_NAME_LEN))
			return true;
	}
	return false;
}

void
login_ways_trim(const struct login_cookies *k, const struct http_fields *request,
    struct http_fields *response, struct arena *a)
{
	struct slice prefix = slice_str(arena_printf(a, "%.*s-login-",
	    SLICE_ARG(k->name))), name;
	size_t before = response->len, n = 0;

	for (size_t i = 0; i < request->len; i++) {
		struct slice rest = request->v[i].value;

		for (; request->v[i].id == FIELD_COOKIE &&
		    next_way(&rest, prefix, &name); n++)
			set_cookie(k, name, SLICE_NONE, 0, response, a);
	}
	if (n < LOGIN_WAYS)
		response->len = before;
}

bool
login_way_take(const struct login_cookies *k, struct slice state, int64_t now_s,
    const struct http_fields *request, struct http_fields *response,
    struct arena *a, struct login_way *w)
{
	const struct conf_node *root;
	struct slice name, value;

	if (!is_hex(state, LOGIN_STATE_LEN))
		return false;
	name = way_name(k, state, a);
	value = find_cookie(request, name);
	if (value.ptr == NULL)
		return false;
	set_cookie(k, name, SLICE_NONE, 0, response, a);
	root = opened(k, value, way_place(state, a), a);
	if (root == NULL)
		return false;
	*w = (struct login_way){
		.verifier = text_of(root, "verifier"),
		.nonce = text_of(root, "nonce"), .back = text_of(root, "back"),
		.since_s = conf_get_int(root, "since", 0),
	};
	memcpy(w->state, state.ptr, LOGIN_STATE_LEN);
	return now_s <= w->since_s + LOGIN_WAY_S && w->nonce.len > 0 &&
	    w->back.len > 0;
}

/* --- applications ----------------------------------------------------------------- */

static bool
is_ours(const void *arg, struct slice cookie)
{
	const struct login_cookies *k = arg;

	cookie = slice_trim(cookie);
	return slice_has_prefix(cookie, k->name) &&
	    cookie.len > k->name.len && (cookie.ptr[k->name.len] == '=' ||
	    cookie.ptr[k->name.len] == '-');
}

void
login_cookies_strip(const struct login_cookies *k, struct http_fields *f,
    struct arena *a)
{
	cookies_drop(f, is_ours, k, a);
}
