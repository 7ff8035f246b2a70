#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/names.h"
#include "modes/ctl/print.h"
#include "modes/ctl/rows.h"

static int revoke(struct ctl *);

static const struct ctl_option options[] = {
	{ "wait", 0, "DURATION", .fallback = "5s",
	    .text = "how long to wait for proxies that have not obeyed" },
	{ 0 },
};

static const struct ctl_example examples[] = {
	{ "revoke shop/web", "nobody talks any more to what runs as web" },
	{ "revoke spiffe://example.org/ns/shop/sa/web --wait 30s",
	    "the same by its SPIFFE ID, with more patience" },
	{ "revoke", "who was revoked" },
	{ 0 },
};

const struct ctl_command cmd_revoke = {
	.name = "revoke",
	.arguments = "[IDENTITY]",
	.summary = "take the trust from an identity at once",
	.text = "Every certificate that the identity was issued until now is "
	    "refused by control and by every proxy, and connections with it are "
	    "cut off, either way. So are tokens for it that were not used. A new "
	    "token in the proxy's --token-file lets it in again. The identity is a "
	    "SPIFFE ID, NAMESPACE/ACCOUNT or ACCOUNT; without one the revoked are listed, "
	    "BACK saying how long ago who joined again got its last certificate. "
	    "The exit code is 1 when a proxy has not obeyed in time, or is not "
	    "connected: it hears of it when it comes back, and until then trusts "
	    "those certificates to their end.",
	.min = 0, .max = 1,
	.options = options,
	.examples = examples,
	.asks = true,
	.run = revoke,
};

static int
list(struct ctl *c)
{
	static const struct rows_column columns[] = {
		{ "IDENTITY", "identity", ROWS_TEXT, false },
		{ "AGE", "revoked", ROWS_AGE, false },
		{ "UNTIL", "until", ROWS_DUE, false },
		{ "BACK", "issuedSince", ROWS_AGE, false },
		{ "BY", "revokedBy", ROWS_TEXT, true },
		{ 0 },
	};
	struct err err = ERR_INIT;
	struct conf_node *list = call_list(c, "/v1/revocations", "items", &err);

	if (list == NULL)
		return ctl_fail_call(c, &err);
	rows_print(c, list, columns, "revoked identities");
	return CTL_OK;
}

/* Warns of each; true: there was one. */
static bool
warn_each(struct ctl *c, const struct conf_node *names, const char *what)
{
	CONF_FOREACH(e, names)
		ctl_warn(c, "%s %s", conf_string(e->node), what);
	return conf_len(names) > 0;
}

static int
tell(struct ctl *c, const struct conf_node *answer)
{
	const char *id = conf_get_string(answer, "identity");
	long long obeyed = (long long)conf_get_int(answer, "obeyed", 0);
	bool is_late = warn_each(c, conf_get(answer, "waiting"),
	    "has not obeyed yet");

	is_late |= warn_each(c, conf_get(answer, "away"), "is not connected: "
	    "it obeys when it comes back");
	if (!print_node(c, answer))
		str_addf(&c->out, "%s revoked, %lld certificate%s refused; "
		    "%lld prox%s obeyed\n", id == NULL ? "-" : id,
		    (long long)conf_get_int(answer, "certificates", 0),
		    conf_get_int(answer, "certificates", 0) == 1 ? "" : "s",
		    obeyed, obeyed == 1 ? "y has" : "ies have");
	return is_late ? CTL_NO : CTL_OK;
}

static int
revoke(struct ctl *c)
{
	static const struct names_field fields[] = {
		{ "identity", "IDENTITY" }, { "wait", "--wait" }, { 0 },
	};
	struct conf_node *body = conf_map_new(&c->arena), *answer;
	struct err err = ERR_INIT;
	const char *id;
	int code;

	if (c->args.len == 0)
		return list(c);
	id = ctl_word(c, 0);
	/* A bare name is of the namespace in use. */
	if (c->namespace != NULL && slice_find(slice_str(id), '/') < 0)
		id = arena_printf(&c->arena, "%s/%s", c->namespace, id);
	code = ctl_confirm(c, "take the trust from %s?", id);
	if (code != CTL_OK)
		return code;
	conf_set_string(body, "identity", id);
	conf_set_string(body, "wait", ctl_value(c, "wait"));
	if (call_api(c, "POST", "/v1/revocations", body, &answer, &err) < 0)
		return names_fail(c, fields, &err);
	return tell(c, answer);
}
