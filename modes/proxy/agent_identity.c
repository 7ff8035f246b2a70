#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/secret.h"
#include "modes/proxy/agent_identity.h"
#include "pki/chain.h"
#include "pki/mint.h"
#include "pki/pem.h"
#include "pki/spiffe.h"

#define BACKOFF_MIN_MS	200
#define DISPLACED_MIN_MS	1000
#define DISPLACED_MAX_MS	60000
#define BACKOFF_MAX_MS	10000

static const struct slice WORKLOAD_SUFFIX = { ".workload.mesh", 14 };
static const struct slice SUFFIX = { ".mesh", 5 };

static const char *
dup_text(struct agent_identity *i, struct slice s)
{
	return arena_dup(&i->arena, s).ptr;
}

/* "NAME.NS" followed by suffix; NAME goes to *name. */
static bool
cut_name(const struct agent_identity *i, struct slice dns, struct slice suffix,
    struct slice *name)
{
	if (!slice_has_suffix(dns, suffix))
		return false;
	dns.len -= suffix.len;
	return slice_cut(&dns, '.', name) && slice_is(dns, i->ns) &&
	    spiffe_label_ok(*name);
}

static void
read_names(struct agent_identity *i, const struct cert *leaf)
{
	struct slice at = leaf->san, dns, name;
	enum cert_san kind;

	i->services = arena_zalloc(&i->arena,
	    (leaf->dns + 1) * sizeof(*i->services));
	while ((kind = cert_san_next(&at, &dns)) != CERT_SAN_END) {
		if (kind != CERT_SAN_DNS)
			continue;
		if (cut_name(i, dns, WORKLOAD_SUFFIX, &name))
			i->workload = dup_text(i, name);
		else if (cut_name(i, dns, SUFFIX, &name))
			i->services[i->services_len++] = dup_text(i, name);
	}
}

static int
read_leaf(struct agent_identity *i, const struct cert *leaf, struct err *err)
{
	struct spiffe id;

	if (leaf->key_kind != CERT_KEY_P256 ||
	    memcmp(leaf->point, i->key.point, KEY_POINT_LEN) != 0)
		return err_set(err, ERR_DATA,
		    "the certificate is not for our key");
	if (leaf->uris != 1 || !spiffe_parse(&id, leaf->uri) ||
	    id.kind != SPIFFE_WORKLOAD)
		return err_set(err, ERR_DATA, "the certificate names \"%.*s\", "
		    "which is no workload", SLICE_ARG(leaf->uri));
	i->id = dup_text(i, id.text);
	i->domain = dup_text(i, id.domain);
	i->ns = dup_text(i, id.ns);
	i->account = dup_text(i, id.name);
	i->not_before = leaf->not_before;
	i->not_after = leaf->not_after;
	read_names(i, leaf);
	if (i->workload == NULL)
		return err_set(err, ERR_DATA,
		    "the certificate of %s does not name its workload", i->id);
	return 0;
}

static int
read_chain(struct agent_identity *i, struct slice pem, struct err *err)
{
	struct chain chain;
	struct cert leaf;
	int result;

	chain_init(&chain);
	result = chain_add_pem(&chain, pem, err);
	if (result == 0)
		result = cert_parse(&leaf, chain_cert(&chain, 0), err);
	if (result == 0)
		result = read_leaf(i, &leaf, err);
	chain_fini(&chain);
	return result;
}

struct agent_identity *
agent_identity_make(const struct key *key, struct slice chain_pem,
    struct err *err)
{
	struct agent_identity *i = secret_alloc(sizeof(*i));

	arena_init(&i->arena);
	i->key = *key;
	i->chain_pem = arena_dup(&i->arena, chain_pem);
	if (read_chain(i, i->chain_pem, err) != 0) {
		agent_identity_free(i);
		return NULL;
	}
	return i;
}

/* Only its certificates of a text that holds the key as well. */
static int
certificates_of(struct slice pem, struct str *out, struct err *err)
{
	struct chain chain;

	chain_init(&chain);
	int result = chain_add_pem(&chain, pem, err);

	for (size_t i = 0; result == 0 && i < chain.len; i++)
		pem_add(out, PEM_LABEL_CERT, chain_cert(&chain, i));
	chain_fini(&chain);
	return result;
}

struct agent_identity *
agent_identity_read(struct slice pem, struct err *err)
{
	struct agent_identity *i = NULL;
	struct str chain = { 0 };
	struct key key;

	if (key_parse(&key, pem, err) != 0)
		return NULL;
	if (certificates_of(pem, &chain, err) == 0)
		i = agent_identity_make(&key, str_slice(&chain), err);
	key_fini(&key);
	str_fini(&chain);
	return i;
}

void
agent_identity_free(struct agent_identity *i)
{
	if (i == NULL)
		return;
	arena_fini(&i->arena);
	secret_free(i, sizeof(*i));
}

void
agent_identity_pem(struct str *out, const struct agent_identity *i)
{
	key_room_str(out, 1024 + i->chain_pem.len);
	key_pem(out, &i->key);
	str_add_slice(out, i->chain_pem);
}

int
agent_identity_check(const struct agent_identity *i,
    const struct bundle *bundle, int64_t now, struct err *err)
{
	struct leaf_policy policy = { .now = now, .expected = slice_str(i->id) };
	struct chain chain;
	enum distrust why = DISTRUST_MALFORMED;

	chain_init(&chain);
	if (chain_add_pem(&chain, i->chain_pem, err) == 0)
		why = chain_check(&chain, bundle, &policy);
	chain_fini(&chain);
	if (why == DISTRUST_NONE)
		return 0;
	return err_set(err, ERR_DENIED, "the certificate of %s: %s", i->id,
	    distrust_sentence(why));
}

struct tls_identity *
agent_identity_tls(const struct agent_identity *i, struct slice bundle_pem,
    uint64_t generation, struct err *err)
{
	struct str key = { 0 };

	key_pem(&key, &i->key);
	struct tls_identity *t = tls_identity_new(i->chain_pem, str_slice(&key),
	    bundle_pem, i->domain, generation, err);

	key_wipe_str(&key);
	return t;
}

/* --- when ---------------------------------------------------------------- */

static int64_t
at_part(int64_t not_before, int64_t not_after, double part)
{
	int64_t begin = not_before + MINT_SKEW_S;

	if (begin >= not_after)
		begin = not_before;
	if (begin >= not_after)
		return not_after;
	return begin + (int64_t)((double)(not_after - begin) * part);
}

int64_t
agent_renew_at(int64_t not_before, int64_t not_after, double unit)
{
	check(unit >= 0 && unit < 1);
	return at_part(not_before, not_after, 0.5 + 0.2 * unit);
}

int64_t
agent_renew_late_at(int64_t not_before, int64_t not_after)
{
	return at_part(not_before, not_after, 0.75);
}

static uint64_t
backoff_ms(unsigned failed, double unit, uint64_t least, uint64_t longest)
{
	uint64_t most = least;

	for (unsigned i = 1; i < failed && most < longest; i++)
		most *= 2;
	if (most > longest)
		most = longest;
	/* From half of it to all of it, so that many do not come together. */
	uint64_t ms = most / 2 + (uint64_t)((double)(most / 2) * unit);

	return ms < least ? least : ms;
}

uint64_t
agent_backoff_ms(unsigned failed, double unit)
{
	return backoff_ms(failed, unit, BACKOFF_MIN_MS, BACKOFF_MAX_MS);
}

uint64_t
agent_displaced_ms(unsigned times, double unit)
{
	return backoff_ms(times, unit, DISPLACED_MIN_MS, DISPLACED_MAX_MS);
}
