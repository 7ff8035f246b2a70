#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "modes/control/ca_file.h"
#include "modes/control/ca_rotate.h"
#include "pki/chain.h"
#include "pki/mint.h"
#include "pki/pem.h"

/* While preparing. */
struct making {
	const struct ca_files          *files;
	const struct ca_rotate_options *o;
	struct bundle                  *bundle;
	struct key                      root_key;	/* of the active root */
};

static struct bundle *
read_bundle(const struct ca_files *f, struct slice domain, struct err *err)
{
	struct bundle *b = bundle_new(domain);
	struct str text = { 0 };
	int r = ca_file_read(&text, f->root_cert, false, err);

	if (r == 0 && bundle_add_pem(b, str_slice(&text), err) < 0)
		r = err_wrap(err, "%s", f->root_cert);
	str_fini(&text);
	if (r == 0)
		return b;
	bundle_unref(b);
	return NULL;
}

/* 1: the active root's key is here; 0: it is elsewhere; -1: err says why. */
static int
take_root_key(struct making *m, struct err *err)
{
	const char *path = m->o->root_key_file != NULL &&
	    !ca_file_exists(m->files->root_key) ? m->o->root_key_file :
	    m->files->root_key;

	if (!ca_file_exists(path)) {
		err_set(err, ERR_CONFIG, "the root's key is not here: "
		    "have the next intermediate signed where it is (mesh ctl "
		    "ca prepare --csr), or restart control with --ca-cert-file "
		    "and --ca-key-file");
		return 0;
	}
	if (ca_file_read_key(&m->root_key, path, err) < 0)
		return -1;
	if (memcmp(m->root_key.point, m->bundle->roots[0].point,
	    KEY_POINT_LEN) == 0)
		return 1;
	key_fini(&m->root_key);
	err_set(err, ERR_CONFIG, "%s is not the key of the active root", path);
	return 0;
}

static int
open_making(struct making *m, struct err *err)
{
	m->bundle = read_bundle(m->files, m->o->domain, err);
	return m->bundle == NULL ? -1 : 0;
}

static void
close_making(struct making *m)
{
	bundle_unref(m->bundle);
	key_fini(&m->root_key);
}

static int
write_pem(const char *path, const struct str *pem, struct err *err)
{
	return ca_file_write(path, str_slice(pem), 0644, err);
}

/* cross: what leads from its root to an older one, or absent. */
static int
write_intermediate(const struct ca_files *f, struct slice der,
    const struct key *key, struct slice cross, struct err *err)
{
	struct str pem = { 0 };
	int r = ca_file_write_key(key, f->next_intermediate_key, err);

	pem_add(&pem, PEM_LABEL_CERT, der);
	if (cross.len > 0)
		pem_add(&pem, PEM_LABEL_CERT, cross);
	if (r == 0)
		r = write_pem(f->next_intermediate_cert, &pem, err);
	str_fini(&pem);
	return r;
}

/* An intermediate under this root. */
static int
make_intermediate(const struct making *m, const struct cert *root,
    const struct key *root_key, struct slice cross, struct err *err)
{
	struct str der = { 0 };
	struct mint_ca ca;
	struct key key;
	char name[CA_NAME_MAX];
	int r;

	ca_files_name(&ca, name, "intermediate", m->o->domain, m->o->now,
	    CA_INTERMEDIATE_LIFE_S);
	if (ca.not_after > root->not_after)
		ca.not_after = root->not_after;
	key_generate(&key);
	mint_intermediate(&der, &ca, key.point, root, root_key);
	r = write_intermediate(m->files, str_slice(&der), &key, cross, err);
	if (r == 0)
		log_info("ca", "prepared an intermediate, %s", name);
	key_fini(&key);
	str_fini(&der);
	return r;
}

/* The new root as the old one vouches for it, unless that has ended. */
static void
make_cross(const struct making *m, const struct cert *root, struct str *der)
{
	const struct cert *old = &m->bundle->roots[0];
	struct mint_ca ca = {
		.domain = m->o->domain, .not_before = root->not_before,
		.not_after = root->not_after < old->not_after ?
		    root->not_after : old->not_after,
	};

	if (old->not_after <= m->o->now)
		return;
	mint_serial(ca.serial);
	mint_cross(der, &ca, root, old, &m->root_key);
}

