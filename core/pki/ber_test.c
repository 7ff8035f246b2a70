#include <string.h>

#include "base/unit.h"
#include "pki/cert.h"
#include "pki/chain_fixture_test.h"
#include "pki/csr.h"
#include "pki/der.h"

/*
 * Every element of a certificate and of a request, one at a time, written as
 * BER allows and DER does not, or with something more in it; those around it
 * get the lengths that fit.  What is in a distinguished name is let be: names
 * are compared as bytes and never taken apart.
 */
enum how {
	LONG_LENGTH,	/* in one byte more than it needs */
	LONGER_LENGTH,	/* in four */
	INDEFINITE,	/* up to two zeros */
	NULL_INSIDE,	/* behind what belongs there */
	ZEROS_INSIDE,	/* an end of contents where there is none */
	HIGH_TAG,	/* its tag in two bytes */
	HOWS
};

static const char *const hows[HOWS] = {
	"long length", "longer length", "indefinite", "NULL inside",
	"zeros inside", "high tag"
};

struct rewrite {
	size_t   at, target;	/* elements so far; the one to change */
	enum how how;
	bool     in_octets;
	bool     is_there, is_done;
};

static void
put_length(struct str *out, size_t len, size_t bytes)
{
	if (bytes == 0) {
		str_add_char(out, (char)len);
		return;
	}
	str_add_char(out, (char)(0x80 | bytes));
	while (bytes-- > 0)
		str_add_char(out, (char)(len >> 8 * bytes));
}

static size_t
length_bytes(size_t len)
{
	return len < 0x80 ? 0 : len < 0x100 ? 1 : len < 0x10000 ? 2 : 3;
}

static void
put_changed(struct str *out, uint8_t tag, struct slice body, enum how how)
{
	size_t least = length_bytes(body.len);

	if (how == HIGH_TAG) {
		str_add_char(out, (char)(tag | 0x1f));
		str_add_char(out, (char)(tag & 0x1f));
	} else {
		str_add_char(out, (char)tag);
	}
	if (how == INDEFINITE)
		str_add_char(out, (char)0x80);
	else if (how == LONG_LENGTH || how == LONGER_LENGTH)
		put_length(out, body.len, how == LONG_LENGTH ? least + 1 : 4);
	else
		put_length(out, body.len + (how == HIGH_TAG ? 0 : 2),
		    length_bytes(body.len + (how == HIGH_TAG ? 0 : 2)));
	str_add_slice(out, body);
	if (how == NULL_INSIDE)
		str_add_slice(out, slice_of("\x05\0", 2));
	else if (how == INDEFINITE || how == ZEROS_INSIDE)
		str_add_slice(out, slice_of("\0\0", 2));
}

static void rewrite_all(struct str *, struct slice, struct rewrite *);

/* Whether these are elements of DER to the end: extensions are, in octets. */
static bool
is_nested(uint8_t tag, struct slice body)
{
	struct der d;

	if ((tag & 0x20) != 0)
		return true;
	if (tag != DER_OCTETS || body.len == 0)
		return false;
	der_init(&d, body);
	return der_any(&d, NULL, NULL) != 0 && der_end(&d);
}

static bool
is_name(uint8_t tag, struct slice body, const struct rewrite *w)
{
	return tag == DER_SEQUENCE && !w->in_octets && (body.len == 0 ||
	    (uint8_t)body.ptr[0] == DER_SET);
}

/* What another value is, not another way to write it, is none of ours. */
static bool
is_ours(uint8_t tag, bool name, enum how how)
{
	bool adds = how == NULL_INSIDE || how == ZEROS_INSIDE;

	return !adds || ((tag & 0x20) != 0 && !name);
}

