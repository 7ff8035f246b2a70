#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/unit.h"
#include "modes/control/ca_file.h"
#include "modes/control/ca_fixture.h"
#include "modes/control/ca_outside.h"
#include "pki/csr.h"
#include "pki/pem.h"

#define BUFFER	8192

/* Somebody else's authority: what it signs, it makes from the request's key. */
struct authority {
	struct key  key;
	struct str  der;		/* of its root */
	struct cert root;
};

/* Signs itself with its key; seconds from now. */
static void
make_root(struct authority *a, const char *name, const char *domain,
    int64_t from, int64_t to)
{
	struct mint_ca ca = { .domain = slice_str(domain),
	    .common_name = slice_str(name),
	    .not_before = clock_wall_s() + from,
	    .not_after = clock_wall_s() + to };
	struct err err = ERR_INIT;

	str_clear(&a->der);
	mint_serial(ca.serial);
	mint_root(&a->der, &ca, &a->key);
	assert_int_equal(cert_parse(&a->root, str_slice(&a->der), &err), 0);
}

static void
authority_init(struct authority *a, const char *name, const char *domain)
{
	memset(a, 0, sizeof(*a));
	key_generate(&a->key);
	make_root(a, name, domain, -100, 10000000);
}

static void
authority_fini(struct authority *a)
{
	key_fini(&a->key);
	str_fini(&a->der);
}

static const struct ca_rotate_options *
options(void)
{
	static struct ca_rotate_options o = { .domain = { "td", 2 } };

	o.now = clock_wall_s();
	return &o;
}

/* The key that the request which is open is about. */
static void
request(const struct ca_dir *d, uint8_t point[KEY_POINT_LEN])
{
	struct str text = { 0 };
	struct slice rest;
	struct pem pem;
	struct err err = ERR_INIT;
	uint8_t der[BUFFER];

	assert_int_equal(ca_outside_request(&d->files, options(), &text, &err), 0);
	rest = str_slice(&text);
	assert_int_equal(pem_next(&rest, &pem, &err), 1);
	ptrdiff_t n = pem_decode(&pem, der, sizeof(der));

	assert_true(n > 0);
	assert_int_equal(csr_parse(point, slice_of(der, (size_t)n), &err), 0);
	str_fini(&text);
}

/* The root of a as b signs it. */
static void
add_cross(struct str *pem, const struct authority *a, const struct authority *b)
{
	struct mint_ca ca = { .domain = SLICE("td"),
	    .not_before = clock_wall_s() - 100,
	    .not_after = clock_wall_s() + 1000000 };
	struct str der = { 0 };

	mint_serial(ca.serial);
	mint_cross(&der, &ca, &a->root, &b->root, &b->key);
	pem_add(pem, PEM_LABEL_CERT, str_slice(&der));
	str_fini(&der);
}

/* What a signs for the key, with its root behind it or not. */
static struct str
sign(const struct authority *a, const uint8_t point[KEY_POINT_LEN],
    const char *name, int64_t life_s, bool with_root)
{
	struct mint_ca ca = { .domain = SLICE("td"),
	    .common_name = slice_str(name), .not_before = clock_wall_s() - 100,
	    .not_after = clock_wall_s() + life_s };
	struct str der = { 0 }, pem = { 0 };

	mint_serial(ca.serial);
	mint_intermediate(&der, &ca, point, &a->root, &a->key);
	pem_add(&pem, PEM_LABEL_CERT, str_slice(&der));
	if (with_root)
		pem_add(&pem, PEM_LABEL_CERT, str_slice(&a->der));
	str_fini(&der);
	return pem;
}

static void
must_prepare(const struct ca_dir *d, struct str *pem)
{
	struct err err = ERR_INIT;

	if (ca_outside_prepare(&d->files, str_slice(pem), options(), &err) != 0)
		fail_msg("%s", err.text);
	str_fini(pem);
}

static void
refused(const struct ca_dir *d, struct str pem, const char *why)
{
	struct err err = ERR_INIT;
	enum ca_level level;

	assert_int_equal(ca_outside_prepare(&d->files, str_slice(&pem),
	    options(), &err), -1);
	if (strstr(err.text, why) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, err.text);
	assert_false(ca_rotate_is_prepared(&d->files, &level));
	str_fini(&pem);
}

