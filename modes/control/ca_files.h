#ifndef CONTROL_CA_FILES_H
#define CONTROL_CA_FILES_H

#include "base/err.h"
#include "base/str.h"
#include "pki/bundle.h"
#include "pki/mint.h"

/*
 * ca_files: what the certificate authority keeps in DATA-DIR/ca.
 *
 *   root.pem, root.key                  ten years; the key may be elsewhere
 *   intermediate.pem, intermediate.key  one year, signed by the root
 *
 * ca_files_prepare makes what is missing: a root at the first start (never
 * beside a registry, whose identities came from another), unless one is
 * given by file (its key then stays where it is), and an intermediate
 * whenever there is none or its end is near and the root's key is at hand.
 * One that has ended serves as well where that is not so, and so does a root
 * (ca_ended.h).
 * The keys that it touches are wiped before it returns.  Every certificate
 * gets a subject of its own, because chains are found by name.
 */
#define CA_ROOT_LIFE_S		(INT64_C(3650) * 86400)
#define CA_INTERMEDIATE_LIFE_S	(INT64_C(365) * 86400)
#define CA_INTERMEDIATE_RENEW_S	(INT64_C(60) * 86400)	/* left to live */

struct ca_files {
	char *dir;
	char *root_cert, *root_key;
	char *intermediate_cert, *intermediate_key;
	/* ca_rotate.h */
	char *next_root_cert, *next_root_key;
	char *next_intermediate_cert, *next_intermediate_key;
	char *old_intermediate_cert, *activating;
	char *discarding;		/* ca_discard.h */
	char *request_key;		/* ca_outside.h; in no backup */
	/* jwt_keys.h */
	char *jwt_key, *jwt_next_key, *jwt_keys;
};

struct ca_files_options {
	const char  *data_dir;
	struct slice domain;
	const char  *root_cert_file;	/* both or neither */
	const char  *root_key_file;
	int64_t      now;
};

void ca_files_init(struct ca_files *, const char *data_dir);
void ca_files_fini(struct ca_files *);
/* Gives the trust bundle, or NULL with err (ERR_CONFIG, ERR_SYSTEM). */
struct bundle *ca_files_prepare(const struct ca_files *,
    const struct ca_files_options *, struct err *);

/* The trust domain that a CA names, if it is not ours; else absent. */
struct slice ca_files_other_domain(const struct cert *, struct slice ours);

#define CA_NAME_MAX	64
#define CA_ROOT_NAME	"mesh root"
/* A CA's facts: "mesh WHAT 0f3a...", whose 64 random bits make it unique. */
void ca_files_name(struct mint_ca *, char name[CA_NAME_MAX], const char *what,
    struct slice domain, int64_t now, int64_t life_s);

/* Of the trust bundle: grows with every change of it, restarts included. */
uint64_t ca_files_sequence(const struct ca_files *);

/*
 * For backups: everything above in one PEM text, secrets included (seal it,
 * then key_wipe_str), and back into a directory that has no CA yet.
 */
int ca_files_pack(struct str *, const struct ca_files *, struct err *);
int ca_files_unpack(const struct ca_files *, struct slice text, struct err *);

#endif
