#ifndef CONTROL_CA_FILE_H
#define CONTROL_CA_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/str.h"
#include "pki/key.h"

/*
 * ca_file: reading and writing the files of the certificate authority.
 * Directories are 0700 and keys 0600; anything that lets the group or others
 * in is refused with the command that repairs it (ERR_CONFIG).  Writing is
 * whole or not at all: a new file is synced and then takes the name.
 */

/* Makes the directory, 0700, if it is not there; checks it if it is. */
int ca_file_dir(const char *path, struct err *);
bool ca_file_exists(const char *path);
/* Adds the content.  Secret: the mode is checked; wipe it by key_wipe_str. */
int ca_file_read(struct str *, const char *path, bool secret, struct err *);
/* The same of files above 1 MiB, up to max bytes. */
int ca_file_read_large(struct str *, const char *path, bool secret, size_t max,
    struct err *);
int ca_file_write(const char *path, struct slice, mode_t mode, struct err *);
int ca_file_read_key(struct key *, const char *path, struct err *);
int ca_file_write_key(const struct key *, const char *path, struct err *);

#endif
