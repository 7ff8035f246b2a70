#include <string.h>

#include "base/clock.h"
#include "base/unit.h"
#include "modes/control/ca.h"
#include "modes/control/ca_fixture.h"
#include "modes/control/ca_rotate.h"

#define EACH	40

/* Signs some, and notes their serial numbers. */
static void
sign_some(struct ca *ca, uint8_t serials[EACH][MINT_SERIAL_LEN])
{
	for (size_t i = 0; i < EACH; i++) {
		struct str pem = { 0 };
		struct err err = ERR_INIT;
		struct chain chain;
		struct cert leaf;
		struct key key;

		assert_int_equal(ca_issue_self(ca, NULL, 0, &key, &pem, &err),
		    0);
		chain_init(&chain);
		assert_int_equal(chain_add_pem(&chain, str_slice(&pem), &err),
		    0);
		assert_int_equal(cert_parse(&leaf, chain_cert(&chain, 0), &err),
		    0);
		assert_int_equal(leaf.serial.len, MINT_SERIAL_LEN);
		memcpy(serials[i], leaf.serial.ptr, MINT_SERIAL_LEN);
		chain_fini(&chain);
		str_fini(&pem);
		key_fini(&key);
	}
}

/*
 * Fault G84: what was issued behind a backup, and what is issued after it was
 * restored, have no serial number in common; what was prepared is there.
 */
TEST(a_ca_restored_from_a_backup_reuses_no_serial)
{
	static uint8_t serials[3][EACH][MINT_SERIAL_LEN];
	const uint8_t *all = &serials[0][0][0];
	struct ca_rotate_options o = { .domain = SLICE("td"),
	    .now = clock_wall_s() };
	struct ca_dir here, there;
	struct str backup = { 0 };
	struct err err = ERR_INIT;
	struct ca *ca;

	dir_make(&here);
	dir_make(&there);
	ca = must_open(&here);
	sign_some(ca, serials[0]);
	assert_int_equal(ca_rotate_prepare(&here.files, CA_ROOT, &o, &err), 0);
	assert_int_equal(ca_files_pack(&backup, &here.files, &err), 0);
	sign_some(ca, serials[1]);
	ca_close(ca);

	assert_int_equal(ca_files_unpack(&there.files, str_slice(&backup),
	    &err), 0);
	assert_int_equal(ca_rotate_activate(&there.files, &err), 0);
	ca = must_open(&there);
	assert_int_equal(ca->bundle->len, 2);
	sign_some(ca, serials[2]);
	ca_close(ca);
	for (size_t i = 0; i < 3 * EACH; i++)
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(all + i * MINT_SERIAL_LEN,
			    all + k * MINT_SERIAL_LEN, MINT_SERIAL_LEN);
	key_wipe_str(&backup);
	dir_remove(&here);
	dir_remove(&there);
}
