#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/secret.h"

static size_t
whole_pages(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

static void *
map(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		fputs("mesh: out of memory for a key\n", stderr);
		abort();
	}
	return p;
}

void *
secret_alloc(size_t size)
{
	size_t len = whole_pages(size);
	void *p = map(len);

	madvise(p, len, MADV_DONTDUMP);
	madvise(p, len, MADV_WIPEONFORK);
	(void)mlock(p, len);	/* secret_can_lock has told */
	return p;
}

void
secret_free(void *p, size_t size)
{
	if (p == NULL)
		return;
	mem_wipe(p, size);
	check(munmap(p, whole_pages(size)) == 0);
}

bool
secret_can_lock(size_t size)
{
	size_t len = whole_pages(size);
	void *p = map(len);
	bool can = mlock(p, len) == 0;

	munmap(p, len);
	return can;
}
