#ifndef TLS_SYSTEM_ROOTS_H
#define TLS_SYSTEM_ROOTS_H

#include "base/err.h"
#include "pki/web.h"

/*
 * system_roots: the authorities whom the machine trusts, from one file of
 * certificates, read when it is first needed and again when it has changed.
 *
 * Life: system_roots_new -> system_roots_get ... -> system_roots_free.
 * It belongs to one thread.
 */
struct system_roots;
struct system_roots *system_roots_new(const char *path);	/* keeps path */
void system_roots_free(struct system_roots *);	/* NULL allowed */
/*
 * Borrowed.  NULL: there is no such file, as in an image made from nothing, or
 * none that was ever good.
 */
struct web_roots *system_roots_get(struct system_roots *, struct err *);

#endif
