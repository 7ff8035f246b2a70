#include <string.h>

#include "base/clock.h"
#include "conf/stream.h"
#include "modes/ctl/call.h"
#include "modes/ctl/cert_text.h"
#include "modes/ctl/client.h"
#include "modes/ctl/cmd_ca_shares.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/file.h"
#include "modes/ctl/print.h"
#include "pki/key.h"

static int show(struct ctl *), export_bundle(struct ctl *);
static int prepare(struct ctl *), activate(struct ctl *), taint(struct ctl *),
    revoke(struct ctl *), replace_token_key(struct ctl *),
    discard(struct ctl *);

static const char *const formats[] = { "pem", "spiffe", "hash", NULL };

static const struct ctl_option export_options[] = {
	{ "format", 0, "FORMAT", .fallback = "pem", .words = formats,
	    .text = "pem, spiffe for a JWK set, or hash for --ca-hash" },
	{ "out", 0, "FILE", .word = CTL_WORD_FILE,
	    .text = "where to write it instead of standard output" },
	{ 0 },
};

static const struct ctl_example show_examples[] = {
	{ "ca show", "root, intermediate, and when they end" },
	{ 0 },
};

static const struct ctl_example export_examples[] = {
	{ "ca export-bundle > bundle.pem", "for --ca-file, for curl, for openssl" },
	{ "ca export-bundle --format spiffe", "for SPIFFE federation" },
	{ "ca export-bundle --format hash", "for mesh proxy --ca-hash" },
	{ 0 },
};

static const struct ctl_command ca_show = {
	.name = "show",
	.arguments = "",
	.summary = "show the root and intermediate certificates",
	.examples = show_examples,
	.run = show,
};

static const struct ctl_command ca_export_bundle = {
	.name = "export-bundle",
	.arguments = "",
	.summary = "print the trust bundle",
	.options = export_options,
	.examples = export_examples,
	.run = export_bundle,
};

static const char *const levels[] = { "root", "intermediate", NULL };

static const struct ctl_option prepare_options[] = {
	{ "level", 0, "LEVEL", .fallback = "intermediate", .words = levels,
	    .text = "root, with an intermediate under it, or intermediate" },
	{ "root-cert", 0, "FILE", .word = CTL_WORD_FILE,
	    .text = "a root from outside instead of one that is made, PEM" },
	{ "root-key", 0, "FILE", .word = CTL_WORD_FILE,
	    .text = "its key, PEM; over the local socket alone" },
	{ "csr", 0, NULL, .text = "print a request for an intermediate that "
	    "another authority is to sign; its key stays with control" },
	{ "chain", 0, "FILE", .word = CTL_WORD_FILE,
	    .text = "what that authority signed, and behind it its root unless "
	    "that is the active one, and that root as the active one signed "
	    "it, if it did, PEM" },
	{ 0 },
};

static const struct ctl_option activate_options[] = {
	{ "force", 0, NULL, .text = "even where somebody may not have heard of "
	    "the prepared root, for which nobody vouches" },
	{ 0 },
};

static const struct ctl_option revoke_options[] = {
	{ "force", 0, NULL, .text = "even where somebody has no certificate "
	    "under the active root" },
	{ 0 },
};

static const struct ctl_example prepare_examples[] = {
	{ "ca prepare --level root", "every proxy trusts the new root, too" },
	{ "ca prepare --level root --root-cert root.pem --root-key root.key",
	    "a root of your own, on control's machine" },
	{ "ca prepare --csr > intermediate.csr", "for an authority whose key is "
	    "elsewhere" },
	{ "ca prepare --chain signed.pem", "what it made of that, under the "
	    "active root or another" },
	{ 0 },
};

static const struct ctl_example activate_examples[] = {
	{ "ca activate", "the prepared one signs from now on" },
	{ 0 },
};

static const struct ctl_example discard_examples[] = {
	{ "ca discard --yes", "the wrong one was prepared" },
	{ 0 },
};

static const struct ctl_example taint_examples[] = {
	{ "ca taint", "nobody goes on with what the one before signed" },
	{ 0 },
};

static const struct ctl_example replace_examples[] = {
	{ "ca replace-token-key --yes", "tokens that are out are worth nothing" },
	{ 0 },
};

static const struct ctl_example revoke_examples[] = {
	{ "ca revoke --yes", "the old root is trusted by nobody any more" },
	{ 0 },
};

