#include "pki/chain.h"
#include "pki/der.h"
#include "pki/spoil_test.h"

void
spoil_no_uri(struct forge *f)
{
	str_clear(&f->san);
	forge_name(f, DER_CONTEXT(2), SLICE("b.a.mesh"));
}

void
spoil_no_san(struct forge *f)
{
	str_clear(&f->san);
}

void
spoil_two_uris(struct forge *f)
{
	forge_name(f, DER_CONTEXT(6), SLICE("spiffe://td/ns/a/sa/c"));
}

void
spoil_nul_dns(struct forge *f)
{
	forge_name(f, DER_CONTEXT(2), slice_of("b.a.mesh\0.evil", 14));
}

void
spoil_nul_uri(struct forge *f)
{
	str_clear(&f->san);
	forge_name(f, DER_CONTEXT(6), slice_of("spiffe://td/a\0b", 15));
}

void
spoil_foreign(struct forge *f)
{
	str_clear(&f->san);
	forge_name(f, DER_CONTEXT(6), SLICE("spiffe://other/ns/a/sa/b"));
}

void
spoil_no_path(struct forge *f)
{
	str_clear(&f->san);
	forge_name(f, DER_CONTEXT(6), SLICE("spiffe://td"));
}

void
spoil_https_uri(struct forge *f)
{
	str_clear(&f->san);
	forge_name(f, DER_CONTEXT(6), SLICE("https://td/ns/a/sa/b"));
}

void
spoil_upper_uri(struct forge *f)
{
	str_clear(&f->san);
	forge_name(f, DER_CONTEXT(6), SLICE("spiffe://TD/ns/a/sa/b"));
}

void
spoil_plain_san(struct forge *f)
{
	f->san_not_critical = true;
}

void
spoil_expired(struct forge *f)
{
	f->not_after = FORGE_NOW - 1;
}

void
spoil_early(struct forge *f)
{
	f->not_before = FORGE_NOW + LEAF_SKEW_S + 1;
}

void
spoil_long_life(struct forge *f)
{
	f->not_after = f->not_before + LEAF_LIFE_MAX_S + 1;
}

void
spoil_ca(struct forge *f)
{
	f->is_ca = true;
}

void
spoil_server_only(struct forge *f)
{
	f->client = false;
}

void
spoil_client_only(struct forge *f)
{
	f->server = false;
}

void
spoil_no_purpose(struct forge *f)
{
	f->server = f->client = false;
}

void
spoil_cert_sign(struct forge *f)
{
	f->usage |= CERT_USE_CERT_SIGN;
}

void
spoil_crl_sign(struct forge *f)
{
	f->usage |= CERT_USE_CRL_SIGN;
}

void
spoil_no_signing(struct forge *f)
{
	f->usage = 1 << 2;
}

void
spoil_no_usage(struct forge *f)
{
	f->no_usage = true;
}

void
spoil_usage_plain(struct forge *f)
{
	f->usage_not_critical = true;
}

void
spoil_usage_twice(struct forge *f)
{
	f->usage_twice = true;
}

void
spoil_version_1(struct forge *f)
{
	f->version = 1;
}

void
spoil_version_2(struct forge *f)
{
	f->version = 2;
}

void
spoil_extra(struct forge *f)
{
	f->extra = SLICE("\x2a\x03\x04");
}

void
spoil_extra_critical(struct forge *f)
{
	spoil_extra(f);
	f->extra_critical = true;
}

void
spoil_constraints(struct forge *f)
{
	f->constraints = true;
}

void
spoil_serial_zero(struct forge *f)
{
	f->serial = SLICE("\0");
}

void
spoil_serial_long(struct forge *f)
{
	f->serial = SLICE("123456789012345678901");
}

void
spoil_off_curve(struct forge *f)
{
	f->point[60] ^= 1;
}

void
spoil_p384(struct forge *f)
{
	f->spki =
	    SLICE("\x30\x17\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"
	    "\x06\x05\x2b\x81\x04\x00\x22\x03\x03\x00\x04\x05");
}

void
spoil_rsa(struct forge *f)
{
	f->spki =
	    SLICE("\x30\x13\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01"
	    "\x01\x01\x05\x00\x03\x02\x00\x30");
}

void
spoil_sha1(struct forge *f)
{
	f->inner_algorithm = f->outer_algorithm =
	    SLICE("\x06\x07\x2a\x86\x48\xce\x3d\x04\x01");
}

void
spoil_two_algorithms(struct forge *f)
{
	f->outer_algorithm = SLICE("\x06\x07\x2a\x86\x48\xce\x3d\x04\x01");
}

void
spoil_trailing(struct forge *f)
{
	f->trailing = true;
}

void
spoil_stranger(struct forge *f)
{
	f->issuer = "nobody";
}

void
spoil_other_key_id(struct forge *f)
{
	f->akid = SLICE("root-key");
}

void
spoil_own_key_id(struct forge *f)
{
	f->akid = SLICE("inter-key");
}

void
spoil_nothing(struct forge *f)
{
	(void)f;
}

void
spoil_no_basic(struct forge *f)
{
	f->no_basic = true;
}

void
spoil_inter_leaf(struct forge *f)
{
	f->is_ca = false;
	f->path_len = -1;
}

void
spoil_inter_foreign(struct forge *f)
{
	forge_name(f, 0x86, SLICE("spiffe://other"));
}

void
spoil_inter_usage(struct forge *f)
{
	f->usage = CERT_USE_CRL_SIGN;
}

void
spoil_inter_plain(struct forge *f)
{
	f->basic_not_critical = true;
}
