#include "conf/json.h"
#include "conf/stream.h"
#include "modes/ctl/asked_token.h"
#include "modes/ctl/call.h"
#include "policy/authn.h"

static int
read_file(struct ctl *c, const char *path, struct slice *out, struct err *err)
{
	struct str text = { 0 };
	int result = conf_file_read(path, &text, err);

	*out = arena_dup(&c->arena, str_slice(&text));
	str_fini(&text);
	return result;
}

static int
read_token(struct ctl *c, struct slice text, const struct conf_node **claims,
    struct err *err)
{
	struct jwt t;
	enum jwt_fault fault;

	while (text.len > 0 && (text.ptr[text.len - 1] == '\n' ||
	    text.ptr[text.len - 1] == '\r'))
		text.len--;
	fault = jwt_read(&t, &c->arena, text);
	*claims = t.claims;
	return fault == JWT_OK ? 0 : err_set(err, ERR_DATA, "%s",
	    jwt_fault_text(fault));
}

static int
read_claims(struct ctl *c, const char *path, struct slice text,
    const struct conf_node **claims, struct err *err)
{
	*claims = conf_json_read(&c->arena, text, path, err);
	if (*claims != NULL && (*claims)->kind != CONF_MAP)
		return err_set(err, ERR_DATA, "expected an object of claims, "
		    "found %s", conf_kind_name((*claims)->kind));
	return *claims == NULL ? -1 : 0;
}

int
asked_token_read(struct ctl *c, const struct authz_token **token)
{
	const char *claims_file = ctl_value(c, "claims-file");
	const char *token_file = ctl_value(c, "token-file");
	const char *path = claims_file != NULL ? claims_file : token_file;
	const struct conf_node *claims;
	struct err err = ERR_INIT;
	struct slice text;

	*token = NULL;
	if (path == NULL)
		return CTL_OK;
	if (claims_file != NULL && token_file != NULL)
		return ctl_misused(c, "expected one of --claims-file and "
		    "--token-file");
	if (read_file(c, path, &text, &err) != 0)
		return ctl_fail_call(c, &err);
	if ((claims_file != NULL ? read_claims(c, path, text, &claims, &err) :
	    read_token(c, text, &claims, &err)) != 0) {
		err_wrap(&err, "%s", path);
		return ctl_fail_call(c, &err);
	}
	struct authz_token *made = arena_zalloc(&c->arena, sizeof(*made));

	authn_token(made, &c->arena, claims, NULL, 0);
	*token = made;
	return CTL_OK;
}
