#include "base/mem.h"
#include "modes/control/api_rows.h"
#include "modes/control/ca_rotate.h"
#include "modes/control/identity.h"
#include "modes/control/join.h"
#include "pki/base64.h"
#include "pki/csr.h"
#include "pki/pem.h"
#include "pki/possession.h"

#define ENDED_MAX	8192	/* bytes of a leaf */

/* api_identity: trust bundle, join, renew, and what there is of a CA. */

/* The DER of the one PEM block that a member of the body holds. */
static int
read_pem(struct api_call *call, const char *member, const char *label,
    size_t max, struct slice *out, struct err *err)
{
	struct slice text = slice_str(conf_get_string(call->json, member));
	struct pem pem;
	uint8_t *der;
	ptrdiff_t n;
	int r;

	if (text.ptr == NULL)
		return err_set(err, ERR_DATA, "%s: expected a %s in PEM",
		    member, label);
	r = pem_next(&text, &pem, err);
	if (r < 0)
		return err_wrap(err, "%s", member);
	if (r == 0 || !slice_is(pem.label, label))
		return err_set(err, ERR_DATA, "%s: expected one BEGIN %s block",
		    member, label);
	der = arena_alloc(&call->arena, max + 1);
	n = pem_decode(&pem, der, max + 1);
	if (n < 0)
		return err_set(err, ERR_DATA, "%s: no base64, or larger than "
		    "%zu bytes", member, max);
	*out = slice_of(der, (size_t)n);
	return 0;
}

int
api_read_csr_der(struct api_call *call, uint8_t point[KEY_POINT_LEN],
    struct slice *der, struct err *err)
{
	if (read_pem(call, "csr", PEM_LABEL_CSR, CSR_MAX, der, err) < 0)
		return -1;
	return csr_parse(point, *der, err) < 0 ? err_wrap(err, "csr") : 0;
}

int
api_read_csr(struct api_call *call, uint8_t point[KEY_POINT_LEN],
    struct err *err)
{
	struct slice der;

	return api_read_csr_der(call, point, &der, err);
}

void
api_add_certificate(struct api_call *call, struct conf_node *map,
    struct slice leaf, int64_t not_after)
{
	const struct ca *ca = call->server->ca;
	struct str chain = { 0 }, bundle = { 0 };

	ca_add_chain(&chain, ca, leaf);
	bundle_pem(&bundle, ca->bundle);
	conf_set_slice(map, "chain", str_slice(&chain));
	conf_set_slice(map, "bundle", str_slice(&bundle));
	conf_set_slice(map, "trustDomain", ca->bundle->domain);
	conf_set_time(map, "notAfter", not_after);
	str_fini(&chain);
	str_fini(&bundle);
}

void
api_joined(void *ctx, const struct join_result *r)
{
	struct api_call *call = ctx;
	struct arena *a = &call->arena;
	struct conf_node *map;

	if (r->err.kind != ERR_NONE) {
		call->retry_s = WORKLOAD_LIMIT_MS / 1000;
		api_answer_err(call, &r->err);
		api_call_unref(call);
		return;
	}
	map = conf_map_new(a);
	conf_set_slice(map, "identity", r->id);
	conf_set_string(map, "workload", arena_printf(a, "%.*s/%.*s",
	    SLICE_ARG(r->grant.ns), SLICE_ARG(r->grant.name)));
	struct conf_node *services = conf_set_list(map, "services");

	for (size_t i = 0; i < r->grant.services_len; i++)
		conf_add_string(services, arena_printf(a, "%.*s/%.*s",
		    SLICE_ARG(r->grant.ns), SLICE_ARG(r->grant.services[i])));
	api_add_certificate(call, map, r->leaf, r->not_after);
	api_answer_node(call, 200, map);
	api_call_unref(call);
}

