#include <unistd.h>

#include "base/mem.h"
#include "modes/control/store_backup.h"
#include "modes/control/store_file.h"
#include "modes/control/store_thread.h"

void
store_backup(struct store *s, const char *path, const struct store_port *port,
    store_done *done, void *ctx)
{
	struct store_request *q = store_request_new(STORE_BACKUP, port, done,
	    ctx);

	q->bytes = mem_strdup(path);
	store_queue(s, q);
}

int
store_restore(const char *backup, const char *dir, struct err *err)
{
	struct store_sqlite *db;
	int rc = -1, lock = store_file_lock(dir, err);

	if (lock < 0)
		return -1;
	char *path = mem_printf("%s/" STORE_FILE_NAME, dir);
	char *wal = mem_printf("%s-wal", path);
	char *aside = mem_printf("%s.restore", path);

	store_file_remove(aside);
	if (access(path, F_OK) == 0 || access(wal, F_OK) == 0)
		err_set(err, ERR_CONFIG, "%s: exists; restore into an empty "
		    "directory", path);
	else if (store_file_copy(backup, aside, err) == 0 &&
	    (db = store_sqlite_open(aside, err)) != NULL) {
		rc = store_sqlite_leap(db, STORE_RESTORE_STEP, err);
		store_sqlite_close(db);
	} else {
		err_wrap(err, "%s", backup);
	}
	if (rc == 0)
		rc = store_file_publish(aside, path, err);
	store_file_remove(aside);
	mem_free(aside);
	mem_free(wal);
	mem_free(path);
	close(lock);
	return rc;
}
