#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "modes/control/ca_discard.h"
#include "modes/control/ca_file.h"
#include "modes/control/ca_files.h"
#include "modes/control/ca_rotate.h"
#include "modes/control/store_file.h"
#include "pki/chain.h"
#include "pki/pem.h"
#include "pki/spiffe.h"

/* While preparing. */
struct setup {
	const struct ca_files         *files;
	const struct ca_files_options *o;
	struct bundle                 *bundle;
	const struct cert             *root;	/* the bundle's first */
	struct key                     root_key;
	bool                           has_root_key;
};

void
ca_files_init(struct ca_files *f, const char *data_dir)
{
	f->dir = mem_printf("%s/ca", data_dir);
	f->root_cert = mem_printf("%s/root.pem", f->dir);
	f->root_key = mem_printf("%s/root.key", f->dir);
	f->intermediate_cert = mem_printf("%s/intermediate.pem", f->dir);
	f->intermediate_key = mem_printf("%s/intermediate.key", f->dir);
	f->next_root_cert = mem_printf("%s/root.next.pem", f->dir);
	f->next_root_key = mem_printf("%s/root.next.key", f->dir);
	f->next_intermediate_cert = mem_printf("%s/intermediate.next.pem",
	    f->dir);
	f->next_intermediate_key = mem_printf("%s/intermediate.next.key",
	    f->dir);
	f->old_intermediate_cert = mem_printf("%s/intermediate.old.pem",
	    f->dir);
	f->activating = mem_printf("%s/activating", f->dir);
	f->discarding = mem_printf("%s/discarding", f->dir);
	f->request_key = mem_printf("%s/request.key", f->dir);
	f->jwt_key = mem_printf("%s/jwt.key", f->dir);
	f->jwt_next_key = mem_printf("%s/jwt.next.key", f->dir);
	f->jwt_keys = mem_printf("%s/jwt.keys", f->dir);
}

void
ca_files_fini(struct ca_files *f)
{
	mem_free(f->dir);
	mem_free(f->root_cert);
	mem_free(f->root_key);
	mem_free(f->intermediate_cert);
	mem_free(f->intermediate_key);
	mem_free(f->next_root_cert);
	mem_free(f->next_root_key);
	mem_free(f->next_intermediate_cert);
	mem_free(f->next_intermediate_key);
	mem_free(f->old_intermediate_cert);
	mem_free(f->activating);
	mem_free(f->discarding);
	mem_free(f->request_key);
	mem_free(f->jwt_key);
	mem_free(f->jwt_next_key);
	mem_free(f->jwt_keys);
	*f = (struct ca_files){ NULL };
}

/* When the name was last given to a file: ms since 1970. */
static uint64_t
changed_ms(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return 1;
	return (uint64_t)st.st_ctim.tv_sec * 1000 +
	    (uint64_t)st.st_ctim.tv_nsec / 1000000;
}

uint64_t
ca_files_sequence(const struct ca_files *f)
{
	uint64_t roots = changed_ms(f->root_cert);
	uint64_t keys = changed_ms(f->jwt_keys);

	return roots > keys ? roots : keys;
}

void
ca_files_name(struct mint_ca *ca, char name[CA_NAME_MAX], const char *what,
    struct slice domain, int64_t now, int64_t life_s)
{
	uint8_t bits[8];
	struct str hex = { 0 };

	random_bytes(bits, sizeof(bits));
	str_add_hex(&hex, bits, sizeof(bits));
	snprintf(name, CA_NAME_MAX, "mesh %s %s", what, str_ptr(&hex));
	str_fini(&hex);
	*ca = (struct mint_ca){
		.common_name = slice_str(name), .domain = domain,
		.not_before = now - MINT_SKEW_S,
		.not_after = now + life_s,
	};
	mint_serial(ca->serial);
}

