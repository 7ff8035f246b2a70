#include "base/clock.h"
#include "modes/ctl/call.h"
#include "modes/ctl/cert_text.h"
#include "modes/ctl/client.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/file.h"
#include "modes/ctl/print.h"

static int show(struct ctl *), export_bundle(struct ctl *);

static const char *const formats[] = { "pem", "spiffe", NULL };

static const struct ctl_option export_options[] = {
	{ "format", 0, "FORMAT", .fallback = "pem", .words = formats,
	    .text = "pem, or spiffe for a JWK set" },
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

static const struct ctl_command *const below[] = { &ca_show, &ca_export_bundle,
	NULL };

const struct ctl_command cmd_ca = {
	.name = "ca",
	.arguments = "",
	.summary = "look at the certificate authority",
	.below = below,
};

static void
add_facts(struct ctl *c, const char *title, const struct conf_node *facts)
{
	struct conf_node *shown = conf_copy(&c->arena, facts);

	conf_unset(shown, "pem");
	str_addf(&c->out, "%s\n", title);
	cert_text_add(&c->out, shown, clock_wall_s());
}

static int
show(struct ctl *c)
{
	struct conf_node *answer;
	struct err err = ERR_INIT;
	const char *domain;

	if (call_api(c, "GET", "/v1/ca", NULL, &answer, &err) < 0)
		return ctl_fail_call(c, &err);
	if (print_node(c, answer))
		return CTL_OK;
	domain = conf_get_string(answer, "trustDomain");
	str_add(&c->out, "trust domain ");
	str_add_printable(&c->out, slice_str(domain == NULL ? "-" : domain));
	str_addf(&c->out, "\ncertificates live %lld s\n", (long long)
	    conf_get_int(answer, "certificateLifetimeSeconds", 0));
	CONF_FOREACH(e, conf_get(answer, "roots"))
		add_facts(c, "root", e->node);
	if (conf_get(answer, "intermediate") != NULL)
		add_facts(c, "intermediate", conf_get(answer, "intermediate"));
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
