#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/ca_file.h"
#include "modes/control/vault.h"
#include "pki/key.h"

struct place {
	char  dir[32];
	char *file;
};

static void
place_make(struct place *p)
{
	log_set_levels("error");
	strcpy(p->dir, "/tmp/mesh-vault-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->file = mem_printf("%s/" VAULT_FILE, p->dir);
}

static void
place_remove(struct place *p)
{
	unlink(p->file);
	assert_int_equal(rmdir(p->dir), 0);
	mem_free(p->file);
}

static struct vault *
must_open(const struct place *p)
{
	struct err err = ERR_INIT;
	struct vault *v = vault_open(p->dir, NULL, &err);

	if (v == NULL || vault_keep(v, &err) < 0)
		fail_msg("%s", err.text);
	return v;
}

static void
expect_opens(const struct vault *v, const struct str *locked, const char *want)
{
	struct str out = { 0 };
	struct err err = ERR_INIT;

	if (vault_unlock(v, SLICE("/core/secrets/a/b"), str_slice(locked), &out,
	    &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(str_ptr(&out), want);
	key_wipe_str(&out);
}

/* Who finds what is locked with another key refuses, and leaves none behind. */
TEST(vault_that_is_not_kept_leaves_no_key)
{
	struct err err = ERR_INIT;
	struct place p;
	struct stat st;
	struct vault *v;

	place_make(&p);
	v = vault_open(p.dir, NULL, &err);
	assert_non_null(v);
	assert_int_equal(stat(p.file, &st), -1);
	vault_close(v);
	place_remove(&p);
}

TEST(vault_makes_its_key_once)
{
	struct str locked = { 0 };
	struct place p;
	struct vault *v;
	struct stat st;

	place_make(&p);
	v = must_open(&p);
	assert_int_equal(stat(p.file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	vault_lock(v, SLICE("/core/secrets/a/b"), SLICE("{\"data\":1}"), &locked);
	assert_null(strstr(str_ptr(&locked), "data"));
	vault_close(v);
	v = must_open(&p);
	expect_opens(v, &locked, "{\"data\":1}");
	vault_close(v);
	str_fini(&locked);
	place_remove(&p);
}

TEST(vault_says_which_key_it_lacks)
{
	struct str locked = { 0 }, out = { 0 };
	struct err err = ERR_INIT;
	struct place p, other;
	struct vault *v;

	place_make(&p);
	place_make(&other);
	v = must_open(&p);
	vault_lock(v, SLICE("/k"), SLICE("x"), &locked);
	assert_int_equal(vault_unlock(v, SLICE("/other"), str_slice(&locked),
	    &out, &err), -1);
	vault_close(v);
	v = must_open(&other);
	assert_int_equal(vault_unlock(v, SLICE("/k"), str_slice(&locked), &out,
	    &err), -1);
	assert_non_null(strstr(err.text, "which this control does not have"));
	vault_close(v);
	str_fini(&locked);
	str_fini(&out);
	place_remove(&p);
	place_remove(&other);
}

TEST(vault_refuses_a_key_that_others_read_or_that_is_none)
{
	struct err err = ERR_INIT;
	struct place p;

	place_make(&p);
	vault_close(must_open(&p));
	chmod(p.file, 0640);
	assert_null(vault_open(p.dir, NULL, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	unlink(p.file);
	assert_int_equal(ca_file_write(p.file, SLICE("no key\n"), 0600, &err), 0);
	assert_null(vault_open(p.dir, NULL, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	place_remove(&p);
}

/* A key is changed by putting the new one in front. */
TEST(vault_opens_with_every_key_and_locks_with_the_first)
{
	struct str before = { 0 }, after = { 0 }, text = { 0 };
	char id[WRAP_ID_LEN + 1];
	struct err err = ERR_INIT;
	struct place p, new;
	struct vault *v;

	place_make(&p);
	place_make(&new);
	v = must_open(&p);
	vault_lock(v, SLICE("/core/secrets/a/b"), SLICE("old"), &before);
	vault_close(v);
	vault_close(must_open(&new));
	setenv("CREDENTIALS_DIRECTORY", new.dir, 1);
	v = must_open(&p);
	unsetenv("CREDENTIALS_DIRECTORY");
	expect_opens(v, &before, "old");
	vault_lock(v, SLICE("/core/secrets/a/b"), SLICE("new"), &after);
	vault_pack(&text, v);
	vault_pack(&text, v);	/* and again: each key once */
	vault_close(v);
	v = must_open(&new);
	expect_opens(v, &after, "new");
	vault_close(v);

	/* A backup has ours, and not what was given. */
	unlink(p.file);
	assert_int_equal(vault_unpack(p.dir, str_slice(&text), &err), 0);
	v = must_open(&p);
	expect_opens(v, &before, "old");
	assert_true(vault_key_of(str_slice(&after), id));
	assert_false(vault_has(v, id));
	vault_close(v);
	str_fini(&before);
	str_fini(&after);
	key_wipe_str(&text);
	place_remove(&p);
	place_remove(&new);
}

static void
expect_keys(const struct vault *v, const char *want)
{
	struct str s = { 0 };
	struct vault_key key;

	for (size_t i = 0; vault_key(v, i, &key); i++)
		str_add(&s, key.is_given ? "given " : "own ");
	assert_string_equal(str_ptr(&s), want);
	str_fini(&s);
}

TEST(vault_changes_its_key_in_steps_that_survive_an_end)
{
	struct str before = { 0 }, after = { 0 };
	struct err err = ERR_INIT;
	char old[WRAP_ID_LEN + 1], new[WRAP_ID_LEN + 1];
	struct place p;
	struct vault *v;

	place_make(&p);
	v = must_open(&p);
	vault_lock(v, SLICE("/core/secrets/a/b"), SLICE("x"), &before);
	assert_int_equal(vault_renew(v, &err), 0);
	vault_close(v);		/* the end: both are there */
	v = must_open(&p);
	expect_keys(v, "own own ");
	vault_lock(v, SLICE("/core/secrets/a/b"), SLICE("x"), &after);
	assert_true(vault_key_of(str_slice(&before), old));
	assert_true(vault_key_of(str_slice(&after), new));
	assert_string_not_equal(old, new);
	expect_opens(v, &before, "x");
	assert_int_equal(vault_forget(v, &err), 0);
	expect_keys(v, "own ");
	vault_close(v);
	v = must_open(&p);
	assert_false(vault_has(v, old));
	expect_opens(v, &after, "x");
	assert_false(vault_key_of(SLICE("{\"kind\":\"Secret\"}"), old));
	vault_close(v);
	str_fini(&before);
	str_fini(&after);
	place_remove(&p);
}

TEST(vault_takes_a_named_file_for_its_own_key_and_reads_it_again)
{
	struct str text = { 0 };
	struct err err = ERR_INIT;
	struct place p, given, third;
	struct vault *v, *other;

	place_make(&p);
	place_make(&given);
	place_make(&third);
	vault_close(must_open(&p));
	other = must_open(&given);
	v = vault_open(p.dir, given.file, &err);
	assert_non_null(v);
	expect_keys(v, "given own ");
	/* Another in front of the one that is given. */
	vault_close(other);
	other = must_open(&third);
	vault_pack(&text, other);
	vault_close(other);
	other = must_open(&given);
	vault_pack(&text, other);
	vault_close(other);
	assert_int_equal(ca_file_write(given.file, str_slice(&text), 0400,
	    &err), 0);
	assert_int_equal(vault_renew(v, &err), 0);
	expect_keys(v, "given given own ");
	assert_int_equal(vault_forget(v, &err), 0);
	expect_keys(v, "given given ");
	assert_false(ca_file_exists(p.file));
	/* It is gone: what is known stays. */
	unlink(given.file);
	assert_int_equal(vault_renew(v, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	expect_keys(v, "given given ");
	vault_close(v);
	assert_null(vault_open(p.dir, given.file, &err));
	key_wipe_str(&text);
	place_remove(&p);
	place_remove(&given);
	place_remove(&third);
}
