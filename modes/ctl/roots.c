#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "conf/stream.h"
#include "modes/ctl/file.h"
#include "modes/ctl/roots.h"
#include "modes/ctl/trust.h"
#include "pki/chain.h"

/* trust.h asks for a domain; which one does not matter to roots. */
#define ANY_DOMAIN	SLICE("roots")

static bool
is_named(const struct bundle *b, struct slice digest)
{
	uint8_t hash[HASH_LEN];
	struct str text = { 0 };

	bundle_digest(b, hash);
	str_add_hex(&text, hash, HASH_LEN);
	bool is = slice_eq(str_slice(&text), digest);

	str_fini(&text);
	return is;
}

/* What control has now, or NULL. */
static struct bundle *
fetch(const struct target *t, uint64_t timeout_ms, struct err *err)
{
	struct client_request r = { .method = "GET",
	    .path = "/v1/trust-bundle?format=pem", .max = CLIENT_JSON_MAX,
	    .timeout_ms = timeout_ms };
	struct client_answer answer;
	struct bundle *b = NULL;

	if (client_ask(t, &r, &answer, err) < 0)
		return NULL;
	if (answer.status == 200)
		b = trust_from_pem(str_slice(&answer.body), ANY_DOMAIN, err);
	if (b == NULL || !is_named(b, str_slice(&answer.bundle))) {
		bundle_unref(b);
		b = NULL;
		err_set(err, ERR_SYSTEM, "control's trust bundle is not what it "
		    "said");
	}
	client_answer_fini(&answer);
	return b;
}

/* A file of ours, and no link to what somebody else looks after. */
static bool
is_ours(const struct target *t)
{
	struct stat st;

	return t->keeps_roots && lstat(t->ca_file, &st) == 0 &&
	    S_ISREG(st.st_mode) && st.st_uid == geteuid();
}

static void
replace(struct ctl *c, const struct target *t, const struct bundle *now)
{
	struct str pem = { 0 };
	struct err err = ERR_INIT;

	bundle_pem(&pem, now);
	if (file_write(t->ca_file, str_slice(&pem), 0600, true, &err) < 0)
		ctl_warn(c, "control trusts other roots than before, and they "
		    "could not be kept: %s", err.text);
	else
		ctl_say(c, "control trusts other roots than before: %s has them "
		    "now", t->ca_file);
	str_fini(&pem);
}

static void
warn_of_lack(struct ctl *c, const struct target *t, const struct bundle *has,
    const struct bundle *now)
{
	size_t lacks = 0;

	for (size_t i = 0; i < now->len; i++)
		lacks += !bundle_has(has, now->roots[i].der);
	if (lacks > 0)
		ctl_warn(c, "%s lacks %zu root%s that control trusts: mesh ctl ca "
		    "export-bundle --out FILE, before %s the only one%s",
		    t->ca_file, lacks, lacks == 1 ? "" : "s", lacks == 1 ?
		    "it is" : "they are", lacks == 1 ? "" : "s");
}

static void
follow(struct ctl *c, const struct target *t, const struct bundle *now)
{
	struct err err = ERR_INIT;
	struct bundle *has = trust_from_file(t->ca_file, ANY_DOMAIN, &err);
	uint8_t digest[2][HASH_LEN];

	if (has == NULL)
		return;
	bundle_digest(has, digest[0]);
	bundle_digest(now, digest[1]);
	if (memcmp(digest[0], digest[1], HASH_LEN) == 0)
		;
	else if (is_ours(t))
		replace(c, t, now);
	else
		warn_of_lack(c, t, has, now);
	bundle_unref(has);
}

void
roots_follow(struct ctl *c, const struct target *t,
    const struct client_answer *answer)
{
	struct bundle *has, *now;
	struct err err = ERR_INIT;
	bool is_same;

	if (t->is_local || t->is_plain || answer->bundle.len == 0)
		return;
	has = trust_from_file(t->ca_file, ANY_DOMAIN, &err);
	is_same = has == NULL || is_named(has, str_slice(&answer->bundle));
	bundle_unref(has);
	if (is_same)
		return;
	now = fetch(t, c->timeout_ms, &err);
	if (now == NULL)
		ctl_warn(c, "control trusts other roots than %s has: %s",
		    t->ca_file, err.text);
	else
		follow(c, t, now);
	bundle_unref(now);
}

void
roots_judge(const struct target *t, const struct bundle *now, struct err *err)
{
	struct leaf_policy policy = { .now = clock_wall_s() };
	struct bundle *roots;
	struct err unread = ERR_INIT;
	struct str text = { 0 };
	struct spiffe id;
	struct cert leaf;
	struct chain chain;

	chain_init(&chain);
	if (conf_file_read(t->cert_file, &text, &unread) == 0 &&
	    chain_add_pem(&chain, str_slice(&text), &unread) == 0 &&
	    cert_parse(&leaf, chain_cert(&chain, 0), &unread) == 0 &&
	    spiffe_parse(&id, leaf.uri) && id.kind == SPIFFE_OPERATOR) {
		roots = bundle_new(id.domain);
		for (size_t i = 0; i < now->len; i++)
			bundle_add(roots, now->roots[i].der, &unread);

		enum distrust why = chain_check(&chain, roots, &policy);

		if (why != DISTRUST_NONE)
			err_set(err, ERR_DENIED, "control would not trust %s: %s; "
			    "somebody else has to call `mesh ctl operator revoke "
			    "%.*s` and `mesh ctl operator create %.*s`",
			    t->cert_file, distrust_sentence(why),
			    SLICE_ARG(id.name), SLICE_ARG(id.name));
		bundle_unref(roots);
	}
	chain_fini(&chain);
	str_fini(&text);
}

void
roots_explain(struct ctl *c, const struct target *t, uint64_t timeout_ms,
    struct err *err)
{
	struct target nobody = *t;
	struct err unread = ERR_INIT;
	struct bundle *now;

	if (err->kind != ERR_UNAVAILABLE || t->is_local || t->is_plain ||
	    t->is_nobody || t->token_file != NULL)
		return;
	nobody.is_nobody = true;
	if ((now = fetch(&nobody, timeout_ms, &unread)) == NULL)
		return;
	follow(c, t, now);
	roots_judge(t, now, err);
	bundle_unref(now);
}
