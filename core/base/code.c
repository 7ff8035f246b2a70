#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/code.h"

/* What is written to, as for relocations, would be lost. */
static void
release(uintptr_t from, uintptr_t to)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	union { uintptr_t number; void *at; } u = { (from + page - 1) & ~(page - 1) };

	to &= ~(page - 1);
	if (u.number < to)
		madvise(u.at, to - u.number, MADV_DONTNEED);
}

static int
on_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];
		uintptr_t from = info->dlpi_addr + h->p_vaddr;

		if (h->p_type == PT_LOAD && (h->p_flags & PF_W) == 0)
			release(from, from + h->p_memsz);
	}
	return 1;	/* the first is the program; libraries are not ours */
}

void
code_release(void)
{
	dl_iterate_phdr(on_object, NULL);
}
