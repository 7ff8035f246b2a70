#ifndef PKI_OPENSSL_TEST_H
#define PKI_OPENSSL_TEST_H

#include <stdbool.h>

#include "base/slice.h"
#include "base/str.h"

/*
 * openssl: a second opinion for tests.  Files live in a directory of their
 * own that is made by openssl_dir and removed when the program ends; a test
 * that finds no openssl on the machine skips itself.
 */

/* Skips the running test when there is no openssl. */
void openssl_needed(void);
/* Path of a file in the directory; four are kept at a time. */
const char *openssl_path(const char *name);
void openssl_save(const char *name, struct slice bytes);
/* Gives the file in a str that the caller frees. */
struct str openssl_load(const char *name);
/*
 * Runs "openssl ..." in the directory and appends what it says on both
 * outputs to *out (may be NULL).  Returns its exit status.
 */
int openssl_run(struct str *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* As above, and fails the test unless it exits 0. */
void openssl_must(struct str *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
