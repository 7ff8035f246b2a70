#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/unit.h"
#include "modes/control/ca_fixture.h"

void
dir_make(struct ca_dir *d)
{
	snprintf(d->path, sizeof(d->path), "/tmp/mesh-ca-XXXXXX");
	assert_non_null(mkdtemp(d->path));
	ca_files_init(&d->files, d->path);
}

void
dir_remove(struct ca_dir *d)
{
	DIR *in = opendir(d->files.dir);
	struct dirent *e;

	while (in != NULL && (e = readdir(in)) != NULL)
		unlinkat(dirfd(in), e->d_name, 0);
	if (in != NULL)
		closedir(in);
	rmdir(d->files.dir);
	rmdir(d->path);
	ca_files_fini(&d->files);
}

struct ca *
open_ca(const struct ca_dir *d, struct err *err)
{
	struct ca_options o = { .data_dir = d->path, .domain = SLICE("td") };

	log_set_levels("error");
	return ca_open(&o, err);
}

struct ca *
must_open(const struct ca_dir *d)
{
	struct err err = ERR_INIT;
	struct ca *ca = open_ca(d, &err);

	if (ca == NULL)
		fail_msg("%s", err.text);
	return ca;
}
