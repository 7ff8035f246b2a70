#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/unit.h"
#include "modes/control/ca.h"
#include "modes/control/ca_file.h"
#include "modes/control/ca_fixture.h"
#include "modes/control/ca_rotate.h"
#include "pki/pem.h"

static void
prepare(const struct ca_dir *d, enum ca_level level)
{
	struct ca_rotate_options o = { .domain = SLICE("td"),
	    .now = clock_wall_s() };
	struct err err = ERR_INIT;

	ca_rotate_prepare(&d->files, level, &o, &err);
	assert_string_equal(err.text, "");
}

/* Control's own chain, as this CA signs and presents it. */
static struct str
own_chain(struct ca *ca)
{
	struct str pem = { 0 };
	struct err err = ERR_INIT;
	struct key key;

	ca_issue_self(ca, NULL, 0, &key, &pem, &err);
	assert_string_equal(err.text, "");
	key_fini(&key);
	return pem;
}

static enum distrust
judge(const struct str *pem, const struct bundle *b)
{
	struct leaf_policy policy = { .now = clock_wall_s() };
	struct chain chain;
	struct err err = ERR_INIT;
	enum distrust why;

	chain_init(&chain);
	assert_int_equal(chain_add_pem(&chain, str_slice(pem), &err), 0);
	why = chain_check(&chain, b, &policy);
	chain_fini(&chain);
	return why;
}

static struct bundle *
only(const struct bundle *b, size_t i)
{
	struct bundle *one = bundle_new(b->domain);
	struct err err = ERR_INIT;

	assert_int_equal(bundle_add(one, b->roots[i].der, &err), 0);
	return one;
}

/* Fault G82: whoever knows one of the two roots trusts both leaves. */
TEST(a_root_that_follows_is_trusted_by_who_knows_the_old_one_alone)
{
	struct ca_dir d;
	struct ca *ca;
	struct str before, after;
	struct bundle *old, *new;
	struct err err = ERR_INIT;
	uint64_t sequence;

	dir_make(&d);
	ca = must_open(&d);
	before = own_chain(ca);
	prepare(&d, CA_ROOT);
	/* One of our own follows another: nobody is asked. */
	assert_false(ca_rotate_forgets_key(&d.files));
	assert_int_equal(ca_reload_bundle(ca, &err), 0);
	assert_int_equal(ca->bundle->len, 2);
	/* Published, and not in use. */
	old = only(ca->bundle, 0);
	new = only(ca->bundle, 1);
	assert_int_equal(judge(&before, old), DISTRUST_NONE);
	assert_int_equal(judge(&before, new), DISTRUST_UNKNOWN_ISSUER);
	ca_close(ca);

	sequence = ca_files_sequence(&d.files);
	assert_true(sequence > 1);
	assert_int_equal(ca_rotate_activate(&d.files, &err), 0);
	assert_true(ca_files_sequence(&d.files) >= sequence);
	ca = must_open(&d);
	after = own_chain(ca);
	assert_int_equal(judge(&after, old), DISTRUST_NONE);
	assert_int_equal(judge(&after, new), DISTRUST_NONE);
	assert_int_equal(judge(&before, ca->bundle), DISTRUST_NONE);
	assert_true(bundle_has(new, ca->bundle->roots[0].der));

	/* And then without the old one. */
	assert_int_equal(ca_rotate_drop(&d.files, SLICE("td"),
	    clock_wall_s(), &err), 0);
	assert_int_equal(ca_rotate_drop(&d.files, SLICE("td"), INT64_MAX,
	    &err), 1);
	assert_int_equal(ca_reload_bundle(ca, &err), 0);
	assert_int_equal(ca->bundle->len, 1);
	assert_int_equal(judge(&after, ca->bundle), DISTRUST_NONE);
	assert_int_equal(judge(&before, ca->bundle), DISTRUST_UNKNOWN_ISSUER);
	ca_close(ca);
	ca = must_open(&d);
	ca_close(ca);
	bundle_unref(old);
	bundle_unref(new);
	str_fini(&before);
	str_fini(&after);
	dir_remove(&d);
}