static const struct ctl_command ca_prepare = {
	.name = "prepare",
	.arguments = "",
	.summary = "make the next intermediate or root",
	.text = "A root is published to every proxy at once, and signed by the "
	    "old one, so that who missed it trusts what it signs, too. Control "
	    "does this by itself when less than half of a life or 30 days are "
	    "left, whatever is less, and it has the root's key. Where another "
	    "authority signs the intermediate, --csr prints what to give to it "
	    "and --chain takes what it made: a CA's certificate with P-256 and "
	    "ECDSA with SHA-256, signed by a root directly. With such a root "
	    "control forgets the key of its own when it is activated. Where "
	    "the active root is such a one, too, control cannot have it vouch "
	    "for the next: its authority can, by a certificate for the next "
	    "root that goes behind that.",
	.options = prepare_options,
	.examples = prepare_examples,
	.run = prepare,
};

static const struct ctl_command ca_activate = {
	.name = "activate",
	.arguments = "",
	.summary = "sign with what is prepared",
	.text = "Certificates that the one before signed are good to their end. "
	    "Control does this by itself when less than a sixth of a life or 7 "
	    "days are left, whatever is less. With a root from outside the key "
	    "of control's own root is removed, and only then it asks: whoever "
	    "may want to go back to that root keeps a copy, by backup create "
	    "or ca split. Where nothing leads from the active root to the "
	    "prepared one, who is not connected may not know it and would have "
	    "to join anew: while there is one, nothing is done, and it says "
	    "who that is. A workload that was stopped holds nothing up: it is "
	    "named in a warning.",
	.options = activate_options,
	.asks = true,
	.examples = activate_examples,
	.run = activate,
};

static const struct ctl_command ca_discard = {
	.name = "discard",
	.arguments = "",
	.summary = "throw away what is prepared",
	.text = "As if it had never been: a root that was published leaves the "
	    "trust bundle at once, and its key is removed. It has signed "
	    "nothing so far. Join tokens that were made since it was published "
	    "are worth nothing any more. What is due by age control prepares "
	    "again within a minute.",
	.asks = true,
	.examples = discard_examples,
	.run = discard,
};

static const struct ctl_command ca_taint = {
	.name = "taint",
	.arguments = "",
	.summary = "have every proxy renew its certificate now",
	.text = "Each one that is connected does so within 10 seconds.",
	.examples = taint_examples,
	.run = taint,
};

static const struct ctl_command ca_replace_token_key = {
	.name = "replace-token-key",
	.arguments = "",
	.summary = "sign tokens of applications with another key, now",
	.text = "For a key that somebody else may have. The one before, and every "
	    "JWT-SVID that it signed, is good for nobody who looks at the trust "
	    "bundle: proxies at once, others when they fetch it again. Control "
	    "goes from key to key by itself, without that, every 30 days.",
	.examples = replace_examples,
	.asks = true,
	.run = replace_token_key,
};

static const struct ctl_command ca_revoke = {
	.name = "revoke",
	.arguments = "",
	.summary = "take the trust from every root that is not active",
	.text = "Whoever has no certificate under the active root would be "
	    "refused from then on: while there is one, nothing is done, and it "
	    "says who that is and what helps. For workloads that are connected "
	    "ca taint goes first; an operator gets another certificate by "
	    "operator revoke and operator create. Who was revoked is not "
	    "counted, and a workload that was stopped holds nothing up: it is "
	    "named in a warning. Control does this by itself 24 hours after a "
	    "root's end.",
	.options = revoke_options,
	.examples = revoke_examples,
	.asks = true,
	.run = revoke,
};

static const struct ctl_command *const below[] = { &ca_show, &ca_prepare,
	&ca_activate, &ca_discard, &ca_taint, &ca_revoke,
	&ca_replace_token_key, &ca_export_bundle,
	&ca_split, &ca_combine, NULL };

const struct ctl_command cmd_ca = {
	.name = "ca",
	.arguments = "",
	.summary = "look at the certificate authority, and rotate it",
	.below = below,
};

static void
add_facts(struct ctl *c, const char *title, const struct conf_node *facts)
{
	struct conf_node *shown = conf_copy(&c->arena, facts);

	conf_unset(shown, "pem");
	conf_unset(shown, "state");
	str_addf(&c->out, "%s\n", title);
	cert_text_add(&c->out, shown, clock_wall_s());
}

