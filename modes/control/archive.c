#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "modes/control/archive.h"
#include "modes/control/archive_forget.h"
#include "modes/control/ca_file.h"
#include "modes/control/store_backup.h"
#include "modes/control/store_file.h"
#include "pki/key.h"
#include "pki/seal.h"

#define MAGIC	"mesh-backup 1\n"
#define MAKING		"backup-"	/* the store's copy: backup-X.tmp */
#define RESTORING	"restore.tmp"	/* there until all of it is in place */
#define PASSPHRASE_FILE_MAX	65536	/* bytes; ctl's limit */

struct making {
	struct list    link;		/* in server->archives, with a thread */
	struct server *server;
	char          *path;		/* of the store's copy */
	struct str     passphrase;
	struct str     keys;		/* of Secrets; of before and after copying */
	struct str     needs;		/* IDs of given keys, a line each */
	struct str     sealed;
	struct err     err;
	archive_done  *done;
	void          *ctx;
	pthread_t      thread;
};

static void
add_part(struct str *out, const char *name, struct slice bytes)
{
	str_addf(out, "%s %zu\n", name, bytes.len);
	str_add_slice(out, bytes);
}

static void
finish(void *arg)
{
	struct making *m = arg;

	if (list_is_linked(&m->link)) {
		pthread_join(m->thread, NULL);
		list_remove(&m->link);
	}
	m->done(m->ctx, &m->err, str_slice(&m->sealed));
	store_file_remove(m->path);
	mem_free(m->path);
	str_fini(&m->sealed);
	key_wipe_str(&m->passphrase);
	key_wipe_str(&m->keys);
	str_fini(&m->needs);
	mem_free(m);
}

static int
seal(struct making *m)
{
	struct str store = { 0 }, ca = { 0 }, plain = { 0 };
	int r = ca_file_read_large(&store, m->path, true, ARCHIVE_STORE_MAX,
	    &m->err);

	if (r == 0)
		r = ca_files_pack(&ca, &m->server->ca->files, &m->err);
	else
		err_wrap(&m->err, "copy of the registry");
	if (r == 0) {
		key_room_str(&plain, store.len + ca.len + m->keys.len +
		    m->needs.len + 256);
		str_add(&plain, MAGIC);
		add_part(&plain, "ca", str_slice(&ca));
		add_part(&plain, "store", str_slice(&store));
		add_part(&plain, "secrets", str_slice(&m->keys));
		if (m->needs.len > 0)
			add_part(&plain, "needs", str_slice(&m->needs));
		seal_close(&m->sealed, str_slice(&plain),
		    str_slice(&m->passphrase), SEAL_ITERATIONS);
	}
	key_wipe_str(&plain);
	key_wipe_str(&ca);
	str_fini(&store);
	return r;
}

static void *
seal_thread(void *arg)
{
	struct making *m = arg;

	seal(m);
	loop_post(m->server->loop, finish, m);
	return NULL;
}

/* What it does not hold, and cannot be read without. */
static void
note_needs(struct making *m)
{
	struct vault_key key;

	for (size_t i = 0; vault_key(m->server->vault, i, &key); i++)
		if (key.is_given)
			str_addf(&m->needs, "%s\n", key.id);
}

static void
on_copied(void *ctx, const struct store_result *r)
{
	struct making *m = ctx;

	m->err = r->err;
	vault_pack(&m->keys, m->server->vault);
	note_needs(m);
	if (r->err.kind == ERR_NONE && !m->server->is_ending &&
	    pthread_create(&m->thread, NULL, seal_thread, m) == 0) {
		list_append(&m->server->archives, &m->link);
		return;
	}
	if (m->err.kind == ERR_NONE)
		err_set(&m->err, ERR_UNAVAILABLE, "no thread for the backup");
	finish(m);
}

void
archive_make(struct server *s, struct slice passphrase, archive_done *done,
    void *ctx)
{
	struct making *m = mem_zalloc(sizeof(*m));

	m->server = s;
	m->done = done;
	m->ctx = ctx;
	key_room_str(&m->passphrase, passphrase.len + 1);
	str_add_slice(&m->passphrase, passphrase);
	vault_pack(&m->keys, s->vault);
	/* Several at a time do not share a file. */
	m->path = mem_printf("%s/" MAKING "%016llx.tmp", s->spec->data_dir,
	    (unsigned long long)random_u64());
	store_backup(s->store, m->path, &s->port, on_copied, m);
}

void
archives_wait(struct server *s)
{
	for (struct list *at; (at = list_pop(&s->archives)) != NULL;)
		pthread_join(list_entry(at, struct making, link)->thread, NULL);
}

/* --- after a crash ---------------------------------------------------------------- */

static void
remove_copies(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (slice_has_prefix(slice_str(e->d_name), SLICE(MAKING)) &&
		    strstr(e->d_name, ".tmp") != NULL &&
		    unlinkat(dirfd(d), e->d_name, 0) < 0)
			log_warn("backup", "%s/%s: %s", dir, e->d_name,
			    strerror(errno));
	if (d != NULL)
		closedir(d);
}

