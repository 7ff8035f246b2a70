#include <ctype.h>
#include <string.h>

#include "conf/json.h"
#include "conf/stream.h"
#include "modes/ctl/asked_token.h"
#include "policy/issuer_keys.h"
#include "policy/jwt.h"

static int
read_file(struct ctl *c, const char *path, struct slice *out, struct err *err)
{
	struct str text = { 0 };
	int result = conf_file_read(path, &text, err);

	*out = arena_dup(&c->arena, str_slice(&text));
	str_fini(&text);
	return result;
}

/* RFC 6750, section 2.1: what may stand behind "Bearer". */
static bool
is_b64token(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!isalnum((unsigned char)text.ptr[i]) &&
		    (text.ptr[i] == '\0' || strchr("-._~+/=",
		    text.ptr[i]) == NULL))
			return false;
	return text.len > 0;
}

/* What no request can carry as a token is most likely another file. */
static int
read_token(struct slice text, struct asked_token *t, struct err *err)
{
	while (text.len > 0 && (text.ptr[text.len - 1] == '\n' ||
	    text.ptr[text.len - 1] == '\r'))
		text.len--;
	if (!is_b64token(text))
		return err_set(err, ERR_DATA, "expected a token, letters, digits "
		    "and -._~+/= in one line, found something else");
	t->text = text;
	return 0;
}

static int
read_claims(struct ctl *c, const char *path, struct slice text,
    struct asked_token *t, struct err *err)
{
	const struct conf_node *claims = conf_json_read(&c->arena, text, path,
	    err);
	struct jwt read;

	if (claims == NULL)
		return -1;
	if (claims->kind != CONF_MAP)
		return err_set(err, ERR_DATA, "expected an object of claims, "
		    "found %s", conf_kind_name(claims->kind));
	t->claims = claims;
	return jwt_of_claims(&read, claims) ? 0 : err_set(err, ERR_DATA,
	    "iss and sub are strings, exp, nbf and iat seconds since 1970, aud "
	    "is one string or a list of them: else no token is taken");
}

static int
check_keys(struct slice text, struct err *err)
{
	struct issuer_keys *k = issuer_keys_new(text, err);

	issuer_keys_unref(k);
	return k == NULL ? -1 : 0;
}

static int
fail(struct ctl *c, const char *path, struct err *err)
{
	err_wrap(err, "%s", path);
	return ctl_fail(c, err);
}

int
asked_token_read(struct ctl *c, struct asked_token *t)
{
	const char *claims = ctl_value(c, "claims-file");
	const char *token = ctl_value(c, "token-file");
	const char *jwks = ctl_value(c, "jwks-file");
	const char *path = claims != NULL ? claims : token;
	struct err err = ERR_INIT;
	struct slice text;

	*t = (struct asked_token){ .text = SLICE_NONE };
	if (claims != NULL && token != NULL)
		return ctl_misused(c, "expected one of --claims-file and "
		    "--token-file");
	if ((path != NULL && read_file(c, path, &text, &err) != 0) ||
	    (jwks != NULL && read_file(c, jwks, &t->jwks, &err) != 0))
		return ctl_fail(c, &err);
	if (jwks != NULL && check_keys(t->jwks, &err) < 0)
		return fail(c, jwks, &err);
	if (path != NULL && (claims != NULL ? read_claims(c, path, text, t,
	    &err) : read_token(text, t, &err)) != 0)
		return fail(c, path, &err);
	return CTL_OK;
}