TEST(what_another_authority_signed_is_judged_as_proxies_judge_it)
{
	uint8_t point[KEY_POINT_LEN], again[KEY_POINT_LEN];
	struct authority a;
	struct key stranger;
	struct str leaf = { 0 }, pem = { 0 };
	struct ca_dir d;

	dir_make(&d);
	ca_close(must_open(&d));
	authority_init(&a, "Root of our company", "td");
	key_generate(&stranger);
	refused(&d, sign(&a, stranger.point, "I", 1000, true),
	    "no request is open");
	request(&d, point);
	request(&d, again);
	assert_memory_equal(point, again, KEY_POINT_LEN);
	refused(&d, sign(&a, stranger.point, "I", 1000, true),
	    "not for the key of the request");
	refused(&d, sign(&a, point, "I", 1000, false),
	    "its root goes behind it");
	refused(&d, sign(&a, point, "I", -10, true),
	    "nobody would trust what it signs");
	refused(&d, sign(&a, point, "Root of our company", 1000, true),
	    "its subject is empty, or that of a root");
	/* What is no CA's. */
	struct mint_leaf l = { .id = SLICE("spiffe://td/ns/a/sa/b"),
	    .not_before = clock_wall_s() - 10, .not_after = clock_wall_s() + 60 };

	memcpy(l.point, point, KEY_POINT_LEN);
	mint_serial(l.serial);
	mint_leaf(&leaf, &l, &a.root, &a.key);
	pem_add(&pem, PEM_LABEL_CERT, str_slice(&leaf));
	pem_add(&pem, PEM_LABEL_CERT, str_slice(&a.der));
	refused(&d, pem, "its subject is empty");
	str_fini(&leaf);
	key_fini(&stranger);
	authority_fini(&a);
	dir_remove(&d);
}

TEST(what_is_signed_for_another_trust_domain_is_refused)
{
	uint8_t point[KEY_POINT_LEN];
	struct authority a;
	struct ca_dir d;

	dir_make(&d);
	ca_close(must_open(&d));
	authority_init(&a, "Root of theirs", "other.example");
	request(&d, point);
	refused(&d, sign(&a, point, "I", 1000, true),
	    "it names the trust domain other.example, ours is td");
	authority_fini(&a);
	dir_remove(&d);
}

/* Signs as control does with what is there, and is trusted. */
static void
must_serve(const struct ca_dir *d, const struct authority *a)
{
	struct ca *ca = must_open(d);
	struct leaf_policy policy = { .now = clock_wall_s() };
	struct str pem = { 0 };
	struct err err = ERR_INIT;
	struct chain chain;
	struct key key;

	assert_true(slice_eq(ca->bundle->roots[0].der, str_slice(&a->der)));
	assert_true(cert_signed_by(&ca->now.cert, &a->root));
	assert_false(ca_file_exists(d->files.root_key));
	ca_issue_self(ca, NULL, 0, &key, &pem, &err);
	chain_init(&chain);
	assert_int_equal(chain_add_pem(&chain, str_slice(&pem), &err), 0);
	assert_int_equal(chain_check(&chain, ca->bundle, &policy),
	    DISTRUST_NONE);
	chain_fini(&chain);
	key_fini(&key);
	str_fini(&pem);
	ca_close(ca);
}

TEST(an_intermediate_of_another_authority_takes_over)
{
	uint8_t point[KEY_POINT_LEN];
	struct authority a;
	struct str pem;
	struct ca_dir d;
	struct err err = ERR_INIT;

	dir_make(&d);
	ca_close(must_open(&d));
	authority_init(&a, "Root of our company", "td");
	request(&d, point);
	pem = sign(&a, point, "Its first", 1000000, true);
	assert_false(ca_rotate_forgets_key(&d.files));
	must_prepare(&d, &pem);
	assert_true(ca_rotate_forgets_key(&d.files));
	assert_false(ca_file_exists(d.files.request_key));
	assert_int_equal(ca_rotate_activate(&d.files, &err), 0);
	must_serve(&d, &a);
	/* The next can be made nowhere else, and needs no root behind it. */
	assert_int_equal(ca_rotate_prepare(&d.files, CA_INTERMEDIATE, options(),
	    &err), -1);
	assert_non_null(strstr(err.text, "ca prepare --csr"));
	request(&d, point);
	pem = sign(&a, point, "Its second", 1000000, false);
	must_prepare(&d, &pem);
	assert_false(ca_rotate_forgets_key(&d.files));
	assert_int_equal(ca_rotate_activate(&d.files, &err), 0);
	must_serve(&d, &a);
	authority_fini(&a);
	dir_remove(&d);
}

