#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "model/closure.h"
#include "modes/control/attest.h"
#include "modes/control/attest_limit.h"
#include "pki/hash.h"
#include "pki/spiffe.h"

/*
 * A nonce is eight bytes of time, eight drawn at random, and half of an HMAC
 * over both.
 */
#define DRAWN_LEN	16

#define NAME_HASH_LEN	8	/* bytes of a hash in a workload's name */
#define NAME_PREFIX	(SPIFFE_LABEL_MAX - 2 * NAME_HASH_LEN - 1)

struct attest {
	uint8_t    secret[HASH_LEN];
	struct map used;	/* nonces: int64_t * until which */
	struct attest_limit limit;
};

static const struct attest_verifier *const verifiers[] = {
	[MODEL_HOST_X509] = &attest_x509, [MODEL_HOST_KEY] = &attest_key,
};

struct attest *
attest_new(void)
{
	struct attest *t = mem_zalloc(sizeof(*t));

	random_bytes(t->secret, sizeof(t->secret));
	return t;
}

void
attest_free(struct attest *t)
{
	if (t == NULL)
		return;
	map_fini(&t->used, mem_free);
	attest_limit_fini(&t->limit);
	mem_wipe(t->secret, sizeof(t->secret));
	mem_free(t);
}

bool
attest_may_ask(struct attest *t, const struct addr *from, uint64_t now_ms)
{
	return attest_limit_take(&t->limit, from, now_ms);
}

/* --- nonces -------------------------------------------------------------- */

static void
add_tag(const struct attest *t, uint8_t nonce[HOST_NONCE_LEN])
{
	uint8_t tag[HASH_LEN];

	hash_hmac(tag, slice_of(t->secret, HASH_LEN), slice_of(nonce,
	    DRAWN_LEN));
	memcpy(nonce + DRAWN_LEN, tag, HOST_NONCE_LEN - DRAWN_LEN);
}

void
attest_nonce(const struct attest *t, int64_t now, uint8_t nonce[HOST_NONCE_LEN])
{
	for (int i = 0; i < 8; i++)
		nonce[i] = (uint8_t)((uint64_t)now >> (56 - 8 * i));
	random_bytes(nonce + 8, DRAWN_LEN - 8);
	add_tag(t, nonce);
}

static bool
nonce_is_good(const struct attest *t, struct slice nonce, int64_t now)
{
	uint8_t want[HOST_NONCE_LEN];
	uint64_t at = 0;

	if (nonce.len != HOST_NONCE_LEN)
		return false;
	memcpy(want, nonce.ptr, HOST_NONCE_LEN);
	for (int i = 0; i < 8; i++)
		at = at << 8 | want[i];
	add_tag(t, want);
	return hash_equal(nonce, slice_of(want, HOST_NONCE_LEN)) &&
	    (int64_t)at <= now && now - (int64_t)at < ATTEST_NONCE_S &&
	    !map_has(&t->used, nonce);
}

/* Only by who proved to be a host: so there are few. */
static void
use_nonce(struct attest *t, struct slice nonce, int64_t now)
{
	int64_t *until = mem_alloc(sizeof(*until));
	struct slice key;
	void *value;
	size_t it = 0;

	while (map_next(&t->used, &it, &key, &value))
		if (*(int64_t *)value < now)
			mem_free(map_del(&t->used, key));
	*until = now + ATTEST_NONCE_S;
	mem_free(map_put(&t->used, nonce, until));
}

/* --- who it is ----------------------------------------------------------- */

static bool
has_ended(const struct model_host_attestor *h, int64_t now)
{
	return h->spec.expires != 0 && h->spec.expires <= now;
}

static bool
is_proven(const struct attest_question *q, const struct pubkey *key)
{
	uint8_t nonce[HOST_NONCE_LEN];
	struct str text = { 0 };

	memcpy(nonce, q->nonce.ptr, HOST_NONCE_LEN);
	host_proof_add_text(&text, nonce, q->csr, q->control);

	bool is = host_proof_is_good(key, str_slice(&text), q->proof);

	str_fini(&text);
	return is;
}

static int
refuse_proof(struct err *err)
{
	return err_set(err, ERR_DENIED, "proof: it is not signed by the host's "
	    "key");
}

/*
 * One signature, before the chains of as many documents as there are: of a type
 * that nobody knows there is nothing to look into.
 */
static int
check_proof(const struct attest_question *q, struct arena *a, struct err *err)
{
	struct pubkey key;

	for (size_t i = 0; i < sizeof(verifiers) / sizeof(verifiers[0]); i++) {
		const struct attest_verifier *v = verifiers[i];

		if (v == NULL || !slice_is(q->evidence.type, v->type))
			continue;
		if (v->shown(&q->evidence, a, &key, err) < 0)
			return -1;
		return is_proven(q, &key) ? 0 : refuse_proof(err);
	}
	return 0;
}

static int
judge_one(const struct model_object *o, struct arena *a,
    const struct attest_question *q, struct slice service, int64_t now,
    struct attest_host *host, struct err *err)
{
	const struct model_host_attestor *h = model_host_attestor(o);
	const struct attest_verifier *v = verifiers[h->spec.type];

