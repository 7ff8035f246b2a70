#ifndef CONTROL_STORE_FIXTURE_H
#define CONTROL_STORE_FIXTURE_H

#include <pthread.h>
#include <sys/resource.h>

#include "modes/control/store_backup.h"
#include "modes/control/store_wait.h"

/* fixture: a store in a directory of its own, for tests. */
struct fixture {
	char         *dir;
	char         *file;	/* DIR/store/store.db */
	char         *home;	/* DIR/store */
	struct store *store;
	char          filler[2048];	/* a value that fills half a page */
};

struct fixture fixture_open(void);
void fixture_close(struct fixture *);	/* and removes the directory */
void fixture_shut(struct fixture *);	/* closes the store alone */
void fixture_reopen(struct fixture *);	/* shuts it first if it is open */

/* Both assert success and give the revision. */
uint64_t fixture_put(struct fixture *, const char *key, const char *value);
uint64_t fixture_commit(struct fixture *, struct store_txn *);	/* takes */

/* Asserts that the store does not open and gives the kind and the text. */
struct err fixture_refused(struct fixture *);
/* In the shut file.  Gives how many places there were. */
int fixture_replace_bytes(struct fixture *, const char *from, const char *to);
void fixture_patch(struct fixture *, long at, const void *p, size_t len);

/* No file of this process grows, as on a full disk, until that is taken back. */
struct rlimit fixture_fill_disk(void);
void fixture_free_disk(const struct rlimit *);

/* inbox: a port that keeps what was posted until the test takes it. */
struct inbox {
	pthread_mutex_t lock;
	pthread_cond_t  wake;
	struct posted  *posted;
	size_t          n, cap, taken;
};
struct store_port inbox_init(struct inbox *);
void inbox_fini(struct inbox *);	/* runs what is left */
/* Runs at most max of what is there now; gives how many. */
size_t inbox_run(struct inbox *, size_t max);
/* Runs one, waiting for it if there is none. */
void inbox_wait(struct inbox *);

#endif