/* The first authority is in force, and a request is open. */
static void
start_under(const struct ca_dir *d, const struct authority *a,
    uint8_t point[KEY_POINT_LEN])
{
	struct err err = ERR_INIT;
	struct str pem;

	ca_close(must_open(d));
	request(d, point);
	pem = sign(a, point, "Its first", 1000000, true);
	must_prepare(d, &pem);
	assert_int_equal(ca_rotate_activate(&d->files, &err), 0);
	assert_int_equal(ca_rotate_drop(&d->files, SLICE("td"), INT64_MAX,
	    &err), 1);
	must_serve(d, a);
	request(d, point);
}

/* Would someone who knows the root of a alone trust what is signed now? */
static enum distrust
judged_by(const struct ca_dir *d, const struct authority *a)
{
	struct ca *ca = must_open(d);
	struct bundle *only = bundle_new(SLICE("td"));
	struct leaf_policy policy = { .now = clock_wall_s() };
	struct str pem = { 0 };
	struct err err = ERR_INIT;
	struct chain chain;
	struct key key;

	assert_int_equal(bundle_add(only, a->root.der, &err), 0);
	ca_issue_self(ca, NULL, 0, &key, &pem, &err);
	chain_init(&chain);
	assert_int_equal(chain_add_pem(&chain, str_slice(&pem), &err), 0);
	enum distrust why = chain_check(&chain, only, &policy);

	chain_fini(&chain);
	key_fini(&key);
	str_fini(&pem);
	bundle_unref(only);
	ca_close(ca);
	return why;
}

