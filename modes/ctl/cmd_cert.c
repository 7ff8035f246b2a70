#include "base/clock.h"
#include "conf/stream.h"
#include "modes/ctl/cert_text.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/ctl_run.h"
#include "modes/ctl/print.h"
#include "modes/ctl/trust.h"
#include "pki/chain.h"
#include "pki/pem.h"

static int show(struct ctl *), verify(struct ctl *);

static const struct ctl_example show_examples[] = {
	{ "cert show /var/lib/mesh/proxy/web/identity.pem",
	    "what a sidecar presents" },
	{ "cert show - < bundle.pem", "what a trust bundle holds" },
	{ 0 },
};

static const struct ctl_option verify_options[] = {
	{ "bundle", 0, "FILE", .word = CTL_WORD_FILE,
	    .text = "trust bundle to verify against, PEM" },
	{ "id", 0, "SPIFFE-ID", .text = "the identity that it must have" },
	{ 0 },
};

static const struct ctl_example verify_examples[] = {
	{ "cert verify chain.pem --bundle bundle.pem", "would a peer trust it?" },
	{ "cert verify chain.pem --bundle bundle.pem --id "
	    "spiffe://mesh.internal/ns/default/sa/web", "and take it for web?" },
	{ 0 },
};

static const struct ctl_command cert_show = {
	.name = "show",
	.arguments = "FILE",
	.summary = "show the certificates in a file",
	.min = 1, .max = 1, .word = CTL_WORD_FILE,
	.examples = show_examples,
	.run = show,
};

static const struct ctl_command cert_verify = {
	.name = "verify",
	.arguments = "FILE",
	.summary = "verify a certificate chain as sidecars do",
	.text = "The exit code is 0 if it would be trusted, else 1.",
	.min = 1, .max = 1, .word = CTL_WORD_FILE,
	.options = verify_options,
	.examples = verify_examples,
	.run = verify,
};

static const struct ctl_command *const below[] = { &cert_show, &cert_verify,
	NULL };

const struct ctl_command cmd_cert = {
	.name = "cert",
	.arguments = "",
	.summary = "look at certificates in files",
	.below = below,
};

static int
read_chain(struct ctl *c, struct chain *chain, const char *path)
{
	struct err err = ERR_INIT;
	struct str text = { 0 };
	int result = conf_file_read(path, &text, &err);

	if (result == 0 && chain_add_pem(chain, str_slice(&text), &err) < 0)
		result = err_wrap(&err, "%s", path);
	str_fini(&text);
	return result < 0 ? ctl_fail(c, &err) : CTL_OK;
}

static int
add_cert(struct ctl *c, struct conf_node *list, const struct pem *pem,
    struct err *err)
{
	char *der = arena_alloc(&c->arena, CERT_MAX);
	ptrdiff_t len = pem_decode(pem, der, CERT_MAX);
	struct cert cert;

	if (len < 0)
		return err_set(err, ERR_DATA, "a block that is not base64");
	if (cert_parse(&cert, slice_of(der, (size_t)len), err) < 0)
		return -1;
	conf_add(list, cert_text_node(&c->arena, &cert));
	return 0;
}

/* Every CERTIFICATE block; other blocks are keys and no concern of ours. */
static int
read_certs(struct ctl *c, struct conf_node *list, struct slice text,
    struct err *err)
{
	struct pem pem;
	int more;

	while ((more = pem_next(&text, &pem, err)) > 0)
		if (slice_is(pem.label, PEM_LABEL_CERT) &&
		    add_cert(c, list, &pem, err) < 0)
			return err_wrap(err, "certificate %zu",
			    conf_len(list) + 1);
	if (more == 0 && conf_len(list) == 0)
		return err_set(err, ERR_DATA, "no certificate in it");
	return more;
}

static int
show(struct ctl *c)
{
	const char *path = ctl_word(c, 0);
	struct conf_node *list = conf_list_new(&c->arena);
	struct str text = { 0 };
	struct err err = ERR_INIT;
	int result = conf_file_read(path, &text, &err);
	size_t n = 0;

	if (result == 0 &&
	    (result = read_certs(c, list, str_slice(&text), &err)) < 0)
		err_wrap(&err, "%s", path);
	str_fini(&text);
	if (result < 0)
		return ctl_fail(c, &err);
	if (print_node(c, list))
		return CTL_OK;
	CONF_FOREACH(e, list) {
		str_addf(&c->out, "%scertificate %zu of %zu\n", n > 0 ? "\n" : "",
		    n + 1, conf_len(list));
		cert_text_add(&c->out, e->node, clock_wall_s());
		n++;
	}
	return CTL_OK;
}

static int
judge(struct ctl *c, struct chain *chain, const struct bundle *bundle)
{
	const char *id = ctl_value(c, "id");
	struct leaf_policy policy = { .expected = slice_str(id),
		.now = clock_wall_s() };
	enum distrust why = chain_check(chain, bundle, &policy);
	struct conf_node *verdict = conf_map_new(&c->arena);
	struct conf_node *leaf = chain->leaf.der.ptr == NULL ? NULL :
	    cert_text_node(&c->arena, &chain->leaf);

	conf_set_bool(verdict, "trusted", why == DISTRUST_NONE);
	if (why != DISTRUST_NONE) {
		conf_set_string(verdict, "reason", distrust_name(why));
		conf_set_string(verdict, "text", distrust_sentence(why));
	}
	conf_set(verdict, "leaf", leaf);
	if (print_node(c, verdict))
		;
	else if (why != DISTRUST_NONE)
		str_addf(&c->out, "not trusted: %s (%s)\n", distrust_sentence(why),
		    distrust_name(why));
	else {
		str_add(&c->out, "trusted\n");
		cert_text_add(&c->out, leaf, policy.now);
	}
	return why == DISTRUST_NONE ? CTL_OK : CTL_NO;
}

static int
verify(struct ctl *c)
{
	const char *path = ctl_value(c, "bundle");
	const char *id = ctl_value(c, "id");
	struct err err = ERR_INIT;
	struct bundle *bundle = NULL;
	struct spiffe who = { .domain = SLICE_NONE };
	struct chain chain;
	int code;

	if (path == NULL)
		return ctl_misused(c, "say whom to trust, with --bundle FILE");
	chain_init(&chain);
	code = read_chain(c, &chain, ctl_word(c, 0));
	if (id != NULL)
		spiffe_parse(&who, slice_str(id));
	if (code == CTL_OK &&
	    (bundle = trust_from_file(path, who.domain, &err)) == NULL)
		code = ctl_fail(c, &err);
	if (code == CTL_OK)
		code = judge(c, &chain, bundle);
	bundle_unref(bundle);
	chain_fini(&chain);
	return code;
}
