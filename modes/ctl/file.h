#ifndef CTL_FILE_H
#define CTL_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * file: what a command leaves on disk.  A file is whole or not there: it is
 * written aside, synced, and then takes its name.
 */

/* Without replace an existing file is ERR_EXISTS. */
int file_write(const char *path, struct slice, mode_t mode, bool replace,
    struct err *);
/* Makes the directory, and those above it, 0700. */
int file_make_dir(const char *path, struct err *);

#endif