void
api_join(struct api_call *call)
{
	const char *token = conf_get_string(call->json, "token");
	const char *service = conf_get_string(call->json, "service");
	uint8_t point[KEY_POINT_LEN];
	struct err err = ERR_INIT;

	if (token == NULL) {
		api_answer_fail(call, ERR_DATA, "token: expected a join token");
		return;
	}
	if (service == NULL && conf_get(call->json, "service") != NULL) {
		api_answer_fail(call, ERR_DATA, "service: expected "
		    "NAMESPACE/NAME");
		return;
	}
	if (api_read_csr(call, point, &err) < 0) {
		api_answer_err(call, &err);
		return;
	}
	join_start(call->server, &(struct join_request){
		.token = slice_str(token), .point = point, .who = call->who,
		.service = slice_str(service),
	}, api_joined, api_call_ref(call));
}

/* By the certificate that the connection showed. */
static void
renew(struct api_call *call, bool is_for_app)
{
	uint8_t point[KEY_POINT_LEN];
	struct err err = ERR_INIT;

	if (api_read_csr(call, point, &err) < 0) {
		api_answer_err(call, &err);
		return;
	}
	join_renew(call->server, &(struct renew_request){
		.leaf = call->leaf, .point = point, .is_for_app = is_for_app,
		.is_ours = true,
		.who = call->who,
	}, api_joined, api_call_ref(call));
}

void
api_renew(struct api_call *call)
{
	renew(call, false);
}

void
api_svid_x509(struct api_call *call)
{
	renew(call, true);
}

/* Whose certificate has ended shows no more of it than its key. */
static int
read_ended(struct api_call *call, uint8_t leaf[HASH_LEN],
    uint8_t point[KEY_POINT_LEN], bool *is_ours, struct err *err)
{
	struct slice proof = slice_str(conf_get_string(call->json, "proof"));
	struct slice csr, der;
	struct cert c;

	if (read_pem(call, "csr", PEM_LABEL_CSR, CSR_MAX, &csr, err) < 0 ||
	    read_pem(call, "certificate", PEM_LABEL_CERT, ENDED_MAX, &der,
	    err) < 0)
		return -1;
	if (csr_parse(point, csr, err) < 0)
		return err_wrap(err, "csr");
	if (cert_parse(&c, der, err) < 0)
		return err_wrap(err, "certificate");
	if (c.key_kind != CERT_KEY_P256 ||
	    !possession_is_proven(c.point, csr, proof))
		return err_set(err, ERR_DENIED, "proof: it is not signed by "
		    "the key of the certificate");
	call->who.actor = arena_dup(&call->arena, c.uri);
	*is_ours = cert_signed_by(&c, &call->server->ca->now.cert);
	hash_sha256(leaf, der);
	return 0;
}

void
api_renew_ended(struct api_call *call)
{
	uint8_t point[KEY_POINT_LEN], leaf[HASH_LEN];
	struct err err = ERR_INIT;
	bool is_ours = false;

	if (read_ended(call, leaf, point, &is_ours, &err) < 0) {
		api_answer_err(call, &err);
		return;
	}
	join_renew(call->server, &(struct renew_request){
		.leaf = leaf, .point = point, .is_ours = is_ours,
		.who = call->who,
	}, api_joined, api_call_ref(call));
}

static void
add_spiffe_bundle(const struct api_call *call, struct str *out)
{
	const struct ca *ca = call->server->ca;
	struct str keys = { 0 };

	jwt_keys_add(&keys, &ca->jwt, "jwt-svid");
	bundle_jwks(out, ca->bundle, ca_files_sequence(&ca->files),
	    (uint32_t)(call->server->spec->bundle_refresh_ms / 1000),
	    str_slice(&keys));
	str_fini(&keys);
}

void
api_federation_bundle(struct api_call *call)
{
	struct str out = { 0 };

	add_spiffe_bundle(call, &out);
	api_answer_json(call, 200, str_slice(&out));
	str_fini(&out);
}