/* The bundle with the new root in front, and with it behind. */
static int
write_bundles(const struct making *m, struct slice root, struct err *err)
{
	struct str next = { 0 }, published = { 0 };
	int r;

	pem_add(&next, PEM_LABEL_CERT, root);
	bundle_pem(&next, m->bundle);
	bundle_pem(&published, m->bundle);
	pem_add(&published, PEM_LABEL_CERT, root);
	r = write_pem(m->files->next_root_cert, &next, err);
	if (r == 0)
		r = write_pem(m->files->root_cert, &published, err);
	str_fini(&next);
	str_fini(&published);
	return r;
}

/* A root of our own. */
static void
mint_next(const struct making *m, struct str *der, struct key *key)
{
	struct mint_ca ca;
	char name[CA_NAME_MAX];

	ca_files_name(&ca, name, "root", m->o->domain, m->o->now,
	    CA_ROOT_LIFE_S);
	key_generate(key);
	mint_root(der, &ca, key);
}

/* One that is brought from outside, with its key. */
static int
take_given(const struct making *m, struct str *der, struct key *key,
    struct err *err)
{
	struct bundle *given = bundle_new(m->o->domain);
	const struct cert *root;
	int r = bundle_add_pem(given, m->o->root_pem, err);

	if (r == 0 && given->len != 1)
		r = err_set(err, ERR_DATA, "%zu certificates, one root is "
		    "wanted", given->len);
	root = r == 0 ? &given->roots[0] : NULL;
	if (r == 0 && root->not_after <= m->o->now)
		r = err_set(err, ERR_DATA, "the root has ended");
	if (r == 0)
		r = key_parse(key, m->o->root_key_pem, err);
	if (r == 0 && memcmp(key->point, root->point, KEY_POINT_LEN) != 0)
		r = err_set(err, ERR_DATA, "the key is not the root's");
	if (r == 0) {
		str_add_slice(der, root->der);
		/* Roots are found by their names: two of one name clash. */
		for (size_t i = 0; i < m->bundle->len && r == 0; i++)
			if (slice_eq(m->bundle->roots[i].subject, root->subject))
				r = err_set(err, ERR_DATA, "a root of this name "
				    "is trusted already");
	}
	bundle_unref(given);
	return r;
}

static int
make_root(const struct making *m, struct err *err)
{
	struct str der = { 0 }, cross = { 0 };
	struct cert root;
	struct key key = { 0 };
	int r = 0;

	if (m->o->root_pem.len > 0)
		r = take_given(m, &der, &key, err);
	else
		mint_next(m, &der, &key);
	if (r == 0)
		r = cert_parse(&root, str_slice(&der), err);
	if (r == 0) {
		make_cross(m, &root, &cross);
		r = ca_file_write_key(&key, m->files->next_root_key, err);
	}
	if (r == 0)
		r = make_intermediate(m, &root, &key, str_slice(&cross), err);
	/* What is published last was made before. */
	if (r == 0)
		r = write_bundles(m, str_slice(&der), err);
	if (r == 0)
		log_info("ca", "prepared a root: it is published; back it up");
	key_fini(&key);
	str_fini(&der);
	str_fini(&cross);
	return r;
}

static int
check_unprepared(const struct ca_files *f, struct err *err)
{
	enum ca_level before;

	if (!ca_rotate_is_prepared(f, &before))
		return 0;
	return err_set(err, ERR_EXISTS, "%s is prepared already: activate or "
	    "discard it first", before == CA_ROOT ? "a root" : "an intermediate");
}

int
ca_rotate_prepare(const struct ca_files *f, enum ca_level level,
    const struct ca_rotate_options *o, struct err *err)
{
	struct making m = { .files = f, .o = o };
	int r;

	r = check_unprepared(f, err);
	if (r == 0)
		r = open_making(&m, err);
	if (r == 0 && take_root_key(&m, err) <= 0)
		r = -1;
	if (r == 0)
		r = level == CA_ROOT ? make_root(&m, err) :
		    make_intermediate(&m, &m.bundle->roots[0], &m.root_key,
		    SLICE_NONE, err);
	close_making(&m);
	return r;
}

/*
 * The active root vouches for the one to come: by its key, by what was brought,
 * or because both have one key.  It need not.
 */