static int
write_cert(const char *path, const struct str *der, struct err *err)
{
	struct str pem = { 0 };
	int r;

	pem_add(&pem, PEM_LABEL_CERT, str_slice(der));
	r = ca_file_write(path, str_slice(&pem), 0644, err);
	str_fini(&pem);
	return r;
}

/* Every identity of a registry that is there was issued under its root. */
static int
check_no_registry(const struct setup *s, struct err *err)
{
	char *path = mem_printf("%s/" STORE_FILE_NAME, s->o->data_dir);
	int r = 0;

	if (ca_file_exists(path))
		r = err_set(err, ERR_CONFIG, "%s is missing, though %s is "
		    "there: restore both from a backup, or give the root by "
		    "--ca-cert-file and --ca-key-file", s->files->root_cert,
		    path);
	mem_free(path);
	return r;
}

static int
make_root(const struct setup *s, struct err *err)
{
	struct mint_ca ca;
	struct str der = { 0 };
	struct key key;
	char name[CA_NAME_MAX];
	int r;

	if (check_no_registry(s, err) < 0)
		return -1;
	/* A key without certificate is what a crash left: no key is lost. */
	if (ca_file_exists(s->files->root_key)) {
		r = ca_file_read_key(&key, s->files->root_key, err);
	} else {
		key_generate(&key);
		r = ca_file_write_key(&key, s->files->root_key, err);
	}
	if (r < 0)
		return -1;
	ca_files_name(&ca, name, "root", s->o->domain, s->o->now,
	    CA_ROOT_LIFE_S);
	mint_root(&der, &ca, &key);
	r = write_cert(s->files->root_cert, &der, err);
	if (r == 0)
		log_info("ca", "made a root, %s, in %s: back it up", name,
		    s->files->dir);
	key_fini(&key);
	str_fini(&der);
	return r;
}

struct slice
ca_files_other_domain(const struct cert *c, struct slice ours)
{
	struct spiffe id;

	return spiffe_parse(&id, c->uri) && !slice_eq(id.domain, ours) ?
	    id.domain : SLICE_NONE;
}

static bool
names_ours(const struct cert *c, struct slice ours)
{
	struct spiffe id;

	return spiffe_parse(&id, c->uri) && slice_eq(id.domain, ours);
}

/* A root of a company names none: then the intermediate may. */
static int
check_domain(const struct setup *s, const struct bundle *roots, const char *path,
    struct err *err)
{
	struct slice other = SLICE_NONE;
	struct err unread;
	struct str text = { 0 };
	struct chain chain;
	struct cert c;
	bool is_ours = false;
	int r = 0;

	chain_init(&chain);
	for (size_t i = 0; i < roots->len; i++) {
		is_ours |= names_ours(&roots->roots[i], s->o->domain);
		if (other.len == 0)
			other = ca_files_other_domain(&roots->roots[i],
			    s->o->domain);
	}
	/* One that cannot be read is refused where it is judged. */
	if (ca_file_exists(s->files->intermediate_cert) &&
	    ca_file_read(&text, s->files->intermediate_cert, false, &unread) == 0 &&
	    chain_add_pem(&chain, str_slice(&text), &unread) == 0 &&
	    cert_parse(&c, chain_cert(&chain, 0), &unread) == 0) {
		is_ours |= names_ours(&c, s->o->domain);
		if (other.len == 0)
			other = ca_files_other_domain(&c, s->o->domain);
	}
	if (!is_ours && other.len > 0)
		r = err_set(err, ERR_CONFIG, "--trust-domain: \"%.*s\" is not "
		    "\"%.*s\", which %s was made for: it is fixed at the first "
		    "start", SLICE_ARG(s->o->domain), SLICE_ARG(other), path);
	chain_fini(&chain);
	str_fini(&text);
	return r;
}