TEST(a_root_that_has_ended_is_dropped_by_its_age)
{
	struct ca_dir d;
	struct ca *ca;
	struct err err = ERR_INIT;

	dir_make(&d);
	ca_close(must_open(&d));
	prepare(&d, CA_ROOT);
	assert_int_equal(ca_rotate_activate(&d.files, &err), 0);
	ca = must_open(&d);
	assert_int_equal(ca_rotate_drop(&d.files, SLICE("td"),
	    ca->bundle->roots[1].not_after, &err), 0);
	assert_int_equal(ca_rotate_drop(&d.files, SLICE("td"),
	    ca->bundle->roots[1].not_after + 1, &err), 1);
	ca_close(ca);
	dir_remove(&d);
}

TEST(one_is_prepared_at_a_time_and_nothing_is_activated_twice)
{
	struct ca_rotate_options o = { .domain = SLICE("td"),
	    .now = clock_wall_s() };
	struct ca_dir d;
	struct err err = ERR_INIT;

	dir_make(&d);
	ca_close(must_open(&d));
	assert_int_equal(ca_rotate_activate(&d.files, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	prepare(&d, CA_INTERMEDIATE);
	assert_int_equal(ca_rotate_prepare(&d.files, CA_ROOT, &o, &err), -1);
	assert_int_equal(err.kind, ERR_EXISTS);
	assert_int_equal(ca_rotate_activate(&d.files, &err), 0);
	assert_int_equal(ca_rotate_activate(&d.files, &err), -1);
	unlink(d.files.root_key);
	assert_int_equal(ca_rotate_prepare(&d.files, CA_ROOT, &o, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	dir_remove(&d);
}

static const char *
file_of(const struct ca_files *f, size_t i)
{
	const char *all[] = { f->next_root_key, f->next_root_cert,
	    f->next_intermediate_key, f->next_intermediate_cert };

	return all[i];
}

/* However many of the files took their place when the power went. */
TEST(an_activation_that_was_cut_short_is_finished_by_the_next_start)
{
	for (size_t done = 0; done <= 4; done++) {
		struct ca_dir d;
		struct ca *ca;
		struct str chain;
		struct err err = ERR_INIT;

		dir_make(&d);
		ca_close(must_open(&d));
		prepare(&d, CA_ROOT);
		const char *to[] = { d.files.root_key, d.files.root_cert,
		    d.files.intermediate_key, d.files.intermediate_cert };

		assert_int_equal(ca_file_write(d.files.activating, SLICE("\n"),
		    0600, &err), 0);
		for (size_t i = 0; i < done; i++)
			assert_int_equal(rename(file_of(&d.files, i), to[i]), 0);
		ca = must_open(&d);
		assert_int_equal(ca->bundle->len, 2);
		assert_int_equal(ca->now.chain.len, 2);
		chain = own_chain(ca);
		assert_int_equal(judge(&chain, ca->bundle), DISTRUST_NONE);
		assert_false(ca_file_exists(d.files.activating));
		str_fini(&chain);
		ca_close(ca);
		dir_remove(&d);
	}
}

struct answer {
	bool done;
	enum signer_status status;
};

static void
on_reply(void *owner, const struct signer_reply *reply)
{
	struct answer *a = owner;

	a->done = true;
	a->status = reply->status;
}

/* Installs; then waits, which signing does. */
static enum signer_status
install(struct ca *ca, struct slice cert, const struct key *key)
{
	struct answer a = { 0 };
	struct str chain;

	signer_install(ca->signer, cert, key, on_reply, &a);
	chain = own_chain(ca);
	str_fini(&chain);
	assert_true(a.done);
	return a.status;
}

TEST(the_signer_changes_its_key_while_it_runs_and_takes_no_other)
{
	struct ca_dir d;
	struct ca *ca;
	struct str chain, old, text = { 0 };
	struct chain next;
	struct key key, other;
	struct err err = ERR_INIT;

	dir_make(&d);
	ca = must_open(&d);
	old = own_chain(ca);
	prepare(&d, CA_INTERMEDIATE);
	chain_init(&next);
	assert_int_equal(ca_file_read(&text, d.files.next_intermediate_cert,
	    false, &err), 0);
	assert_int_equal(chain_add_pem(&next, str_slice(&text), &err), 0);
	assert_int_equal(ca_file_read_key(&key, d.files.next_intermediate_key,
	    &err), 0);
	key_generate(&other);
	assert_int_equal(install(ca, chain_cert(&next, 0), &other),
	    SIGNER_MALFORMED);
	assert_int_equal(install(ca, SLICE("no certificate"), &key),
	    SIGNER_MALFORMED);
	assert_int_equal(install(ca, chain_cert(&next, 0), &key),
	    SIGNER_SIGNED);
	assert_int_equal(ca_rotate_activate(&d.files, &err), 0);
	assert_int_equal(ca_reload_issuers(ca, &err), 0);
	chain = own_chain(ca);
	assert_int_equal(judge(&chain, ca->bundle), DISTRUST_NONE);
	assert_int_equal(judge(&old, ca->bundle), DISTRUST_NONE);

	/* What the old one signed is given out with the old one. */
	struct chain leaf;
	struct str again = { 0 };

	chain_init(&leaf);
	assert_int_equal(chain_add_pem(&leaf, str_slice(&old), &err), 0);
	ca_add_chain(&again, ca, chain_cert(&leaf, 0));
	assert_string_equal(str_ptr(&again), str_ptr(&old));
	chain_fini(&leaf);
	str_fini(&again);
	key_fini(&key);
	key_fini(&other);
	chain_fini(&next);
	str_fini(&text);
	str_fini(&chain);
	str_fini(&old);
	ca_close(ca);
	dir_remove(&d);
}

TEST(a_root_from_outside_follows_like_one_that_was_made)
{
	struct mint_ca ca = { .domain = SLICE("td") };
	struct ca_rotate_options o = { .domain = SLICE("td"),
	    .now = clock_wall_s() };
	struct str der = { 0 }, pem = { 0 }, key_text = { 0 }, other = { 0 };
	struct err err = ERR_INIT;
	struct key key, stranger;
	struct ca *open;
	struct ca_dir d;
	struct str chain;

	dir_make(&d);
	ca_close(must_open(&d));
	key_generate(&key);
	key_generate(&stranger);
	ca.common_name = SLICE("A root of our company");
	ca.not_before = o.now - 100;
	ca.not_after = o.now + 1000000;
	mint_serial(ca.serial);
	mint_root(&der, &ca, &key);
	pem_add(&pem, PEM_LABEL_CERT, str_slice(&der));
	key_pem(&key_text, &key);
	key_pem(&other, &stranger);
	o.root_pem = str_slice(&pem);
	o.root_key_pem = str_slice(&other);
	assert_int_equal(ca_rotate_prepare(&d.files, CA_ROOT, &o, &err), -1);
	assert_string_equal(err.text, "the key is not the root's");
	o.root_key_pem = str_slice(&key_text);
	assert_int_equal(ca_rotate_prepare(&d.files, CA_ROOT, &o, &err), 0);
	assert_true(ca_rotate_forgets_key(&d.files));
	assert_int_equal(ca_rotate_activate(&d.files, &err), 0);
	open = must_open(&d);
	assert_true(slice_eq(open->bundle->roots[0].der, str_slice(&der)));
	chain = own_chain(open);
	assert_int_equal(judge(&chain, open->bundle), DISTRUST_NONE);
	/* The same one again would clash with itself. */
	assert_int_equal(ca_rotate_prepare(&d.files, CA_ROOT, &o, &err), -1);
	assert_string_equal(err.text, "a root of this name is trusted already");
	ca_close(open);
	key_fini(&key);
	key_fini(&stranger);
	key_wipe_str(&key_text);
	key_wipe_str(&other);
	str_fini(&chain);
	str_fini(&pem);
	str_fini(&der);
	dir_remove(&d);
}