/* Neither of their keys was ever here. */
TEST(one_outside_root_follows_another)
{
	static const struct {
		bool          has_cross;
		enum distrust of_the_first;
	} cases[] = {
		{ false, DISTRUST_UNKNOWN_ISSUER },
		{ true, DISTRUST_NONE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t point[KEY_POINT_LEN];
		struct authority a, b;
		struct ca_dir d;
		struct err err = ERR_INIT;
		struct str pem;

		dir_make(&d);
		authority_init(&a, "Root of our company", "td");
		authority_init(&b, "Next root of our company", "td");
		start_under(&d, &a, point);
		pem = sign(&b, point, "Its second", 1000000, true);
		if (cases[i].has_cross)
			add_cross(&pem, &b, &a);
		must_prepare(&d, &pem);
		assert_int_equal(ca_rotate_is_vouched(&d.files),
		    cases[i].has_cross);
		/* Published, and nothing signs with it yet. */
		struct ca *ca = must_open(&d);

		assert_int_equal(ca->bundle->len, 2);
		assert_true(bundle_has(ca->bundle, str_slice(&b.der)));
		assert_true(cert_signed_by(&ca->now.cert, &a.root));
		ca_close(ca);
		assert_int_equal(ca_rotate_activate(&d.files, &err), 0);
		must_serve(&d, &b);
		assert_int_equal(judged_by(&d, &b), DISTRUST_NONE);
		assert_int_equal(judged_by(&d, &a), cases[i].of_the_first);
		assert_int_equal(ca_rotate_drop(&d.files, SLICE("td"), INT64_MAX,
		    &err), 1);
		must_serve(&d, &b);
		authority_fini(&a);
		authority_fini(&b);
		dir_remove(&d);
	}
}

/* Whatever the order, what the active root signed has to be the root that comes. */
TEST(what_vouches_for_another_outside_root_is_judged_too)
{
	uint8_t point[KEY_POINT_LEN];
	struct authority a, b, c;
	struct ca_dir d;
	struct str pem;

	dir_make(&d);
	authority_init(&a, "Root of our company", "td");
	authority_init(&b, "Next root of our company", "td");
	authority_init(&c, "Root of nobody", "td");
	start_under(&d, &a, point);
	pem = sign(&b, point, "Its second", 1000000, true);
	add_cross(&pem, &c, &a);
	refused(&d, pem, "what the active root signed is not the root");
	pem = sign(&b, point, "Its second", 1000000, true);
	add_cross(&pem, &b, &c);
	refused(&d, pem, "certificate 3 has no place");
	pem = sign(&b, point, "Its second", 1000000, true);
	pem_add(&pem, PEM_LABEL_CERT, str_slice(&c.der));
	refused(&d, pem, "certificate 3 has no place");
	pem = sign(&b, point, "Its second", 1000000, false);
	add_cross(&pem, &b, &a);
	refused(&d, pem, "what the active root signed is not the root");
	pem = sign(&b, point, "Its second", 1000000, false);
	add_cross(&pem, &b, &a);
	pem_add(&pem, PEM_LABEL_CERT, str_slice(&b.der));
	must_prepare(&d, &pem);
	authority_fini(&a);
	authority_fini(&b);
	authority_fini(&c);
	dir_remove(&d);
}

/* Of one name with another key nothing could be found by its name. */
TEST(an_outside_root_is_renewed_with_its_key_and_not_with_another)
{
	uint8_t point[KEY_POINT_LEN];
	struct authority a, b;
	struct ca_dir d;
	struct err err = ERR_INIT;
	struct str pem;

	dir_make(&d);
	authority_init(&a, "Root of our company", "td");
	authority_init(&b, "Root of our company", "td");
	start_under(&d, &a, point);
	refused(&d, sign(&b, point, "Its second", 1000000, true),
	    "another root has the same subject");
	struct str first = { 0 };

	str_add_slice(&first, str_slice(&a.der));
	/* The same authority's next certificate for its key. */
	make_root(&a, "Root of our company", "td", -50, 20000000);
	pem = sign(&a, point, "Its second", 15000000, true);
	must_prepare(&d, &pem);
	assert_true(ca_rotate_is_vouched(&d.files));
	assert_int_equal(ca_rotate_activate(&d.files, &err), 0);
	must_serve(&d, &a);
	/* Who missed it has the same key under an older certificate. */
	struct authority before = a;

	assert_int_equal(cert_parse(&before.root, str_slice(&first), &err), 0);
	assert_int_equal(judged_by(&d, &before), DISTRUST_NONE);
	assert_int_equal(ca_rotate_drop(&d.files, SLICE("td"), INT64_MAX, &err),
	    1);
	must_serve(&d, &a);
	str_fini(&first);
	authority_fini(&a);
	authority_fini(&b);
	dir_remove(&d);
}

/* However many of the files took their place when the power went. */
TEST(the_key_of_a_root_before_is_gone_however_the_activation_ended)
{
	for (size_t done = 0; done <= 3; done++) {
		uint8_t point[KEY_POINT_LEN];
		struct authority a;
		struct ca_dir d;
		struct err err = ERR_INIT;
		struct str pem;

		dir_make(&d);
		ca_close(must_open(&d));
		authority_init(&a, "Root of our company", "td");
		request(&d, point);
		pem = sign(&a, point, "Its first", 1000000, true);
		must_prepare(&d, &pem);
		const char *from[] = { d.files.next_root_cert,
		    d.files.next_intermediate_key,
		    d.files.next_intermediate_cert };
		const char *to[] = { d.files.root_cert,
		    d.files.intermediate_key, d.files.intermediate_cert };

		assert_int_equal(ca_file_write(d.files.activating,
		    SLICE("keyless\n"), 0600, &err), 0);
		if (done > 0)
			unlink(d.files.root_key);
		for (size_t i = 0; i < done; i++)
			assert_int_equal(rename(from[i], to[i]), 0);
		must_serve(&d, &a);
		authority_fini(&a);
		dir_remove(&d);
	}
}