static int
vouch(struct making *m, const struct ca_signed *s, struct str *cross,
    struct err *err)
{
	struct cert root;
	struct err none = ERR_INIT;
	int has_key;

	if (cert_parse(&root, s->root, err) < 0)
		return -1;
	if (slice_eq(root.subject, m->bundle->roots[0].subject))
		return 0;
	if (s->cross.len > 0) {
		str_add_slice(cross, s->cross);
		return 0;
	}
	has_key = take_root_key(m, &none);
	if (has_key < 0) {
		*err = none;
		return -1;
	}
	if (has_key > 0)
		make_cross(m, &root, cross);
	if (cross->len == 0)
		log_warn("ca", "nothing leads from the active root to the one "
		    "that was prepared: whoever is not connected before that is "
		    "activated will not trust it");
	return 0;
}

int
ca_rotate_prepare_signed(const struct ca_files *f, const struct ca_signed *s,
    const struct ca_rotate_options *o, struct err *err)
{
	struct making m = { .files = f, .o = o };
	struct str cross = { 0 };
	bool has_root = s->root.len > 0;
	int r = check_unprepared(f, err);

	if (r == 0 && has_root)
		r = open_making(&m, err);
	if (r == 0 && has_root)
		r = vouch(&m, s, &cross, err);
	if (r == 0)
		r = write_intermediate(f, s->intermediate, s->key,
		    str_slice(&cross), err);
	if (r == 0 && has_root)
		r = write_bundles(&m, s->root, err);
	if (r == 0)
		log_info("ca", "prepared an intermediate from outside%s",
		    has_root ? ", and its root: that is published" : "");
	close_making(&m);
	str_fini(&cross);
	return r;
}

bool
ca_rotate_is_prepared(const struct ca_files *f, enum ca_level *level)
{
	*level = ca_file_exists(f->next_root_cert) ? CA_ROOT : CA_INTERMEDIATE;
	return ca_file_exists(f->next_intermediate_cert);
}

/* --- activation -------------------------------------------------------------- */

static int
move(const char *from, const char *to, struct err *err)
{
	if (rename(from, to) < 0 && errno != ENOENT)
		return err_errno(err, "rename %s", from);
	return 0;
}

static int
keep_old(const struct ca_files *f, struct err *err)
{
	struct str pem = { 0 };
	int r = ca_file_read(&pem, f->intermediate_cert, false, err);

	if (r == 0)
		r = write_pem(f->old_intermediate_cert, &pem, err);
	str_fini(&pem);
	return r;
}

#define KEYLESS	SLICE("keyless\n")

/* The root to come has its key elsewhere: ours would be taken for that. */
static int
forget_root_key(const struct ca_files *f, struct err *err)
{
	struct str text = { 0 };
	int r = ca_file_read(&text, f->activating, false, err);

	if (r == 0 && slice_eq(str_slice(&text), KEYLESS) &&
	    unlink(f->root_key) < 0 && errno != ENOENT)
		r = err_errno(err, "unlink %s", f->root_key);
	str_fini(&text);
	return r;
}

/* Each step may have been done before. */
int
ca_rotate_resume(const struct ca_files *f, struct err *err)
{
	if (!ca_file_exists(f->activating))
		return 0;
	if (forget_root_key(f, err) < 0 ||
	    move(f->next_root_key, f->root_key, err) < 0 ||
	    move(f->next_root_cert, f->root_cert, err) < 0 ||
	    move(f->next_intermediate_key, f->intermediate_key, err) < 0 ||
	    move(f->next_intermediate_cert, f->intermediate_cert, err) < 0)
		return -1;
	return unlink(f->activating) < 0 ?
	    err_errno(err, "unlink %s", f->activating) : 0;
}

/* Adds the certificates there to the chain, and reads the first. */
static int
read_first(const char *path, struct chain *chain, struct cert *first,
    struct err *err)
{
	struct str text = { 0 };
	int r = ca_file_read(&text, path, false, err);

	if (r == 0 && (chain_add_pem(chain, str_slice(&text), err) < 0 ||
	    cert_parse(first, chain_cert(chain, 0), err) < 0))
		r = err_wrap(err, "%s", path);
	str_fini(&text);
	return r;
}

