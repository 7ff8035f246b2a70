#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * secret: memory for keys, in pages of their own.  They are never written to
 * swap (mlock), are in no core file, and a child that is forked has zeros in
 * their place.  secret_free wipes them.
 *
 * What may be locked is limited (RLIMIT_MEMLOCK); beyond that keys lie in
 * memory that could reach swap, which secret_can_lock tells beforehand.  An
 * object costs at least a page: it is for the few that live for long, with
 * what belongs to them, not for what a function has on its stack.
 */
void *secret_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void secret_free(void *, size_t size);	/* NULL is allowed */
/* Whether there is room for at least so many bytes of them now. */
bool secret_can_lock(size_t size);

#endif
