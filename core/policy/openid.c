#include "conf/json.h"
#include "policy/openid.h"

struct slice
openid_address(struct arena *a, struct slice issuer)
{
	struct slice parts[] = { issuer,
		SLICE("/.well-known/openid-configuration") };

	if (slice_has_suffix(issuer, SLICE("/")))
		parts[0].len--;
	return arena_join(a, parts, 2);
}

static bool
is_https(struct slice url)
{
	return slice_has_prefix(url, SLICE("https://"));
}

static int
read_address(const struct conf_node *said, const char *name, bool is_plain,
    struct slice *out, struct err *err)
{
	const struct conf_node *n = conf_get(said, name);

	*out = SLICE_NONE;
	if (n == NULL || n->kind == CONF_NULL)
		return 0;
	if (n->kind != CONF_STRING || (!is_https(n->text) && !(is_plain &&
	    slice_has_prefix(n->text, SLICE("http://")))))
		return err_set(err, ERR_DATA, "its %s is not https", name);
	*out = n->text;
	return 0;
}

int
openid_read(struct openid_provider *p, struct arena *a, struct slice issuer,
    struct slice text, struct err *err)
{
	const struct conf_node *said;
	bool is_plain = !is_https(issuer);
	const struct {
		const char   *name;
		struct slice *to;
	} rows[] = {
		{ "jwks_uri", &p->jwks },
		{ "authorization_endpoint", &p->authorization },
		{ "token_endpoint", &p->token },
		{ "end_session_endpoint", &p->end_session },
	};

	*p = (struct openid_provider){ 0 };
	if (text.len > OPENID_TEXT_MAX)
		return err_set(err, ERR_DATA, "it says too much of itself");
	said = conf_json_read(a, text, "openid-configuration", err);
	if (said == NULL)
		return -1;
	const char *named = conf_get_string(said, "issuer");

	if (named == NULL || !slice_is(issuer, named))
		return err_set(err, ERR_DATA, "it says that its issuer is "
		    "\"%s\"", named == NULL ? "" : named);
	p->issuer = slice_str(named);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (read_address(said, rows[i].name, is_plain, rows[i].to,
		    err) != 0)
			return -1;
	if (p->jwks.ptr == NULL)
		return err_set(err, ERR_DATA, "it names no jwks_uri");
	return 0;
}