int
archives_recover(const char *data_dir, struct err *err)
{
	char *mark = mem_printf("%s/" RESTORING, data_dir);
	int r = 0;

	remove_copies(data_dir);
	if (access(mark, F_OK) == 0)
		r = err_set(err, ERR_CONFIG, "%s: a restore was cut short; "
		    "empty %s and restore again", mark, data_dir);
	mem_free(mark);
	return r;
}

/* --- back ----------------------------------------------------------------------- */

/* Cuts the part of this name off the front. */
static int
take_part(struct slice *rest, const char *name, struct slice *bytes,
    struct err *err)
{
	struct slice line, word;
	uint64_t len;

	if (!slice_cut(rest, '\n', &line) || !slice_cut(&line, ' ', &word) ||
	    !slice_is(word, name) || !slice_u64(line, &len) ||
	    len > rest->len)
		return err_set(err, ERR_DATA, "the backup has no part \"%s\" "
		    "where one was expected", name);
	*bytes = slice_of(rest->ptr, (size_t)len);
	*rest = slice_from(*rest, (size_t)len);
	return 0;
}

static int
check_empty(const char *dir, struct err *err)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	bool is_empty = true;

	if (d == NULL)
		return errno == ENOENT ? 0 : err_errno(err, "%s", dir);
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			is_empty = false;
	closedir(d);
	return is_empty ? 0 : err_set(err, ERR_CONFIG, "%s is not empty; a "
	    "backup is restored into an empty or a missing directory", dir);
}

static int
unpack(struct slice plain, const char *dir, struct err *err)
{
	struct slice rest = plain, ca, store, keys = SLICE_NONE;
	struct slice needs = SLICE_NONE, line;
	char *copy = mem_printf("%s/" RESTORING, dir);
	struct ca_files files;
	int r;

	if (!slice_has_prefix(rest, SLICE(MAGIC))) {
		mem_free(copy);
		return err_set(err, ERR_DATA, "this is no backup of a control, "
		    "or one of a later version");
	}
	rest = slice_from(rest, sizeof(MAGIC) - 1);
	ca_files_init(&files, dir);
	r = take_part(&rest, "ca", &ca, err);
	if (r == 0)
		r = take_part(&rest, "store", &store, err);
	if (r == 0)
		r = ca_file_dir(dir, err);
	if (r == 0)
		r = ca_file_write(copy, store, 0600, err);
	/* A registry without its authority would be one of strangers. */
	if (r == 0)
		r = ca_files_unpack(&files, ca, err);
	/* Backups of versions without Secrets have no keys of them. */
	if (r == 0 && rest.len > 0)
		r = take_part(&rest, "secrets", &keys, err);
	if (r == 0 && keys.ptr != NULL)
		r = vault_unpack(dir, keys, err);
	if (r == 0 && rest.len > 0)
		r = take_part(&rest, "needs", &needs, err);
	while (r == 0 && slice_cut(&needs, '\n', &line))
		if (line.len > 0)
			log_warn("backup", "its Secrets are locked with the key "
			    "%.*s, which it does not hold: give it by "
			    "--secret-key-file", SLICE_ARG(line));
	if (r == 0)
		r = store_restore(copy, dir, err);
	if (r == 0)
		r = archive_forget(dir, err);
	if (r == 0)
		unlink(copy);
	ca_files_fini(&files);
	mem_free(copy);
	return r;
}

/* The first line, as people write one with an editor. */
static struct slice
first_line(const struct str *s)
{
	struct slice rest = str_slice(s), line = SLICE("");

	slice_cut(&rest, '\n', &line);
	return line;
}

static int
read_file(struct str *out, const char *path, bool secret, size_t max,
    struct err *err)
{
	if (access(path, R_OK) < 0) {
		err_errno(err, "%s", path);
		err->kind = errno == ENOENT ? ERR_NOT_FOUND : ERR_DENIED;
		return -1;
	}
	return ca_file_read_large(out, path, secret, max, err);
}

int
archive_restore(const char *file, const char *passphrase_file,
    const char *data_dir, struct err *err)
{
	struct str sealed = { 0 }, passphrase = { 0 }, plain = { 0 };
	int r = check_empty(data_dir, err);

	if (r == 0)
		r = read_file(&sealed, file, false, ARCHIVE_MAX, err);
	if (r == 0)
		r = read_file(&passphrase, passphrase_file, true,
		    PASSPHRASE_FILE_MAX, err);
	if (r == 0) {
		key_room_str(&plain, sealed.len);
		r = seal_open(&plain, str_slice(&sealed),
		    first_line(&passphrase), err);
	}
	if (r == 0)
		r = unpack(str_slice(&plain), data_dir, err);
	str_fini(&sealed);
	key_wipe_str(&passphrase);
	key_wipe_str(&plain);
	return r;
}
