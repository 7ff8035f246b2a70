#include <errno.h>
#include <unistd.h>

#include "modes/control/ca_discard.h"
#include "modes/control/ca_file.h"
#include "pki/pem.h"

/* The bundle to come is the new root and behind it the bundle as it was. */
static int
withdraw_root(const struct ca_files *f, struct err *err)
{
	struct str text = { 0 };
	struct slice rest;
	struct pem first;
	int r = 0;

	if (!ca_file_exists(f->next_root_cert))
		return 0;
	r = ca_file_read(&text, f->next_root_cert, false, err);
	rest = str_slice(&text);
	if (r == 0 && pem_next(&rest, &first, err) != 1)
		r = err_set(err, ERR_CONFIG, "%s holds no root",
		    f->next_root_cert);
	if (r == 0)
		r = ca_file_write(f->root_cert, rest, 0644, err);
	str_fini(&text);
	return r;
}

static int
forget(const char *path, struct err *err)
{
	return unlink(path) < 0 && errno != ENOENT ?
	    err_errno(err, "unlink %s", path) : 0;
}

/* Each step may have been done before; the bundle goes last, for the first. */
int
ca_discard_resume(const struct ca_files *f, struct err *err)
{
	const char *const paths[] = {
		f->next_intermediate_cert, f->next_intermediate_key,
		f->next_root_key, f->next_root_cert, f->discarding,
	};

	if (!ca_file_exists(f->discarding))
		return 0;
	if (withdraw_root(f, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (forget(paths[i], err) < 0)
			return -1;
	return 0;
}

int
ca_discard(const struct ca_files *f, struct err *err)
{
	enum ca_level level;

	if (!ca_rotate_is_prepared(f, &level))
		return err_set(err, ERR_NOT_FOUND, "nothing is prepared");
	if (ca_file_write(f->discarding, SLICE("\n"), 0600, err) < 0)
		return -1;
	return ca_discard_resume(f, err);
}
