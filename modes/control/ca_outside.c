#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "modes/control/ca_file.h"
#include "modes/control/ca_outside.h"
#include "pki/chain.h"
#include "pki/csr.h"
#include "pki/pem.h"

static int
take_key(const struct ca_files *f, struct key *key, struct err *err)
{
	if (ca_file_exists(f->request_key))
		return ca_file_read_key(key, f->request_key, err);
	key_generate(key);
	return ca_file_write_key(key, f->request_key, err);
}

int
ca_outside_request(const struct ca_files *f, const struct ca_rotate_options *o,
    struct str *pem, struct err *err)
{
	struct str der = { 0 };
	struct mint_ca ca;
	struct key key;
	char name[CA_NAME_MAX];
	int r = take_key(f, &key, err);

	if (r == 0) {
		ca_files_name(&ca, name, "intermediate", o->domain, o->now,
		    CA_INTERMEDIATE_LIFE_S);
		csr_make_named(&der, &key, ca.common_name);
		pem_add(pem, PEM_LABEL_CSR, str_slice(&der));
	}
	key_fini(&key);
	str_fini(&der);
	return r;
}

/* --- what came back --------------------------------------------------------------- */

struct signed_ca {
	struct chain   chain;		/* as it was sent */
	struct cert    cert;		/* the intermediate */
	struct slice   root;		/* a new one, or absent */
	struct slice   cross;		/* that one by the active root, or absent */
	struct bundle *trusted, *next;	/* roots: now, and with that one */
	struct key     key;
};

static int
read_roots(struct signed_ca *s, const struct ca_files *f, struct err *err)
{
	struct str text = { 0 };
	int r = ca_file_read(&text, f->root_cert, false, err);

	if (r == 0)
		r = bundle_add_pem(s->trusted, str_slice(&text), err);
	str_fini(&text);
	return r;
}

/* What stands behind the intermediate, in any order. */
static int
sort_rest(struct signed_ca *s, struct err *err)
{
	const struct cert *active = &s->trusted->roots[0];
	struct slice cross_of = SLICE_NONE, root_of = SLICE_NONE;
	struct cert c;

	for (size_t i = 1; i < s->chain.len; i++) {
		if (cert_parse(&c, chain_cert(&s->chain, i), err) < 0)
			return err_wrap(err, "certificate %zu", i + 1);
		if (slice_eq(c.der, active->der))
			continue;
		if (cert_is_self_issued(&c) && s->root.len == 0) {
			s->root = c.der;
			root_of = c.spki;
		} else if (cert_signed_by(&c, active) && s->cross.len == 0) {
			s->cross = c.der;
			cross_of = c.spki;
		} else {
			return err_set(err, ERR_DATA, "certificate %zu has no "
			    "place: behind the intermediate goes the root that "
			    "signed it, and that root as the active one signed "
			    "it", i + 1);
		}
	}
	return s->cross.len == 0 || slice_eq(cross_of, root_of) ? 0 :
	    err_set(err, ERR_DATA, "what the active root signed is not the "
	    "root that is behind the intermediate");
}

/* The root that signed it goes in front of the bundle to be. */
static int
find_root(struct signed_ca *s, struct err *err)
{
	const struct cert *active = &s->trusted->roots[0];

	if (sort_rest(s, err) < 0)
		return -1;
	if (s->root.len == 0)
		return cert_signed_by(&s->cert, active) ?
		    bundle_add(s->next, active->der, err) :
		    err_set(err, ERR_DATA, "the active root did not sign it: "
		    "its root goes behind it");
	if (bundle_has(s->trusted, s->root))
		return err_set(err, ERR_DATA, "its root is trusted, but is not "
		    "the active one");
	if (bundle_add(s->trusted, s->root, err) < 0 ||
	    bundle_add(s->next, s->root, err) < 0)
		return err_wrap(err, "the root behind it");
	return 0;
}

/* Control would not start with it: its trust domain is fixed. */
static int
check_domain(const struct signed_ca *s, struct slice ours, struct err *err)
{
	struct slice other = ca_files_other_domain(&s->cert, ours);

	if (other.len == 0)
		other = ca_files_other_domain(&s->next->roots[0], ours);
	return other.len == 0 ? 0 : err_set(err, ERR_DATA, "it names the trust "
	    "domain %.*s, ours is %.*s", SLICE_ARG(other), SLICE_ARG(ours));
}