	if (!slice_is(q->evidence.type, v->type))
		return err_set(err, ERR_DENIED, "no HostAttestor of the "
		    "namespace takes a host of type \"%.*s\"",
		    SLICE_ARG(q->evidence.type));
	if (has_ended(h, now))
		return err_set(err, ERR_DENIED, "HostAttestor %s has ended",
		    h->head.meta.name);
	if (v->verify(o, &q->evidence, now, a, host, err) < 0)
		return -1;
	if (!is_proven(q, &host->key))
		return refuse_proof(err);
	return model_host_may_serve(&h->spec, host->name, service) ? 0 :
	    err_set(err, ERR_DENIED, "host %.*s may not serve %.*s by "
	    "HostAttestor %s", SLICE_ARG(host->name), SLICE_ARG(service),
	    h->head.meta.name);
}

/*
 * SERVICE-LABEL-HASH: always the same one, and hosts of one label have two.  Who
 * may choose his host's name finds no other that gives the same.
 */
static struct slice
workload_name(struct arena *a, struct slice service, struct slice host)
{
	struct slice label, name;
	uint8_t hash[HASH_LEN];
	struct str hex = { 0 };

	hash_sha256(hash, host);
	str_add_hex(&hex, hash, NAME_HASH_LEN);
	slice_cut(&host, '.', &label);
	name = slice_str(arena_printf(a, "%.*s-%.*s-%s", SLICE_ARG(service),
	    SLICE_ARG(label), str_ptr(&hex)));
	if (!spiffe_label_ok(name)) {
		service.len = service.len > NAME_PREFIX ? NAME_PREFIX : service.len;
		name = slice_str(arena_printf(a, "%.*s-%s", SLICE_ARG(service),
		    str_ptr(&hex)));
	}
	str_fini(&hex);
	return name;
}

static void
fill(struct attested *out, struct arena *a, const struct model_object *o,
    struct slice ns, struct slice service, const struct attest_host *host)
{
	const struct model_host_attestor *h = model_host_attestor(o);
	struct slice *services = arena_alloc(a, sizeof(*services));

	services[0] = arena_dup(a, service);
	*out = (struct attested){
		.grant = { .ns = arena_dup(a, ns), .services = services,
		    .services_len = 1, .account = services[0],
		    .name = workload_name(a, service, host->name) },
		.attestor = slice_str(arena_printf(a, "%.*s/%s", SLICE_ARG(ns),
		    h->head.meta.name)),
		.host = arena_dup(a, host->name),
		.credential = arena_dup(a, host->credential), .since = h->head.meta.created,
	};
	if (h->spec.account != NULL && !slice_has_prefix(service,
	    SLICE(MODEL_GATEWAY_ACCOUNT)))
		out->grant.account = arena_dup(a, slice_str(h->spec.account));
}

int
attest_judge(struct attest *t, const struct registry *r, struct arena *a,
    const struct attest_question *q, int64_t now, struct attested *out,
    struct err *err)
{
	struct slice ns, service = q->service;
	struct registry_query query = { .kind = &model_host_attestor_kind };
	struct attest_host *host = arena_zalloc(a, sizeof(*host));
	struct model_object **all;
	struct err first = ERR_INIT;
	size_t n;

	if (!slice_cut(&service, '/', &ns) || !spiffe_ns_ok(ns) ||
	    !spiffe_label_ok(service))
		return err_set(err, ERR_DATA, "service: expected "
		    "NAMESPACE/NAME");
	if (!nonce_is_good(t, q->nonce, now))
		return err_set(err, ERR_DENIED, "nonce: it is none of ours, too "
		    "old, or used; ask for another");
	if (check_proof(q, a, err) < 0)
		return -1;
	query.namespace = arena_dup(a, ns).ptr;
	all = registry_list(r, &query, &n);
	err_set(&first, ERR_DENIED, "namespace %.*s has no HostAttestor",
	    SLICE_ARG(ns));
	for (size_t i = 0; i < n; i++) {
		struct err why = ERR_INIT;

		if (judge_one(all[i], a, q, service, now, host, &why) == 0) {
			use_nonce(t, q->nonce, now);
			fill(out, a, all[i], ns, service, host);
			mem_free(all);
			return 0;
		}
		if (host->name.len > 0)
			out->host = arena_dup(a, host->name);
		/* What a document of its type says tells the most. */
		if (i == 0 || slice_is(q->evidence.type, verifiers[
		    model_host_attestor(all[i])->spec.type]->type))
			first = why;
	}
	mem_free(all);
	*err = first;
	return -1;
}

const char *
attest_ended(const struct registry *r, struct arena *a,
    const struct cert_record *c, int64_t now)
{
	struct slice name = c->attestor, ns;

	if (name.len == 0 || !slice_cut(&name, '/', &ns))
		return NULL;

	const struct model_object *o = registry_find(r, slice_str(model_key(a,
	    &model_host_attestor_kind, arena_dup(a, ns).ptr,
	    arena_dup(a, name).ptr)));
	const struct model_host_attestor *h = o == NULL ? NULL :
	    model_host_attestor(o);

	if (h != NULL && !has_ended(h, now) &&
	    verifiers[h->spec.type]->stands(o, c->host,
	    c->credential) &&
	    model_host_may_serve(&h->spec, c->host, c->grant.services[0]))
		return NULL;
	return arena_printf(a, "HostAttestor %.*s takes host %.*s no longer",
	    SLICE_ARG(c->attestor), SLICE_ARG(c->host));
}
