#ifndef PKI_SPOIL_TEST_H
#define PKI_SPOIL_TEST_H

#include "pki/forge_test.h"

/*
 * spoil: what can be wrong with a certificate, one defect each, for tables of
 * tests.  Applied to a proper forge before it is signed.
 */
typedef void spoil(struct forge *);

spoil spoil_no_uri, spoil_no_san, spoil_two_uris, spoil_nul_dns,
    spoil_nul_uri, spoil_foreign, spoil_no_path, spoil_https_uri,
    spoil_upper_uri, spoil_plain_san, spoil_expired, spoil_early,
    spoil_long_life, spoil_ca, spoil_server_only, spoil_client_only,
    spoil_no_purpose, spoil_cert_sign, spoil_crl_sign, spoil_no_signing,
    spoil_no_usage, spoil_usage_plain, spoil_usage_twice, spoil_version_1,
    spoil_version_2, spoil_extra, spoil_extra_critical, spoil_constraints,
    spoil_serial_zero, spoil_serial_long, spoil_off_curve, spoil_p384,
    spoil_rsa, spoil_sha1, spoil_two_algorithms, spoil_trailing,
    spoil_stranger, spoil_other_key_id, spoil_own_key_id, spoil_nothing,
    spoil_no_basic, spoil_inter_foreign, spoil_inter_leaf, spoil_inter_usage, spoil_inter_plain;

#endif
