#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "modes/control/ca.h"
#include "modes/control/ca_file.h"
#include "modes/control/signer_rules.h"
#include "pki/pem.h"

static int
check_options(const struct ca_options *o, uint32_t life_s, struct err *err)
{
	if (!spiffe_domain_ok(o->domain))
		return err_set(err, ERR_CONFIG, "\"%.*s\" is no trust domain: "
		    "wanted lower-case letters, digits, \".\", \"-\" and "
		    "\"_\"", SLICE_ARG(o->domain));
	if (life_s < SIGNER_LIFE_MIN_S || life_s > SIGNER_LIFE_MAX_S)
		return err_set(err, ERR_CONFIG, "certificates cannot live for "
		    "%" PRIu32 " s: wanted %d s to %d s (30 days)", life_s,
		    SIGNER_LIFE_MIN_S, SIGNER_LIFE_MAX_S);
	if (life_s < CA_LEAF_LIFE_WARN_S)
		log_warn("ca", "certificates live for %" PRIu32 " s only: "
		    "proxies lose their identity when control is away for "
		    "longer", life_s);
	return 0;
}

static void
digest_bundle(struct ca *ca)
{
	uint8_t hash[HASH_LEN];
	struct str hex = { 0 };

	bundle_digest(ca->bundle, hash);
	str_add_hex(&hex, hash, HASH_LEN);
	memcpy(ca->bundle_digest, str_ptr(&hex), sizeof(ca->bundle_digest));
	str_fini(&hex);
}

struct ca *
ca_open(const struct ca_options *o, struct err *err)
{
	struct ca_files_options files = {
		.data_dir = o->data_dir, .domain = o->domain,
		.root_cert_file = o->root_cert_file,
		.root_key_file = o->root_key_file, .now = clock_wall_s(),
	};
	struct signer_options signer = {
		.domain = o->domain, .life_max_s = SIGNER_LIFE_MAX_S,
		.rate = o->rate != 0 ? o->rate : SIGNER_RATE_MAX, .log = o->log,
	};
	uint32_t life_s = o->leaf_life_s != 0 ? o->leaf_life_s :
	    CA_LEAF_LIFE_S;
	struct ca *ca;

	if (check_options(o, life_s, err) < 0)
		return NULL;
	ca = mem_zalloc(sizeof(*ca));
	ca->leaf_life_s = life_s;
	ca->root_key_file = o->root_key_file;
	ca_files_init(&ca->files, o->data_dir);
	ca->bundle = ca_files_prepare(&ca->files, &files, err);
	signer.cert_file = ca->files.intermediate_cert;
	signer.key_file = ca->files.intermediate_key;
	signer.token_key_file = ca->files.jwt_key;
	if (ca->bundle != NULL && jwt_keys_load(&ca->jwt, &ca->files,
	    clock_wall_s(), err) == 0)
		ca->signer = signer_start(&signer, err);
	if (ca->signer == NULL || ca_reload_issuers(ca, err) < 0) {
		ca_close(ca);
		return NULL;
	}
	digest_bundle(ca);
	return ca;
}

void
ca_close(struct ca *ca)
{
	if (ca == NULL)
		return;
	signer_stop(ca->signer);
	chain_fini(&ca->now.chain);
	chain_fini(&ca->before.chain);
	bundle_unref(ca->bundle);
	ca_files_fini(&ca->files);
	mem_free(ca);
}

int
ca_reload_bundle(struct ca *ca, struct err *err)
{
	struct bundle *b = bundle_new(ca->bundle->domain);
	struct str text = { 0 };
	int r = ca_file_read(&text, ca->files.root_cert, false, err);

	if (r == 0)
		r = bundle_add_pem(b, str_slice(&text), err);
	if (r == 0) {
		bundle_unref(ca->bundle);
		ca->bundle = b;
		digest_bundle(ca);
	} else {
		bundle_unref(b);
	}
	str_fini(&text);
	return r;
}

static int
read_issuer(struct ca_issuer *i, const char *path, struct err *err)
{
	struct str text = { 0 };
	int r = ca_file_read(&text, path, false, err);

	chain_fini(&i->chain);
	if (r == 0 && (chain_add_pem(&i->chain, str_slice(&text), err) < 0 ||
	    cert_parse(&i->cert, chain_cert(&i->chain, 0), err) < 0))
		r = err_wrap(err, "%s", path);
	str_fini(&text);
	return r;
}

int
ca_reload_issuers(struct ca *ca, struct err *err)
{
	const char *old = ca->files.old_intermediate_cert;

	if (ca_file_exists(old) && read_issuer(&ca->before, old, err) < 0)
		return -1;
	return read_issuer(&ca->now, ca->files.intermediate_cert, err);
}

static void
request_init(struct ca_request *r, const struct ca *ca,
    const uint8_t point[KEY_POINT_LEN])
{
	*r = (struct ca_request){ .sign = { .life_s = ca->leaf_life_s } };
	arena_init(&r->memory);
	mint_serial(r->sign.serial);
	memcpy(r->sign.point, point, KEY_POINT_LEN);
}

void
ca_request_fini(struct ca_request *r)
{
	arena_fini(&r->memory);
}

/* Moves what was built into the request. */
static struct slice
keep(struct ca_request *r, struct str *s)
{
	struct slice kept = arena_dup(&r->memory, str_slice(s));

	str_clear(s);
	return kept;
}

