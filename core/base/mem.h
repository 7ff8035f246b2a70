#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/*
 * mem: heap memory that is there or the process ends.
 * Exhaustion aborts in one place, so no caller has an error path for it;
 * limits on what a peer can make us keep are what holds memory down.
 * Everything given here is released with mem_free.
 */
void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_zalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_zalloc_array(size_t n, size_t size) __attribute__((returns_nonnull));
void *mem_realloc(void *p, size_t size) __attribute__((returns_nonnull));
/* Gives a copy of len bytes and a NUL behind them. */
char *mem_dup(const void *p, size_t len) __attribute__((returns_nonnull));
char *mem_strdup(const char *s) __attribute__((returns_nonnull));
/* Gives a formatted string. */
char *mem_printf(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), returns_nonnull));
void mem_free(void *p);
/* Overwrites with zeros in a way that is not optimised out. */
void mem_wipe(void *p, size_t len);

#endif
