#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

static void *
mem_or_abort(void *p)
{
	if (p == NULL) {
		fputs("mesh: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *
mem_alloc(size_t size)
{
	return mem_or_abort(malloc(size ? size : 1));
}

/*
 * What is small comes from the thread's own free pieces (glibc's tcache), which
 * calloc(3) passes by; large pieces may be fresh pages, zero already.
 */
#define TCACHE_MAX	1032

void *
mem_zalloc(size_t size)
{
	if (size > TCACHE_MAX)
		return mem_or_abort(calloc(1, size));
	return memset(mem_alloc(size), 0, size);
}

void *
mem_zalloc_array(size_t n, size_t size)
{
	return mem_or_abort(calloc(n ? n : 1, size ? size : 1));
}

void *
mem_realloc(void *p, size_t size)
{
	return mem_or_abort(realloc(p, size ? size : 1));
}

char *
mem_dup(const void *p, size_t len)
{
	check(len < SIZE_MAX);
	char *copy = mem_alloc(len + 1);

	if (len > 0)
		memcpy(copy, p, len);
	copy[len] = '\0';
	return copy;
}

char *
mem_strdup(const char *s)
{
	return mem_dup(s, strlen(s));
}

char *
mem_printf(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return mem_or_abort(n < 0 ? NULL : s);
}

void
mem_free(void *p)
{
	free(p);
}

void
mem_wipe(void *p, size_t len)
{
	explicit_bzero(p, len);
}