bool
ca_rotate_is_vouched(const struct ca_files *f)
{
	struct chain presented, active, next;
	struct cert c, root, root_next;
	struct err ignored = ERR_INIT;
	enum ca_level level;

	if (!ca_rotate_is_prepared(f, &level) || level != CA_ROOT)
		return true;
	chain_init(&presented);
	chain_init(&active);
	chain_init(&next);
	bool is = read_first(f->next_intermediate_cert, &presented, &c,
	    &ignored) == 0 && (presented.len > 1 ||
	    (read_first(f->root_cert, &active, &root, &ignored) == 0 &&
	    read_first(f->next_root_cert, &next, &root_next, &ignored) == 0 &&
	    slice_eq(root.spki, root_next.spki)));

	chain_fini(&presented);
	chain_fini(&active);
	chain_fini(&next);
	return is;
}

/* Whether the first root there has this key; what cannot be read has not. */
static bool
is_key_of(const char *key_path, const char *roots_path)
{
	struct key key = { 0 };
	struct chain roots;
	struct cert first;
	struct err ignored = ERR_INIT;

	chain_init(&roots);
	bool is = ca_file_read_key(&key, key_path, &ignored) == 0 &&
	    read_first(roots_path, &roots, &first, &ignored) == 0 &&
	    first.key_kind == CERT_KEY_P256 &&
	    memcmp(first.point, key.point, KEY_POINT_LEN) == 0;

	chain_fini(&roots);
	key_fini(&key);
	return is;
}

bool
ca_rotate_has_key(const struct ca_files *f, const char *root_key_file)
{
	return is_key_of(root_key_file != NULL && !ca_file_exists(f->root_key) ?
	    root_key_file : f->root_key, f->root_cert);
}

/* By its name; what cannot be read was brought. */
static bool
is_brought(const char *roots_path)
{
	struct str name = { 0 };
	struct chain roots;
	struct cert first;
	struct err ignored = ERR_INIT;
	bool is = true;

	chain_init(&roots);
	if (read_first(roots_path, &roots, &first, &ignored) == 0) {
		cert_add_name(&name, first.subject);
		is = !slice_has_prefix(str_slice(&name),
		    SLICE("CN=" CA_ROOT_NAME " "));
	}
	chain_fini(&roots);
	str_fini(&name);
	return is;
}

/* Ours would be taken for the key of the root to come, which is elsewhere. */
static bool
is_keyless(const struct ca_files *f)
{
	enum ca_level level;

	return ca_rotate_is_prepared(f, &level) && level == CA_ROOT &&
	    !ca_file_exists(f->next_root_key) &&
	    !is_key_of(f->root_key, f->next_root_cert);
}

bool
ca_rotate_forgets_key(const struct ca_files *f)
{
	return ca_file_exists(f->root_key) && (is_keyless(f) ||
	    (ca_file_exists(f->next_root_key) &&
	    is_brought(f->next_root_cert)));
}

int
ca_rotate_activate(const struct ca_files *f, struct err *err)
{
	enum ca_level level;

	if (!ca_rotate_is_prepared(f, &level))
		return err_set(err, ERR_NOT_FOUND, "nothing is prepared: mesh "
		    "ctl ca prepare");
	if (ca_rotate_forgets_key(f))
		log_warn("ca", "%s, the key of the root that was active, is "
		    "removed", f->root_key);
	if (keep_old(f, err) < 0 || ca_file_write(f->activating,
	    is_keyless(f) ? KEYLESS : SLICE("\n"), 0600, err) < 0)
		return -1;
	return ca_rotate_resume(f, err);
}

/* --- the end of a root --------------------------------------------------------- */

int
ca_rotate_drop(const struct ca_files *f, struct slice domain, int64_t ended,
    struct err *err)
{
	struct bundle *b = read_bundle(f, domain, err);
	struct str pem = { 0 };
	int dropped = 0;

	for (size_t i = 0; b != NULL && i < b->len; i++) {
		if (i > 0 && (ended == INT64_MAX ||
		    b->roots[i].not_after < ended))
			dropped++;
		else
			pem_add(&pem, PEM_LABEL_CERT, b->roots[i].der);
	}
	if (b == NULL || (dropped > 0 && write_pem(f->root_cert, &pem, err) < 0))
		dropped = -1;
	bundle_unref(b);
	str_fini(&pem);
	return dropped;
}
