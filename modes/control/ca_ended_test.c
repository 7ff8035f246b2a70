#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/unit.h"
#include "modes/control/ca_ended.h"
#include "modes/control/ca_file.h"
#include "modes/control/ca_fixture.h"
#include "modes/control/ca_rotate.h"
#include "pki/pem.h"

static void
write_der(const char *path, const struct str *der)
{
	struct str pem = { 0 };
	struct err err = ERR_INIT;

	pem_add(&pem, PEM_LABEL_CERT, str_slice(der));
	assert_int_equal(ca_file_write(path, str_slice(&pem), 0644, &err), 0);
	str_fini(&pem);
}

/* Both have so many seconds left, by the keys that they had. */
static void
backdate(const struct ca_files *f, int64_t root_left, int64_t left)
{
	struct mint_ca ca = { .domain = SLICE("td"),
	    .common_name = SLICE(CA_ROOT_NAME " old"),
	    .not_before = clock_wall_s() - 1000000,
	    .not_after = clock_wall_s() + root_left };
	struct str root_der = { 0 }, der = { 0 };
	struct key root_key, key;
	struct cert root;
	struct err err = ERR_INIT;

	assert_int_equal(ca_file_read_key(&root_key, f->root_key, &err), 0);
	assert_int_equal(ca_file_read_key(&key, f->intermediate_key, &err), 0);
	mint_serial(ca.serial);
	mint_root(&root_der, &ca, &root_key);
	assert_int_equal(cert_parse(&root, str_slice(&root_der), &err), 0);
	ca.common_name = SLICE("mesh intermediate old");
	ca.not_after = clock_wall_s() + left;
	mint_intermediate(&der, &ca, key.point, &root, &root_key);
	write_der(f->root_cert, &root_der);
	write_der(f->intermediate_cert, &der);
	str_fini(&root_der);
	str_fini(&der);
	key_fini(&root_key);
	key_fini(&key);
}

#define LONG	(INT64_C(300) * 86400)

TEST(ca_that_ended_opens_and_says_what_to_do)
{
	static const struct {
		int64_t       root_left, left;
		bool          has_key;
		enum ca_ended want;
		const char   *says;
	} cases[] = {
		{ LONG, LONG, false, CA_ENDED_NOT, NULL },
		{ LONG, 10, false, CA_ENDED_NOT, NULL },
		{ LONG, -10, false, CA_ENDED_INTERMEDIATE,
		    "signed where the root's key is" },
		/* It has the key: another intermediate was made. */
		{ LONG, -10, true, CA_ENDED_NOT, NULL },
		{ -10, -10, false, CA_ENDED_ROOT, "signed under another root" },
		{ -10, LONG, false, CA_ENDED_ROOT, "every proxy joins anew" },
		{ -10, -10, true, CA_ENDED_ROOT,
		    "mesh ctl ca prepare --level root" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t now = clock_wall_s();
		struct err err = ERR_INIT;
		struct ca_dir d;
		struct ca *ca;

		dir_make(&d);
		ca_close(must_open(&d));
		backdate(&d.files, cases[i].root_left, cases[i].left);
		if (!cases[i].has_key)
			unlink(d.files.root_key);
		ca = must_open(&d);
		if (ca_ended(ca, now) != cases[i].want)
			fail_msg("case %zu: %d", i, (int)ca_ended(ca, now));
		assert_int_equal(ca_ended_check(ca, now, &err),
		    cases[i].says == NULL ? 0 : -1);
		if (cases[i].says != NULL &&
		    strstr(err.text, cases[i].says) == NULL)
			fail_msg("case %zu: %s", i, err.text);
		ca_close(ca);
		dir_remove(&d);
	}
}

TEST(ca_whose_root_ended_needs_an_intermediate_to_open)
{
	struct ca_dir d;
	struct err err = ERR_INIT;

	dir_make(&d);
	ca_close(must_open(&d));
	backdate(&d.files, -10, -10);
	unlink(d.files.intermediate_cert);
	assert_null(open_ca(&d, &err));
	assert_non_null(strstr(err.text, "has expired"));
	dir_remove(&d);
}

/* What is prepared is the shortest way out. */
TEST(ca_that_ended_names_what_is_prepared)
{
	const struct ca_rotate_options o = { .domain = SLICE("td"),
	    .now = clock_wall_s() };
	struct ca_dir d;
	struct err err = ERR_INIT;

	dir_make(&d);
	ca_close(must_open(&d));
	backdate(&d.files, -10, -10);
	assert_int_equal(ca_rotate_prepare(&d.files, CA_ROOT, &o, &err), 0);
	/* What an ended root signed would lead nobody anywhere. */
	assert_false(ca_rotate_is_vouched(&d.files));

	struct ca *ca = must_open(&d);

	assert_int_equal(ca_ended_check(ca, clock_wall_s(), &err), -1);
	assert_non_null(strstr(err.text, "mesh ctl ca activate puts what is "
	    "prepared to use"));
	ca_close(ca);
	dir_remove(&d);
}
