#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/unit.h"
#include "modes/control/ca_discard.h"
#include "modes/control/ca_file.h"
#include "modes/control/ca_fixture.h"

static void
prepare(const struct ca_dir *d, enum ca_level level)
{
	const struct ca_rotate_options o = { .domain = SLICE("td"),
	    .now = clock_wall_s() };
	struct err err = ERR_INIT;

	if (ca_rotate_prepare(&d->files, level, &o, &err) < 0)
		fail_msg("%s", err.text);
}

/* The roots as control has them when it starts. */
static struct str
roots_of(const struct ca_dir *d)
{
	struct ca *ca = must_open(d);
	struct str pem = { 0 };

	bundle_pem(&pem, ca->bundle);
	ca_close(ca);
	return pem;
}

static void
must_be_as_before(const struct ca_dir *d, const struct str *before)
{
	const struct ca_files *f = &d->files;
	const char *const gone[] = { f->next_root_cert, f->next_root_key,
	    f->next_intermediate_cert, f->next_intermediate_key, f->discarding };
	struct str now = roots_of(d);
	enum ca_level level;

	assert_string_equal(str_ptr(&now), str_ptr(before));
	assert_false(ca_rotate_is_prepared(f, &level));
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		assert_false(ca_file_exists(gone[i]));
	str_fini(&now);
}

TEST(what_is_discarded_leaves_nothing_behind)
{
	static const enum ca_level levels[] = { CA_INTERMEDIATE, CA_ROOT,
	    CA_ROOT, CA_INTERMEDIATE };
	struct ca_dir d;
	struct str before;
	struct err err = ERR_INIT;

	dir_make(&d);
	before = roots_of(&d);
	assert_int_equal(ca_discard(&d.files, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		prepare(&d, levels[i]);
		assert_int_equal(ca_discard(&d.files, &err), 0);
		must_be_as_before(&d, &before);
	}
	/* Roots that were there before stay, in their order. */
	prepare(&d, CA_ROOT);
	assert_int_equal(ca_rotate_activate(&d.files, &err), 0);
	str_fini(&before);
	before = roots_of(&d);
	prepare(&d, CA_ROOT);
	assert_int_equal(ca_discard(&d.files, &err), 0);
	must_be_as_before(&d, &before);
	str_fini(&before);
	dir_remove(&d);
}

/* Wherever it was cut short, the next start goes on. */
TEST(what_was_being_discarded_is_gone_after_the_next_start)
{
	for (size_t done = 0; done <= 4; done++) {
		struct ca_dir d;
		struct str before;
		struct err err = ERR_INIT;

		dir_make(&d);
		before = roots_of(&d);
		prepare(&d, CA_ROOT);

		const char *const order[] = { d.files.next_intermediate_cert,
		    d.files.next_intermediate_key, d.files.next_root_key,
		    d.files.next_root_cert };

		assert_int_equal(ca_file_write(d.files.discarding, SLICE("\n"),
		    0600, &err), 0);
		if (done > 0)
			assert_int_equal(ca_file_write(d.files.root_cert,
			    str_slice(&before), 0644, &err), 0);
		for (size_t i = 0; i < done; i++)
			unlink(order[i]);
		must_be_as_before(&d, &before);
		str_fini(&before);
		dir_remove(&d);
	}
}