/* done: what was, for people, who look at it first; NULL: nothing. */
static void
print_ca(struct ctl *c, const struct conf_node *answer, const char *done)
{
	const char *domain, *prepared;
	const char *is_elsewhere = conf_get_string(answer, "rootKey");

	if (print_node(c, answer))
		return;
	if (done != NULL)
		str_addf(&c->out, "%s\n\n", done);
	domain = conf_get_string(answer, "trustDomain");
	str_add(&c->out, "trust domain ");
	str_add_printable(&c->out, slice_str(domain == NULL ? "-" : domain));
	str_addf(&c->out, "\ncertificates live %lld s\n", (long long)
	    conf_get_int(answer, "certificateLifetimeSeconds", 0));
	CONF_FOREACH(e, conf_get(answer, "roots")) {
		const char *state = conf_get_string(e->node, "state");

		add_facts(c, state == NULL || strcmp(state, "active") == 0 ?
		    "root" : strcmp(state, "prepared") == 0 ?
		    "root, prepared" : "root, retired", e->node);
	}
	if (is_elsewhere != NULL && strcmp(is_elsewhere, "elsewhere") == 0)
		str_add(&c->out, "the active root's key is elsewhere: its "
		    "authority signs each intermediate; mesh ctl ca prepare "
		    "--csr\n");
	if (conf_get(answer, "intermediate") != NULL)
		add_facts(c, "intermediate", conf_get(answer, "intermediate"));
	prepared = conf_get_string(answer, "prepared");
	if (prepared != NULL) {
		str_add(&c->out, "prepared: ");
		str_add_printable(&c->out, slice_str(prepared));
		str_add(&c->out, "; mesh ctl ca activate, or discard\n");
	}
	if (!conf_get_bool(answer, "vouched", true))
		ctl_warn(c, "the active root's key is elsewhere, and nothing "
		    "leads from it to the prepared one: who is not connected "
		    "before that is activated has to join anew");
}

static int
order(struct ctl *c, const char *method, const char *path,
    const struct conf_node *body, const char *done)
{
	struct conf_node *answer;
	struct err err = ERR_INIT;

	if (call_api(c, method, path, body, &answer, &err) < 0)
		return ctl_fail_call(c, &err);
	print_ca(c, answer, done);
	return CTL_OK;
}

static int
show(struct ctl *c)
{
	return order(c, "GET", "/v1/ca", NULL, NULL);
}

static int
add_file(struct ctl *c, struct conf_node *body, const char *member,
    const char *path)
{
	struct str text = { 0 };
	struct err err = ERR_INIT;
	int code = CTL_OK;

	if (path == NULL)
		return CTL_OK;
	if (conf_file_read(path, &text, &err) < 0)
		code = ctl_fail(c, &err);
	else
		conf_set_slice(body, member, str_slice(&text));
	key_wipe_str(&text);
	return code;
}

static int
print_request(struct ctl *c)
{
	struct conf_node *answer;
	struct err err = ERR_INIT;
	const char *csr;

	if (call_api(c, "POST", "/v1/ca/request", conf_map_new(&c->arena),
	    &answer, &err) < 0)
		return ctl_fail_call(c, &err);
	csr = conf_get_string(answer, "csr");
	if (!print_node(c, answer) && csr != NULL)
		str_add(&c->out, csr);
	return CTL_OK;
}

static int
prepare(struct ctl *c)
{
	struct conf_node *body = conf_map_new(&c->arena);
	bool is_root = strcmp(ctl_value(c, "level"), "root") == 0;
	int code;

	if ((ctl_has(c, "csr") || ctl_has(c, "chain")) && (is_root ||
	    ctl_has(c, "root-cert") || ctl_has(c, "csr") == ctl_has(c, "chain")))
		return ctl_misused(c, "--csr, or later --chain, stands alone: it "
		    "is about an intermediate");
	if (ctl_has(c, "csr"))
		return print_request(c);
	conf_set_string(body, "what", ctl_value(c, "level"));
	if ((ctl_value(c, "root-cert") == NULL) !=
	    (ctl_value(c, "root-key") == NULL))
		return ctl_misused(c, "--root-cert and --root-key go together");
	code = add_file(c, body, "certificate", ctl_value(c, "root-cert"));
	if (code == CTL_OK)
		code = add_file(c, body, "key", ctl_value(c, "root-key"));
	if (code == CTL_OK)
		code = add_file(c, body, "chain", ctl_value(c, "chain"));
	return code != CTL_OK ? code : order(c, "POST", "/v1/ca/prepare", body,
	    is_root ? "prepared a root: it is published, and signs nothing until "
	    "mesh ctl ca activate" : "prepared an intermediate: it signs nothing "
	    "until mesh ctl ca activate");
}

static bool
is_kind(const struct conf_node *left, const char *kind)
{
	const char *its = conf_get_string(left, "kind");

	return its != NULL && strcmp(its, kind) == 0;
}

/* Those who were stopped in a month may be many. */
#define LEFT_SHOWN	10

static void
warn_left(struct ctl *c, const struct conf_node *answer)
{
	const struct conf_node *left = conf_get(answer, "shutOut");
	size_t n = 0;

	CONF_FOREACH(e, left) {
		const char *name = conf_get_string(e->node, "name");

		if (n++ == LEFT_SHOWN) {
			ctl_warn(c, "nor may %zu others", conf_len(left) -
			    LEFT_SHOWN);
			break;
		}
		if (name != NULL)
			ctl_warn(c, "%s%s may not know the new root: then it "
			    "joins anew, with a new token and without what is in "
			    "its --state-dir", name, is_kind(e->node, "stopped") ?
			    ", which was stopped," : "");
	}
}

