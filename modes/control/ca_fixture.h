#ifndef CONTROL_CA_FIXTURE_H
#define CONTROL_CA_FIXTURE_H

#include "modes/control/ca.h"

/* ca_fixture: a data directory for a test, gone when the test ends. */
struct dir {
	char            path[32];
	struct ca_files files;
};

void dir_make(struct dir *);
void dir_remove(struct dir *);	/* with everything in DIR/ca */
/* Trust domain "td", defaults. */
struct ca *open_ca(const struct dir *, struct err *);
struct ca *must_open(const struct dir *);

#endif
