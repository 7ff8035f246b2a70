#ifndef CONTROL_CA_FIXTURE_H
#define CONTROL_CA_FIXTURE_H

#include "modes/control/ca.h"

/* ca_fixture: a data directory for a test, gone when the test ends. */
struct ca_dir {
	char            path[32];
	struct ca_files files;
};

void dir_make(struct ca_dir *);
void dir_remove(struct ca_dir *);	/* with everything in DIR/ca */
/* Trust domain "td", defaults. */
struct ca *open_ca(const struct ca_dir *, struct err *);
struct ca *must_open(const struct ca_dir *);

#endif