/* The given root takes the place in the directory, without its key. */
static int
adopt_root(const struct setup *s, struct err *err)
{
	struct bundle *given = bundle_new(s->o->domain);
	struct str text = { 0 }, pem = { 0 };
	int r = ca_file_read(&text, s->o->root_cert_file, false, err);

	if (r == 0 && bundle_add_pem(given, str_slice(&text), err) < 0)
		r = err_wrap(err, "%s", s->o->root_cert_file);
	if (r == 0 && given->len != 1)
		r = err_set(err, ERR_CONFIG, "%s has %zu roots, one is wanted",
		    s->o->root_cert_file, given->len);
	if (r == 0 && s->bundle->len > 0 &&
	    !bundle_has(s->bundle, given->roots[0].der))
		r = err_set(err, ERR_CONFIG, "%s is not the root that %s "
		    "holds: identities under that one would be lost",
		    s->o->root_cert_file, s->files->root_cert);
	if (r == 0 && s->bundle->len == 0)
		r = check_domain(s, given, s->o->root_cert_file, err);
	if (r == 0 && s->bundle->len == 0) {
		bundle_pem(&pem, given);
		r = ca_file_write(s->files->root_cert, str_slice(&pem), 0644,
		    err);
	}
	bundle_unref(given);
	str_fini(&text);
	str_fini(&pem);
	return r;
}

static int
read_roots(struct setup *s, struct err *err)
{
	struct str text = { 0 };
	int r = ca_file_read(&text, s->files->root_cert, false, err);

	if (r == 0 && bundle_add_pem(s->bundle, str_slice(&text), err) < 0)
		r = err_wrap(err, "%s", s->files->root_cert);
	str_fini(&text);
	return r;
}

static int
read_root_key(struct setup *s, struct err *err)
{
	/* One of our own there is also once a given root was rotated. */
	const char *path = ca_file_exists(s->files->root_key) ?
	    s->files->root_key : s->o->root_key_file;

	if (path == NULL)
		return 0;
	if (ca_file_read_key(&s->root_key, path, err) < 0)
		return -1;
	s->has_root_key = true;
	if (memcmp(s->root_key.point, s->root->point, KEY_POINT_LEN) == 0)
		return 0;
	/* The one that was given went before one whose key is elsewhere. */
	s->has_root_key = false;
	for (size_t i = 1; path == s->o->root_key_file && i < s->bundle->len; i++)
		if (memcmp(s->root_key.point, s->bundle->roots[i].point,
		    KEY_POINT_LEN) == 0)
			return 0;
	return err_set(err, ERR_CONFIG, "%s is not the key of the root in %s",
	    path, s->files->root_cert);
}

static int
prepare_root(struct setup *s, struct err *err)
{
	const struct ca_files *f = s->files;

	if (ca_file_exists(f->root_cert)) {
		if (read_roots(s, err) < 0)
			return -1;
	} else if (ca_file_exists(f->intermediate_key)) {
		return err_set(err, ERR_CONFIG, "%s is missing, though %s is "
		    "there: restore it from a backup", f->root_cert,
		    f->intermediate_key);
	} else if (s->o->root_cert_file == NULL && make_root(s, err) < 0) {
		return -1;
	}
	if (s->o->root_cert_file != NULL && adopt_root(s, err) < 0)
		return -1;
	if (s->bundle->len == 0 && read_roots(s, err) < 0)
		return -1;
	if (check_domain(s, s->bundle, f->root_cert, err) < 0)
		return -1;
	s->root = &s->bundle->roots[0];
	/* With an intermediate we run on, for people to make the next root. */
	if (s->root->not_after <= s->o->now &&
	    !ca_file_exists(f->intermediate_cert))
		return err_set(err, ERR_CONFIG, "the root in %s has expired",
		    f->root_cert);
	return read_root_key(s, err);
}

