#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "modes/control/folders.h"

void
folders_make_above(const char *path)
{
	char *above = mem_strdup(path);

	for (char *at = strchr(above + (*above == '/'), '/'); at != NULL;
	    at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)mkdir(above, 0755);
		*at = '/';
	}
	mem_free(above);
}