static bool
is_known_name(const struct signed_ca *s)
{
	for (size_t i = 0; i < s->trusted->len; i++)
		if (slice_eq(s->trusted->roots[i].subject, s->cert.subject))
			return true;
	return s->cert.subject.len <= 2;
}

/* As a proxy would that knows these roots, of a leaf that it signs. */
static int
judge(const struct signed_ca *s, const struct bundle *roots,
    const struct ca_rotate_options *o, struct err *err)
{
	struct leaf_policy policy = { .now = o->now };
	struct mint_leaf leaf = { .not_before = o->now - MINT_SKEW_S,
	    .not_after = o->now + 60 };
	struct str der = { 0 }, id = { 0 };
	struct slice certs[3];
	struct cert read;
	struct spiffe who;

	spiffe_add_control(&id, o->domain);
	leaf.id = str_slice(&id);
	mint_serial(leaf.serial);
	memcpy(leaf.point, s->key.point, KEY_POINT_LEN);
	mint_leaf(&der, &leaf, &s->cert, &s->key);
	certs[0] = str_slice(&der);
	certs[1] = s->cert.der;
	certs[2] = s->cross;

	enum distrust why = chain_verify(certs, s->cross.len > 0 ? 3 : 2, roots,
	    &policy, &read, &who);

	str_fini(&der);
	str_fini(&id);
	return why == DISTRUST_NONE ? 0 : err_set(err, ERR_DATA,
	    "nobody would trust what it signs: %s", distrust_sentence(why));
}

/* Of whoever knows the active root alone. */
static int
judge_cross(const struct signed_ca *s, const struct ca_rotate_options *o,
    struct err *err)
{
	struct bundle *active = bundle_new(o->domain);
	int r = bundle_add(active, s->trusted->roots[0].der, err);

	if (r == 0 && judge(s, active, o, err) < 0)
		r = err_wrap(err, "by what the active root signed");
	bundle_unref(active);
	return r;
}

static int
read_signed(struct signed_ca *s, const struct ca_files *f, struct slice pem,
    const struct ca_rotate_options *o, struct err *err)
{
	if (!ca_file_exists(f->request_key))
		return err_set(err, ERR_NOT_FOUND, "no request is open: mesh "
		    "ctl ca prepare --csr");
	if (ca_file_read_key(&s->key, f->request_key, err) < 0 ||
	    read_roots(s, f, err) < 0 || chain_add_pem(&s->chain, pem, err) < 0 ||
	    cert_parse(&s->cert, chain_cert(&s->chain, 0), err) < 0)
		return -1;
	if (s->cert.key_kind != CERT_KEY_P256 ||
	    memcmp(s->cert.point, s->key.point, KEY_POINT_LEN) != 0)
		return err_set(err, ERR_DATA, "the first certificate is not for "
		    "the key of the request");
	if (s->cert.sig_kind != CERT_SIG_ECDSA_SHA256)
		return err_set(err, ERR_DATA, "it is not signed by ECDSA with "
		    "SHA-256, which is all that proxies take of their own "
		    "authority");
	if (find_root(s, err) < 0 || check_domain(s, o->domain, err) < 0)
		return -1;
	if (is_known_name(s))
		return err_set(err, ERR_DATA, "its subject is empty, or that of "
		    "a root: certificates are found by name");
	if (judge(s, s->next, o, err) < 0)
		return -1;
	return s->cross.len > 0 ? judge_cross(s, o, err) : 0;
}

int
ca_outside_prepare(const struct ca_files *f, struct slice pem,
    const struct ca_rotate_options *o, struct err *err)
{
	struct signed_ca s = { .trusted = bundle_new(o->domain),
	    .next = bundle_new(o->domain) };
	int r;

	chain_init(&s.chain);
	r = read_signed(&s, f, pem, o, err);
	if (r == 0)
		r = ca_rotate_prepare_signed(f, &(struct ca_signed){
			.intermediate = s.cert.der, .key = &s.key,
			.root = s.root, .cross = s.cross,
		}, o, err);
	if (r == 0 && unlink(f->request_key) < 0 && errno != ENOENT)
		log_warn("ca", "%s: %s", f->request_key, strerror(errno));
	chain_fini(&s.chain);
	bundle_unref(s.trusted);
	bundle_unref(s.next);
	key_fini(&s.key);
	return r;
}
