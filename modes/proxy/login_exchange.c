#include "conf/json.h"
#include "modes/proxy/login.h"
#include "pki/base64.h"
#include "route/query.h"

/* Of an answer that does not say for how long it is good. */
#define LIFE_S	300
#define LIFE_MAX_S	(INT64_C(366) * 86400)

static struct slice
give(struct str *s, struct arena *a)
{
	struct slice text = arena_dup(a, str_slice(s));

	str_fini(s);
	return text;
}

/* S256 (RFC 7636, section 4.2). */
static struct slice
challenge_of(struct slice verifier, struct arena *a)
{
	uint8_t hash[HASH_LEN];
	struct str text = { 0 };

	hash_sha256(hash, verifier);
	base64_add(&text, BASE64_URL, slice_of(hash, sizeof(hash)));
	return give(&text, a);
}

struct slice
login_address(const struct login *l, const struct login_way *w,
    struct slice redirect_url, struct arena *a)
{
	struct str query = { 0 };

	query_add(&query, "response_type", SLICE("code"));
	query_add(&query, "client_id", l->client_id);
	query_add(&query, "redirect_uri", redirect_url);
	query_add(&query, "scope", l->scopes);
	query_add(&query, "state", slice_str(w->state));
	query_add(&query, "nonce", w->nonce);
	query_add(&query, "code_challenge", challenge_of(w->verifier, a));
	query_add(&query, "code_challenge_method", SLICE("S256"));
	const struct slice parts[] = { l->authorize,
		slice_find(l->authorize, '?') < 0 ? SLICE("?") : SLICE("&"),
		give(&query, a) };

	return arena_join(a, parts, 3);
}

struct slice
login_code_form(const struct login_way *w, struct slice code,
    struct slice redirect_url, struct arena *a)
{
	struct str form = { 0 };

	query_add(&form, "grant_type", SLICE("authorization_code"));
	query_add(&form, "code", code);
	query_add(&form, "redirect_uri", redirect_url);
	query_add(&form, "code_verifier", w->verifier);
	return give(&form, a);
}

struct slice
login_refresh_form(struct slice refresh, struct arena *a)
{
	struct str form = { 0 };

	query_add(&form, "grant_type", SLICE("refresh_token"));
	query_add(&form, "refresh_token", refresh);
	return give(&form, a);
}

/* Nothing that a browser leaves out, or a cookie cannot hold. */
static bool
is_plain(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] >= 0x7f)
			return false;
	return true;
}

struct slice
login_back(struct slice path, struct slice query, struct arena *a)
{
	const struct slice parts[] = { path, SLICE("?"), query };
	bool is_path = path.len > 0 && path.ptr[0] == '/' &&
	    (path.len == 1 || (path.ptr[1] != '/' && path.ptr[1] != '\\'));

	if (!is_path || !is_plain(path))
		return SLICE("/");
	return query.ptr == NULL || !is_plain(query) ? path :
	    arena_join(a, parts, 3);
}

struct slice
login_param(struct slice query, const char *name, struct arena *a)
{
	struct slice raw;
	size_t len;

	if (!query_find(query, slice_str(name), &raw))
		return SLICE_NONE;
	char *to = arena_alloc(a, raw.len + 1);

	query_decode(raw, to, raw.len, &len);
	return slice_of(to, len);
}

bool
login_is_from_another(const struct login *l, struct slice query, struct arena *a)
{
	struct slice iss = login_param(query, "iss", a);

	return iss.ptr != NULL && !slice_eq(iss, l->rule.trust.issuer);
}

/* RFC 6749, section 4.1.2.1. */
static bool
is_fault(struct slice name)
{
	return query_is(name, SLICE("error")) ||
	    query_is(name, SLICE("error_description"));
}

