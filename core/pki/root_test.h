#ifndef PKI_ROOT_TEST_H
#define PKI_ROOT_TEST_H

#include "base/clock.h"
#include "pki/mint.h"
#include "pki/pem.h"

/* root_test: for tests, a root in PEM whose key nobody keeps. */
static inline void
root_add_pem(struct str *pem, const char *name, struct slice domain)
{
	struct mint_ca ca = { .common_name = slice_str(name), .domain = domain,
	    .not_before = clock_wall_s() - 100,
	    .not_after = clock_wall_s() + 10000 };
	struct str der = { 0 };
	struct key key;

	key_generate(&key);
	mint_serial(ca.serial);
	mint_root(&der, &ca, &key);
	pem_add(pem, PEM_LABEL_CERT, str_slice(&der));
	key_fini(&key);
	str_fini(&der);
}

#endif