static int
make_intermediate(const struct setup *s, struct err *err)
{
	struct mint_ca ca;
	struct str der = { 0 };
	struct key key;
	char name[CA_NAME_MAX];
	int r;

	ca_files_name(&ca, name, "intermediate", s->o->domain, s->o->now,
	    CA_INTERMEDIATE_LIFE_S);
	if (ca.not_after > s->root->not_after)
		ca.not_after = s->root->not_after;
	key_generate(&key);
	mint_intermediate(&der, &ca, key.point, s->root, &s->root_key);
	/*
	 * Two names cannot be replaced at once.  A crash in between leaves a
	 * key without its certificate, which the next start makes anew.
	 */
	r = ca_file_write_key(&key, s->files->intermediate_key, err);
	if (r == 0)
		r = write_cert(s->files->intermediate_cert, &der, err);
	if (r == 0)
		log_info("ca", "made an intermediate, %s", name);
	key_fini(&key);
	str_fini(&der);
	return r;
}

static bool
can_sign(const struct setup *s)
{
	return s->has_root_key && s->root->not_after > s->o->now;
}

/*
 * 1: it serves, be it only until people bring another (ca_ended.h); 0: a new one
 * is wanted; -1: err.
 */
static int
judge_intermediate(const struct setup *s, struct err *err)
{
	const struct ca_files *f = s->files;
	struct str text = { 0 };
	struct chain chain;
	struct cert c;
	struct key key;
	int r = 0;

	if (!ca_file_exists(f->intermediate_cert) ||
	    !ca_file_exists(f->intermediate_key))
		return 0;
	chain_init(&chain);
	if (ca_file_read(&text, f->intermediate_cert, false, err) < 0)
		r = -1;
	else if (chain_add_pem(&chain, str_slice(&text), err) < 0 ||
	    cert_parse(&c, chain_cert(&chain, 0), err) < 0)
		r = err_wrap(err, "%s", f->intermediate_cert);
	else
		r = ca_file_read_key(&key, f->intermediate_key, err);
	if (r == 0 && !cert_signed_by(&c, s->root))
		r = err_set(err, ERR_CONFIG, "%s is not signed by the root in "
		    "%s", f->intermediate_cert, f->root_cert);
	if (r == 0 && c.key_kind == CERT_KEY_P256 &&
	    memcmp(c.point, key.point, KEY_POINT_LEN) == 0)
		r = !can_sign(s) ||
		    c.not_after - s->o->now > CA_INTERMEDIATE_RENEW_S;
	key_fini(&key);
	chain_fini(&chain);
	str_fini(&text);
	return r;
}

static int
prepare_intermediate(const struct setup *s, struct err *err)
{
	int r = judge_intermediate(s, err);

	if (r != 0)
		return r < 0 ? -1 : 0;
	if (!can_sign(s))
		return err_set(err, ERR_CONFIG, s->has_root_key ? "a new "
		    "intermediate is needed and the root has ended: restore %s "
		    "from a backup" : "a new intermediate is needed and the "
		    "root's key is not here: restore %s from a backup, or give "
		    "the key by --ca-cert-file and --ca-key-file", s->files->dir);
	return make_intermediate(s, err);
}

struct bundle *
ca_files_prepare(const struct ca_files *f, const struct ca_files_options *o,
    struct err *err)
{
	struct setup s = { .files = f, .o = o };
	int r;

	if ((o->root_cert_file == NULL) != (o->root_key_file == NULL)) {
		err_set(err, ERR_USAGE, "--ca-cert-file and --ca-key-file "
		    "are given together");
		return NULL;
	}
	s.bundle = bundle_new(o->domain);
	mkdir(o->data_dir, 0700);	/* what is wrong shows in the next line */
	r = ca_file_dir(f->dir, err);
	if (r == 0)
		r = ca_rotate_resume(f, err);
	if (r == 0)
		r = ca_discard_resume(f, err);
	if (r == 0)
		r = prepare_root(&s, err);
	if (r == 0)
		r = prepare_intermediate(&s, err);
	key_fini(&s.root_key);
	if (r < 0) {
		bundle_unref(s.bundle);
		return NULL;
	}
	return s.bundle;
}