struct slice
login_query_hide(struct slice query, struct arena *a)
{
	struct str shown = { 0 };
	struct slice part;

	if (query.ptr == NULL)
		return query;
	while (slice_cut(&query, '&', &part)) {
		struct slice rest = part, name;

		slice_cut(&rest, '=', &name);
		if (shown.len > 0)
			str_add_char(&shown, '&');
		if (is_fault(name))
			str_add_slice(&shown, part);
		else if (name.len < part.len)
			str_addf(&shown, "%.*s=-", SLICE_ARG(name));
		else
			str_add_char(&shown, '-');
	}
	return give(&shown, a);
}

/* --- the answer ------------------------------------------------------------------- */

static bool
is_same_text(const struct conf_node *a, const struct conf_node *b,
    const char *name)
{
	const char *x = conf_get_string(a, name), *y = conf_get_string(b, name);

	return x != NULL && y != NULL && strcmp(x, y) == 0;
}

/* OpenID Connect Core 1.0, sections 3.1.3.7 and 12.2. */
static const char *
judge(const struct login *l, const struct jwt *t, struct slice nonce,
    const struct login_session *before)
{
	const char *azp = conf_get_string(t->claims, "azp");
	const char *said = conf_get_string(t->claims, "nonce");

	if (t->subject.len == 0 || conf_get(t->claims, "exp") == NULL)
		return "incomplete";
	if (azp != NULL && !slice_is(l->client_id, azp))
		return "audience";
	if (nonce.ptr != NULL && (said == NULL ||
	    !hash_equal(nonce, slice_str(said))))
		return "nonce";
	if (nonce.ptr == NULL && !is_same_text(before->claims, t->claims,
	    "sub"))
		return "subject";
	return NULL;
}

static const char *
take_id_token(const struct login *l, struct slice text, struct slice nonce,
    int64_t now_s, struct arena *a, struct login_session *s)
{
	struct jwt t;
	enum jwt_fault fault = jwt_read(&t, a, text);
	const char *why;

	if (fault == JWT_OK)
		fault = jwt_verify(&t, &l->rule.trust, now_s);
	if (fault != JWT_OK)
		return jwt_fault_name(fault);
	why = judge(l, &t, nonce, s);
	if (why != NULL)
		return why;
	s->claims = t.claims;
	/* As long as it was good: else one that comes late would never do. */
	s->until_s = authn_end(&t);
	s->until_s += s->until_s < INT64_MAX - JWT_SKEW_S ? JWT_SKEW_S : 0;
	return NULL;
}

/* When the access token ends; without a word about it, after so long. */
static int64_t
access_end(const struct conf_node *root, int64_t now_s, int64_t usual_s)
{
	int64_t life = conf_get_int(root, "expires_in", 0);

	return now_s + (life <= 0 ? usual_s : life < LIFE_MAX_S ? life :
	    LIFE_MAX_S);
}

/* A session is over with what it forwards. */
static void
take_access(const struct login *l, const struct conf_node *root, int64_t now_s,
    struct login_session *s)
{
	const char *token = conf_get_string(root, "access_token");
	int64_t end = access_end(root, now_s, LIFE_MAX_S);

	if (!l->forwards_access || token == NULL)
		return;
	s->access = slice_str(token);
	if (end < s->until_s)
		s->until_s = end;
}

const char *
login_tokens_read(const struct login *l, struct slice json, struct slice nonce,
    int64_t now_s, struct arena *a, struct login_session *s)
{
	struct err err = ERR_INIT;
	const struct conf_node *root = conf_json_read(a, arena_dup(a, json),
	    "token", &err);
	const char *id_token = conf_get_string(root, "id_token"), *why = NULL;
	const char *refresh = conf_get_string(root, "refresh_token");

	if (root == NULL)
		return "malformed";
	if (id_token != NULL)
		why = take_id_token(l, slice_str(id_token), nonce, now_s, a, s);
	else if (nonce.ptr != NULL)
		why = "no_id_token";
	else
		s->until_s = access_end(root, now_s, LIFE_S);
	if (refresh != NULL)
		s->refresh = slice_str(refresh);
	take_access(l, root, now_s, s);
	return why;
}