/* What cannot be brought back is asked for. */
static int
activate(struct ctl *c)
{
	struct conf_node *body = conf_map_new(&c->arena), *now, *answer;
	struct err err = ERR_INIT;
	const char *what;
	int code = CTL_OK;

	if (call_api(c, "GET", "/v1/ca", NULL, &now, &err) < 0)
		return ctl_fail_call(c, &err);
	what = conf_get_string(now, "prepared");
	if (conf_get_bool(now, "forgetsRootKey", false)) {
		code = ctl_confirm(c, "remove the key of the root that is active "
		    "now from control's machine, so that nothing can be signed "
		    "with it any more?");
		conf_set_bool(body, "forgetRootKey", true);
	}
	if (code != CTL_OK)
		return code;
	conf_set_bool(body, "force", ctl_has(c, "force"));
	if (call_api(c, "POST", "/v1/ca/activate", body, &answer, &err) < 0)
		return ctl_fail_call(c, &err);
	print_ca(c, answer, arena_printf(&c->arena, "activated the %s that was "
	    "prepared", what == NULL ? "authority" : what));
	warn_left(c, answer);
	return CTL_OK;
}

static int
discard(struct ctl *c)
{
	struct conf_node *now;
	struct err err = ERR_INIT;
	const char *what;
	int code;

	if (call_api(c, "GET", "/v1/ca", NULL, &now, &err) < 0)
		return ctl_fail_call(c, &err);
	what = conf_get_string(now, "prepared");
	if (what == NULL) {
		err_set(&err, ERR_NOT_FOUND, "nothing is prepared");
		return ctl_fail_call(c, &err);
	}
	code = ctl_confirm(c, "throw away the %s that is prepared?", what);
	return code != CTL_OK ? code : order(c, "POST", "/v1/ca/discard",
	    conf_map_new(&c->arena), arena_printf(&c->arena, "threw away the "
	    "%s that was prepared", what));
}

static int
taint(struct ctl *c)
{
	return order(c, "POST", "/v1/ca/taint", conf_map_new(&c->arena),
	    "every proxy that is connected renews its certificate now");
}

static int
replace_token_key(struct ctl *c)
{
	int code = ctl_confirm(c, "refuse every token of an application that is "
	    "out?");

	return code != CTL_OK ? code : order(c, "POST",
	    "/v1/ca/replace-token-key", conf_map_new(&c->arena), "replaced the "
	    "key of applications' tokens: those that are out are refused");
}

/* Who is refused from now on, and how each comes back. */
static void
warn_shut_out(struct ctl *c, const struct conf_node *answer)
{
	CONF_FOREACH(e, conf_get(answer, "shutOut")) {
		const char *name = conf_get_string(e->node, "name");
		const char *until = conf_get_string(e->node, "until");

		if (name == NULL || until == NULL)
			continue;
		if (is_kind(e->node, "operator"))
			ctl_warn(c, "operator %s is refused: mesh ctl operator "
			    "revoke %s, and mesh ctl operator create %s", name,
			    name, name);
		else
			ctl_warn(c, "%s%s is refused until it joins with a new "
			    "token, or its certificate has ended, %s", name,
			    is_kind(e->node, "stopped") ? ", which was "
			    "stopped," : "", until);
	}
}

static int
revoke(struct ctl *c)
{
	struct conf_node *body = conf_map_new(&c->arena), *answer;
	struct err err = ERR_INIT;
	int code = ctl_confirm(c, "take the trust from every root but the "
	    "active one?");

	if (code != CTL_OK)
		return code;
	conf_set_bool(body, "force", ctl_has(c, "force"));
	if (call_api(c, "POST", "/v1/ca/revoke", body, &answer, &err) < 0)
		return ctl_fail_call(c, &err);
	print_ca(c, answer, "revoked every root but the active one");
	warn_shut_out(c, answer);
	return CTL_OK;
}

static int
export_bundle(struct ctl *c)
{
	const char *out = ctl_value(c, "out");
	const char *path = call_query(c, "/v1/trust-bundle", "format",
	    ctl_value(c, "format"));
	struct client_answer answer;
	struct err err = ERR_INIT;
	int code = CTL_OK;

	if (call_raw(c, "GET", path, SLICE_NONE, CLIENT_JSON_MAX, &answer, &err) < 0)
		return ctl_fail_call(c, &err);
	if (answer.status != 200) {
		call_refused(&answer, &err);
		code = ctl_fail_call(c, &err);
	} else if (out == NULL)
		str_add_slice(&c->out, str_slice(&answer.body));
	else if (file_write(out, str_slice(&answer.body), 0644, true, &err) < 0)
		code = ctl_fail(c, &err);
	client_answer_fini(&answer);
	return code;
}
