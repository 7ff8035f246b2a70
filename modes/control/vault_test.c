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
	struct vault *v = vault_open(p->dir, &err);

	if (v == NULL)
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
	assert_null(vault_open(p.dir, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	unlink(p.file);
	assert_int_equal(ca_file_write(p.file, SLICE("no key\n"), 0600, &err), 0);
	assert_null(vault_open(p.dir, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	place_remove(&p);
}

/* A key is changed by putting the new one in front. */
TEST(vault_opens_with_every_key_and_locks_with_the_first)
{
	struct str before = { 0 }, after = { 0 }, text = { 0 };
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
	vault_close(v);
	v = must_open(&new);
	expect_opens(v, &after, "new");
	vault_close(v);

	/* A backup has them all. */
	unlink(p.file);
	assert_int_equal(vault_unpack(p.dir, str_slice(&text), &err), 0);
	v = must_open(&p);
	expect_opens(v, &before, "old");
	expect_opens(v, &after, "new");
	vault_close(v);
	str_fini(&before);
	str_fini(&after);
	key_wipe_str(&text);
	place_remove(&p);
	place_remove(&new);
}