static void
rewrite_one(struct str *out, uint8_t tag, struct slice body, struct rewrite *w)
{
	bool name = is_name(tag, body, w), was_in_octets = w->in_octets;
	struct str inner = { 0 };
	size_t mine = w->at++;

	w->in_octets = was_in_octets || tag == DER_OCTETS;
	if (is_nested(tag, body) && !name)
		rewrite_all(&inner, body, w);
	else
		str_add_slice(&inner, body);
	w->in_octets = was_in_octets;
	w->is_there = w->is_there || mine == w->target;
	if (mine == w->target && is_ours(tag, name, w->how)) {
		put_changed(out, tag, str_slice(&inner), w->how);
		w->is_done = true;
	} else {
		der_put(out, tag, str_slice(&inner));
	}
	str_fini(&inner);
}

static void
rewrite_all(struct str *out, struct slice bytes, struct rewrite *w)
{
	struct slice body;
	struct der d;

	der_init(&d, bytes);
	while (d.rest.len > 0) {
		uint8_t tag = der_any(&d, &body, NULL);

		assert_int_not_equal(tag, 0);
		rewrite_one(out, tag, body, w);
	}
}

/* Gives how many variants there were. */
static int
refuse_variants(struct slice der, bool (*is_taken)(struct slice))
{
	int variants = 0;

	assert_true(is_taken(der));
	for (int how = 0; how < HOWS; how++)
		for (size_t target = 0;; target++) {
			struct rewrite w = { .target = target,
				.how = (enum how)how };
			struct str out = { 0 };

			rewrite_all(&out, der, &w);
			if (w.is_done && is_taken(str_slice(&out)))
				fail_msg("element %zu, %s", target, hows[how]);
			str_fini(&out);
			if (!w.is_there)
				break;
			variants += w.is_done;
		}
	return variants;
}

/* With parameters an algorithm is another one, of which we know none. */
static bool
is_certificate(struct slice der)
{
	struct err err = ERR_INIT;
	struct cert c;

	return cert_parse(&c, der, &err) == 0 &&
	    c.sig_kind == CERT_SIG_ECDSA_SHA256 &&
	    c.key_kind == CERT_KEY_P256;
}

static bool
is_request(struct slice der)
{
	struct err err = ERR_INIT;
	uint8_t point[KEY_POINT_LEN];

	return csr_parse(point, der, &err) == 0;
}

TEST(ber_of_a_certificate_is_refused_element_by_element)
{
	struct forge f;
	struct str leaf;

	pki_make();
	assert_true(refuse_variants(str_slice(&pki.root_der),
	    is_certificate) > 100);
	forge_leaf(&f, pki.leaf.point);
	leaf = forge_sign(&f, &pki.inter);
	assert_true(refuse_variants(str_slice(&leaf), is_certificate) > 100);
	str_fini(&leaf);
}

/* Signed as it is, so that nothing but its form is wrong with it. */
static bool
is_request_of(struct slice info)
{
	uint8_t sig[KEY_SIG_MAX];
	struct str der = { 0 };
	size_t mark = der_open(&der, DER_SEQUENCE), alg;

	str_add_slice(&der, info);
	alg = der_open(&der, DER_SEQUENCE);
	der_put_oid(&der, OID_ECDSA_SHA256);
	der_close(&der, alg);
	der_put_bits(&der, slice_of(sig, key_sign(&pki.leaf, info, sig)));
	der_close(&der, mark);
	bool is_taken = is_request(str_slice(&der));

	str_fini(&der);
	return is_taken;
}

TEST(ber_of_a_request_is_refused_element_by_element)
{
	struct str der = { 0 };
	struct slice info;
	struct der d, in;

	pki_make();
	csr_make(&der, &pki.leaf);
	assert_true(refuse_variants(str_slice(&der), is_request) > 50);
	der_init(&d, str_slice(&der));
	der_enter(&d, DER_SEQUENCE, &in);
	assert_int_equal(der_any(&in, NULL, &info), DER_SEQUENCE);
	assert_true(refuse_variants(info, is_request_of) > 40);
	str_fini(&der);
}