void
api_trust_bundle(struct api_call *call)
{
	struct slice format = api_query(call, "format");
	struct str out = { 0 };
	uint8_t hash[HASH_LEN];

	if (format.len == 0 || slice_is(format, "pem")) {
		bundle_pem(&out, call->server->ca->bundle);
		api_answer(call, 200, "application/x-pem-file",
		    str_slice(&out));
	} else if (slice_is(format, "spiffe")) {
		add_spiffe_bundle(call, &out);
		api_answer_json(call, 200, str_slice(&out));
	} else if (slice_is(format, "hash")) {
		bundle_hash(call->server->ca->bundle, hash);
		base64_add(&out, BASE64_URL, slice_of(hash, HASH_LEN));
		str_add_char(&out, '\n');
		api_answer(call, 200, "text/plain", str_slice(&out));
	} else {
		api_answer_fail(call, ERR_DATA, "format: expected pem, spiffe or hash, "
		    "found \"%.*s\"", SLICE_ARG(format));
	}
	str_fini(&out);
}

static void
add_facts(struct conf_node *map, const struct cert *c)
{
	struct str s = { 0 };
	uint8_t hash[HASH_LEN];

	cert_add_name(&s, c->subject);
	conf_set_slice(map, "subject", str_slice(&s));
	str_clear(&s);
	cert_add_serial(&s, c);
	conf_set_slice(map, "serial", str_slice(&s));
	str_clear(&s);
	hash_sha256(hash, c->der);
	str_add_hex(&s, hash, HASH_LEN);
	conf_set_slice(map, "sha256", str_slice(&s));
	str_clear(&s);
	pem_add(&s, PEM_LABEL_CERT, c->der);
	conf_set_slice(map, "pem", str_slice(&s));
	str_fini(&s);
	conf_set_time(map, "notBefore", c->not_before);
	conf_set_time(map, "notAfter", c->not_after);
}

/* The first signs, or its intermediate does; others are there to be trusted. */
static const char *
state_of(const struct ca *ca, size_t i)
{
	enum ca_level level;

	if (i == 0)
		return "active";
	return i == ca->bundle->len - 1 &&
	    ca_rotate_is_prepared(&ca->files, &level) && level == CA_ROOT ?
	    "prepared" : "retired";
}

void
api_ca(struct api_call *call)
{
	api_answer_ca(call);
}

void
api_answer_ca(struct api_call *call)
{
	struct conf_node *map = conf_map_new(&call->arena);

	api_add_ca(call, map);
	api_answer_node(call, 200, map);
}

void
api_add_ca(struct api_call *call, struct conf_node *map)
{
	const struct ca *ca = call->server->ca;
	struct conf_node *roots;
	struct tls_identity *own = call->server->identity == NULL ? NULL :
	    identity_get(call->server->identity);
	enum ca_level level;

	conf_set_slice(map, "trustDomain", ca->bundle->domain);
	conf_set_int(map, "certificateLifetimeSeconds", ca->leaf_life_s);
	roots = conf_set_list(map, "roots");
	for (size_t i = 0; i < ca->bundle->len; i++) {
		struct conf_node *root = conf_add_map(roots);

		add_facts(root, &ca->bundle->roots[i]);
		conf_set_string(root, "state", state_of(ca, i));
	}
	if (own != NULL)
		conf_set_time(conf_set_map(map, "control"), "notAfter",
		    tls_identity_not_after(own));
	tls_identity_unref(own);
	if (ca_rotate_is_prepared(&ca->files, &level)) {
		conf_set_string(map, "prepared", level == CA_ROOT ? "root" :
		    "intermediate");
		if (level == CA_ROOT) {
			conf_set_bool(map, "vouched",
			    ca_rotate_is_vouched(&ca->files));
			conf_set_bool(map, "forgetsRootKey",
			    ca_rotate_forgets_key(&ca->files));
		}
	}
	conf_set_string(map, "rootKey", ca_rotate_has_key(&ca->files,
	    ca->root_key_file) ? "here" : "elsewhere");
	add_facts(conf_set_map(map, "intermediate"), &ca->now.cert);
}