static void
add_dns(struct ca_request *r, struct str *s)
{
	check(r->sign.dns_len < SIGNER_DNS_MAX);
	r->sign.dns[r->sign.dns_len++] = keep(r, s);
}

static int
check_workload(const struct ca_workload *w, struct err *err)
{
	if (!spiffe_ns_ok(w->ns))
		return err_set(err, ERR_DATA, "\"%.*s\" cannot be a namespace",
		    SLICE_ARG(w->ns));
	if (!spiffe_label_ok(w->account))
		return err_set(err, ERR_DATA, "\"%.*s\" cannot be a service "
		    "account", SLICE_ARG(w->account));
	if (w->name.ptr != NULL && !spiffe_label_ok(w->name))
		return err_set(err, ERR_DATA, "\"%.*s\" cannot be a workload",
		    SLICE_ARG(w->name));
	for (size_t i = 0; i < w->services_len; i++)
		if (!spiffe_label_ok(w->services[i]))
			return err_set(err, ERR_DATA, "\"%.*s\" cannot be a "
			    "service", SLICE_ARG(w->services[i]));
	if (w->services_len > (SIGNER_DNS_MAX - 1) / 2)
		return err_set(err, ERR_DATA, "a workload serves %zu services, "
		    "at most %d are allowed", w->services_len,
		    (SIGNER_DNS_MAX - 1) / 2);
	return 0;
}

int
ca_request_workload(struct ca_request *r, const struct ca *ca,
    const struct ca_workload *w, const uint8_t point[KEY_POINT_LEN],
    struct err *err)
{
	struct str s = { 0 };

	if (check_workload(w, err) < 0)
		return -1;
	request_init(r, ca, point);
	spiffe_add_workload(&s, ca->bundle->domain, w->ns, w->account);
	r->sign.id = keep(r, &s);
	for (size_t i = 0; i < w->services_len; i++) {
		spiffe_add_service_dns(&s, w->ns, w->services[i]);
		add_dns(r, &s);
		str_add(&s, "*.");
		spiffe_add_service_dns(&s, w->ns, w->services[i]);
		add_dns(r, &s);
	}
	if (w->name.ptr != NULL) {
		spiffe_add_workload_dns(&s, w->ns, w->name);
		add_dns(r, &s);
	}
	str_fini(&s);
	return 0;
}

int
ca_request_operator(struct ca_request *r, const struct ca *ca,
    struct slice name, const uint8_t point[KEY_POINT_LEN], struct err *err)
{
	struct str s = { 0 };

	if (!spiffe_label_ok(name))
		return err_set(err, ERR_DATA, "\"%.*s\" cannot be an operator",
		    SLICE_ARG(name));
	request_init(r, ca, point);
	spiffe_add_operator(&s, ca->bundle->domain, name);
	r->sign.id = keep(r, &s);
	str_fini(&s);
	return 0;
}

int
ca_request_control(struct ca_request *r, const struct ca *ca,
    const struct slice *dns, size_t dns_len,
    const uint8_t point[KEY_POINT_LEN], struct err *err)
{
	struct spiffe id = { .kind = SPIFFE_CONTROL };
	struct str s = { 0 };

	if (dns_len > SIGNER_DNS_MAX - 1)
		return err_set(err, ERR_DATA, "%zu DNS names for control, at "
		    "most %d are allowed", dns_len, SIGNER_DNS_MAX - 1);
	for (size_t i = 0; i < dns_len; i++)
		if (!spiffe_dns_allowed(&id, dns[i]))
			return err_set(err, ERR_DATA, "\"%.*s\" cannot be a "
			    "DNS name of control", SLICE_ARG(dns[i]));
	request_init(r, ca, point);
	spiffe_add_control(&s, ca->bundle->domain);
	r->sign.id = keep(r, &s);
	str_add(&s, "control.mesh");
	add_dns(r, &s);
	for (size_t i = 0; i < dns_len; i++)
		r->sign.dns[r->sign.dns_len++] = arena_dup(&r->memory, dns[i]);
	str_fini(&s);
	return 0;
}

void
ca_add_jwks(struct str *out, const struct ca *ca)
{
	str_add(out, "{\"keys\":[");
	jwt_keys_add(out, &ca->jwt, NULL);
	str_add(out, "]}");
}

void
ca_add_chain(struct str *out, const struct ca *ca, struct slice leaf_der)
{
	const struct ca_issuer *by = &ca->now;
	struct cert leaf;
	struct err err;

	/* One that was signed just before a change, or long ago, by the other. */
	if (ca->before.chain.len > 0 &&
	    cert_parse(&leaf, leaf_der, &err) == 0 &&
	    slice_eq(leaf.issuer, ca->before.cert.subject))
		by = &ca->before;
	pem_add(out, PEM_LABEL_CERT, leaf_der);
	for (size_t i = 0; i < by->chain.len; i++)
		pem_add(out, PEM_LABEL_CERT, chain_cert(&by->chain, i));
}

int
ca_issue_self(struct ca *ca, const struct slice *dns, size_t dns_len,
    struct key *key, struct str *chain_pem, struct err *err)
{
	struct ca_request r;
	struct str der = { 0 };
	int result;

	key_generate(key);
	if (ca_request_control(&r, ca, dns, dns_len, key->point, err) < 0)
		return -1;
	result = signer_sign(ca->signer, &r.sign, &der, err);
	if (result == 0)
		ca_add_chain(chain_pem, ca, str_slice(&der));
	ca_request_fini(&r);
	str_fini(&der);
	return result;
}
